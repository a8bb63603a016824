# SPDX-License-Identifier: BSD-2-Clause
"""Building the messages that the tests send, and what we expect of a name."""

import hashlib
import re

BASE = {
    "From": "News <news@example.test>",
    "To": "u1@rcpt.test",
    "Subject": "A letter",
    "Date": "Tue, 24 Nov 2026 08:00:00 +0000",
    "Message-ID": "<%ID%@example.test>",
}


def mail(*extra, body="hello\r\n", drop=(), **fields):
    """A message, CRLF lines.  Fields replace those of BASE or are appended
    (Message_ID stands for Message-ID); extra are whole header lines, appended
    as they are; drop names fields to leave out.  %ID% becomes unique."""
    head = dict(BASE)
    for name, value in fields.items():
        head[name.replace("_", "-")] = value
    lines = [f"{n}: {v}" for n, v in head.items() if n not in drop] + list(extra)
    return _bytes("\r\n".join(lines) + "\r\n\r\n") + _bytes(body)


def mime(body, encoding="8bit", charset="utf-8", **fields):
    """A message that declares what its body is."""
    return mail("MIME-Version: 1.0", f"Content-Type: text/plain; charset={charset}",
                f"Content-Transfer-Encoding: {encoding}", body=body, **fields)


def _bytes(text):
    # Lone surrogates stand for raw bytes, as "\udce9" for 0xE9.
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def canonical(name):
    """campaign/camp.h's canonical form of a campaign name, written a second time."""
    raw = _bytes(name)
    text = re.sub(rb"[^a-z0-9._-]", b"-", raw.lower())
    text = re.sub(rb"-+", b"-", text).strip(b"-").lstrip(b"._-")
    if any(byte >= 0x80 for byte in raw) or len(text) > 64:
        digest = hashlib.sha256(raw).hexdigest()[:16].encode()
        text = (text[:47].rstrip(b"-") + b"-" + digest).lstrip(b"-")
    return text.decode() or "none"
