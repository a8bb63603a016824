# SPDX-License-Identifier: BSD-2-Clause
"""The handled-mark, made from the description in metermark-token(5), not with the daemon's
code."""

import base64
import hmac
import re

FIELD = b"X-Metermark"
FORM = re.compile(rb" v=1; k=([a-z0-9-]); t=(\d+); m=([A-Za-z0-9_-]{22})")


def hkdf(secret, info, length=32):
    key = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


def value(secret, key_id, when, fields, sender):
    """What the field of a daemon with that secret would hold; fields: (name, value) of a
    header, bytes."""
    lines = [b"1", key_id.encode(), b"%d" % when]
    for name in (b"from", b"date", b"message-id"):
        lines += [name + b":" + b" ".join(v.split()) for n, v in fields if n.lower() == name]
    mac = hmac.digest(hkdf(secret, b"metermark mark 1"), b"\n".join(lines + [sender.encode()]),
                      "sha256")[:16]
    text = base64.urlsafe_b64encode(mac).rstrip(b"=")
    return b" v=1; k=%s; t=%d; m=%s" % (key_id.encode(), when, text)
