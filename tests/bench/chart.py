# SPDX-License-Identifier: BSD-2-Clause
"""A bar chart as SVG: CPU time of one message by size, for each filter and the floor."""

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP = 860, 190, 110, 18, 5
COLOURS = {"opendkim": "#c0504d", "rspamd": "#d99046", "metermark": "#2f6fab",
           "null milter": "#9aa5b1"}
PARTS = {"null": ("#9aa5b1", "libmilter"), "rsa": ("#5b7f5b", "RSA signature"),
         "ed25519": ("#83a883", "Ed25519 signature"), "sha256": ("#b9c9b9", "SHA-256")}
SHOWN = ("2k-rsa", "20k-rsa", "50k-rsa", "200k-rsa", "2k-ed25519", "2k-both")


class Drawing:
    def __init__(self):
        self.items = []
        self.y = 46

    def text(self, x, y, text, size=12, anchor="start", weight="normal"):
        self.items.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
                          f'text-anchor="{anchor}" font-weight="{weight}">'
                          f'{escape(text)}</text>')

    def bar(self, x, width, colour):
        self.items.append(f'<rect x="{x:.1f}" y="{self.y}" width="{max(width, 0.5):.1f}" '
                          f'height="{BAR}" fill="{colour}"/>')

    def row(self, label, parts, scale, value):
        """parts: [(microseconds, colour)], one behind the other."""
        self.text(LEFT - 8, self.y + BAR - 5, label, anchor="end")
        x = LEFT
        for us, colour in parts:
            self.bar(x, us * scale, colour)
            x += us * scale
        self.text(x + 6, self.y + BAR - 5, value)
        self.y += BAR + GAP

    def svg(self):
        height = self.y + 34
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" fill="#222">\n'
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
                + "\n".join(self.items) + "\n</svg>\n")


def cpu(results):
    cases = {c["case"]: c for c in results["cases"]}
    shown = [cases[name] for name in SHOWN if name in cases]
    drawing = Drawing()
    drawing.text(16, 26, "CPU time for one message, microseconds", 16, weight="bold")
    longest = max((e["cpu_us"] for c in shown for e in c["entrants"].values()), default=1)
    scale = (WIDTH - LEFT - RIGHT) / longest
    for case in shown:
        drawing.text(16, drawing.y + 14, case["title"], 13, weight="bold")
        drawing.y += BAR + GAP
        for label, e in case["entrants"].items():
            if label == "null milter":
                continue
            drawing.row(label, [(e["cpu_us"], COLOURS.get(label, "#777"))], scale,
                        f"{e['cpu_us']:,.0f}")
        if "floor" in case:
            parts = [(us, PARTS[name][0]) for name, us in case["floor"]["parts"].items()]
            drawing.row("floor", parts, scale, f"{case['floor']['cpu_us']:,.0f}")
        drawing.y += 10
    x = 16
    drawing.text(x, drawing.y + 14, "floor:")
    x += 42
    for colour, label in PARTS.values():
        drawing.items.append(f'<rect x="{x}" y="{drawing.y + 4}" width="12" height="12" '
                             f'fill="{colour}"/>')
        drawing.text(x + 17, drawing.y + 14, label)
        x += 32 + 7 * len(label)
    return drawing.svg()
