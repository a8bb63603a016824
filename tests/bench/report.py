# SPDX-License-Identifier: BSD-2-Clause
"""Figures as text: tables on the terminal, RESULTS.md, and a chart."""

import os

import chart
from subjects import NOT_INSTALLED

# What the project wants to reach.
# title, how to find the figure (a function of the results), bound, True: at most it,
# what a figure that is missed is told with (a function of the results; "": nothing)
TARGETS = []


def target(title, bound, at_most=True, remark=lambda results: ""):
    def add(find):
        TARGETS.append((title, find, bound, at_most, remark))
        return find
    return add


def entrant(results, case, label, key):
    for found in results["cases"]:
        if found["case"] == case:
            return found["entrants"].get(label, {}).get(key)
    return None


@target("2 KB, RSA-2048, counting: CPU to the floor", 1.15)
def _floor_2k(r):
    return entrant(r, "2k-rsa", "metermark", "to_floor")


def _floor_to_opendkim(r):
    """Where the processor needs long for RSA itself, no signer gets below this."""
    ours, floor = (entrant(r, "2k-rsa", "metermark", key) for key in ("to_opendkim", "to_floor"))
    return f": the floor alone is {ours / floor:.3f} here" if ours and floor else ""


@target("2 KB, RSA-2048, counting: CPU to opendkim (0.38 on Debian 13)", 0.25,
        remark=_floor_to_opendkim)
def _opendkim_2k(r):
    return entrant(r, "2k-rsa", "metermark", "to_opendkim")


@target("50 KB, RSA-2048, relaxed/relaxed: CPU to the floor", 1.75)
def _floor_50k(r):
    return entrant(r, "50k-rsa", "metermark", "to_floor")


@target("2 KB, RSA-2048 and Ed25519: CPU to the floor with both", 1.25)
def _floor_both(r):
    return entrant(r, "2k-both", "metermark", "to_floor")


@target("counting to not counting: CPU", 1.03)
def _counting(r):
    return entrant(r, "2k-rsa-counting", "metermark", "to_base")


@target("inspecting to not inspecting: CPU", 1.03)
def _inspecting(r):
    return entrant(r, "2k-rsa-inspect", "metermark", "to_base")


@target("100,000 campaigns to one: CPU", 1.05)
def _campaigns(r):
    return entrant(r, "2k-rsa-campaigns", "metermark, 100,000 campaigns", "to_base")


@target("100,000 domains to one: CPU", 1.05)
def _domains(r):
    return entrant(r, "2k-rsa-domains", "metermark, 100,000 domains", "to_base")


@target("4,000 domains with a key each, held, to one: CPU", 1.05)
def _held_keys(r):
    return entrant(r, "2k-rsa-held-keys", "metermark, 4,000 key files", "to_base")


@target("signing alone, 2 threads to 1: messages/s", 1.9, at_most=False)
def _threads(r):
    return r["signing"][0]["signers"]["metermark"]["scaling"] if r["signing"] else None


@target("peak memory, 500 sessions with 200 KB bodies: MB", 64)
def _memory(r):
    peak = entrant(r, "200k-rsa-500-sessions", "metermark", "peak_kb")
    return peak / 1024 if peak else None


@target("through Postfix, 2 KB, 20 sessions: messages/s to no milter", 0.6, at_most=False)
def _postfix(r):
    for found in r["through"]:
        if found["case"] == "postfix-2k":
            return found["entrants"].get("metermark", {}).get("to_none")
    return None


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def columns(rows, left=1):
    """Rows of text as lines with aligned columns; the first `left` to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(w) if i < left else cell.rjust(w)
                      for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
            for row in rows]


def markdown(rows):
    head, *rest = rows
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *rest)]


def rows_of(case):
    head = ["filter", "msgs/s", "p50 us", "p99 us", "CPU us", "(min-max)", "peak MB"]
    ratios = [(name, key) for name, key in
              (("x opendkim", "to_opendkim"), ("x floor", "to_floor"), ("x base", "to_base"))
              if any(e[key] is not None for e in case["entrants"].values())]
    rows = [head + [name for name, _ in ratios]]
    for label, e in case["entrants"].items():
        rows.append([label, number(e["rate"]), number(e["p50_us"]), number(e["p99_us"]),
                     number(e["cpu_us"], 1), "-".join(number(v) for v in e["cpu_us_spread"]),
                     number(e["peak_kb"] / 1024, 1)]
                    + [number(e[key], 2 if key != "to_base" else 3) for _, key in ratios])
    floor = case.get("floor")
    if floor:
        rows.append(["floor", "", "", "", number(floor["cpu_us"], 1),
                     "-".join(number(v) for v in floor["spread"]), ""]
                    + ["1.00" if key == "to_floor" else "" for _, key in ratios])
    return rows


def notes_of(case):
    """Sentences below a case's table."""
    floor = case.get("floor")
    if floor:
        yield "floor: " + " + ".join(f"{name} {number(us, 1)}"
                                     for name, us in floor["parts"].items())
        ours = case["entrants"].get("metermark")
        if ours:
            yield (f"metermark: {number(ours['cpu_us'] - floor['cpu_us'], 1)} us more than the "
                   "floor, whatever a signature costs")
    for label, e in case["entrants"].items():
        named = {}
        for run in e["runs"]:
            for thread, us in run["threads_us"].items():
                named.setdefault(thread, []).append(us)
        for thread, us in named.items():
            yield f"{label}: of that, thread {thread} {number(sum(us) / len(us), 1)} us"
    for label, why in case["absent"].items():
        if why != NOT_INSTALLED:
            yield f"without {label}: {why}"


def table(case):
    lines = [f"\n{case['case']}: {case['title']}"]
    lines += ["  " + line for line in columns(rows_of(case))]
    lines += [f"  ({note})" for note in notes_of(case)]
    return "\n".join(lines)


def through_rows(case):
    names = {"none": "no milter", "null": "null milter"}
    rows = [["filter", "msgs/s", "(min-max)", "accepted/s", "CPU us", "x no milter"]]
    for kind, e in case["entrants"].items():
        rows.append([names.get(kind, kind), number(e["rate"]),
                     "-".join(number(v) for v in e["rate_spread"]),
                     number(e["accept_rate"]), number(e["cpu_us"], 1),
                     number(e["to_none"], 2)])
    return rows


def through_table(case):
    lines = [f"\n{case['case']}: {case['title']}"]
    lines += ["  " + line for line in columns(through_rows(case))]
    lines += [f"  (without {label}: {why})" for label, why in case["absent"].items()]
    return "\n".join(lines)


def machine_line(m):
    load = ", ".join(f"{v:.2f}" for v in m["load_before"])
    return (f"{m['cpus']} x {m['cpu']}, {m['memory_mb']} MB, {m['system']}, "
            f"kernel {m['kernel']}; load {load}")


def target_rows(results):
    rows = [["figure", "wanted", "found", ""]]
    for title, find, bound, at_most, remark in TARGETS:
        found = find(results)
        if found is None:
            verdict = "not measured"
        else:
            verdict = "yes" if (found <= bound) == at_most or found == bound else \
                f"no{remark(results)}"
        rows.append([title, f"{'<=' if at_most else '>='} {bound:g}", number(found, 3),
                     verdict])
    return rows


def signing_rows(case):
    rows = [["signer", "1 thread: msgs/s", "CPU us", "2 threads: msgs/s", "CPU us", "x",
             "(min-max)"]]
    for label, e in case["signers"].items():
        rows.append([label]
                    + [text for n in ("1", "2")
                       for text in (number(e["rates"][n]), number(e["cpu_us"][n], 1))]
                    + [number(e["scaling"], 2),
                       "-".join(number(v, 2) for v in e["scaling_spread"])])
    return rows


def signing_table(case):
    lines = [f"\n{case['case']}: {case['title']}"]
    return "\n".join(lines + ["  " + line for line in columns(signing_rows(case))])


def summary(results):
    """The targets that this run has measured."""
    rows = [row for row in target_rows(results) if row[-1] != "not measured"]
    if len(rows) == 1:
        return ""
    return "\n".join(["\nTargets", *["  " + line for line in columns(rows)]])


def write(results, folder):
    """RESULTS.md and results.svg in folder."""
    m = results["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in m["packages"].items())
    lines = [
        "# Results of one run", "",
        f"`tests/bench/run --results` wrote this file on {m['when']}. README.md describes what is "
        "measured and how.", "",
        f"* Machine: {m['cpus']} x {m['cpu']}, {m['memory_mb']} MB, kernel {m['kernel']}",
        f"* System: {m['system']}; {packages}; rspamd is measured if it is installed",
        f"* Each figure is the median of {results['repeat']} measurements of "
        f"{results['seconds']:g} s each; the minimum and maximum are in brackets. The load "
        f"average was {m['load_before'][0]:.2f} before and {m['load_after'][0]:.2f} after.", "",
        "![CPU time per message](results.svg)", "", "## Targets", "",
        *markdown(target_rows(results)), ""]
    lines += ["## Through the milter socket", "",
              "CPU is the user and system time of the filter's process for one message. The floor "
              "is the null milter + signatures + SHA-256 of the body.", ""]
    for case in results["cases"]:
        lines += [f"### {case['title']} (`{case['case']}`)", "", *markdown(rows_of(case)), ""]
        lines += [f"* {note}" for note in notes_of(case)] + [""]
    for case in results["signing"]:
        lines += [f"### {case['title']} (`{case['case']}`)", "",
                  *markdown(signing_rows(case)), ""]
    lines += ["## Through Postfix", "", "The time is from the first connection of smtp-source "
              "until the queue is empty.", ""]
    for case in results["through"]:
        lines += [f"### {case['title']} (`{case['case']}`)", "",
                  *markdown(through_rows(case)), ""]
    with open(os.path.join(folder, "RESULTS.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines).rstrip() + "\n")
    with open(os.path.join(folder, "results.svg"), "w", encoding="utf-8") as f:
        f.write(chart.cpu(results))
