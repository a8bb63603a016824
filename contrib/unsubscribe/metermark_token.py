#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark_token.py - check the tokens that metermark writes into addresses and URLs.

This is a second implementation of metermark-token(5).  It shares no line with the first, and
the tests compare the two.  Import it into your own bounce, complaint or unsubscribe handler, or
use it as a model.  It needs python3-cryptography 37 or later, which has AES-SIV.

    ring = Ring.of_files([("a", "/etc/metermark/token-a.key")])
    ring.decode("K2J1...")        returns a Mailbox or a Url, or raises Refused with the reason
"""
import base64
import hashlib
import hmac
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_IDS = "abcdefghijklmnopqrstuvwxyz0123456789"
VERSION = 1
MAILBOX_CHARS = 47
SIGNED_BYTES, MAC_BYTES = 19, 10
RECIPIENT_MAX = 254
CAMPAIGN = re.compile(rb"[a-z0-9][a-z0-9._-]{0,63}")


class Refused(Exception):
    """The text is not a token of this ring.  reason: malformed, no-key or forged."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Mailbox(NamedTuple):
    key: str
    campaign_id: str  # 16 hex digits: HGET metermark:ids returns the name
    day: int          # days since 1970-01-01, UTC
    nonce: str        # 16 hex digits


class Url(NamedTuple):
    key: str
    campaign: str
    recipient: str


def campaign_id(name):
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _derive(secret, info, length):
    return HKDF(SHA256(), length, None, info.encode()).derive(secret)


def _base32(data):
    return base64.b32encode(data).decode().rstrip("=").lower()


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _strictly(text, decode, encode):
    """The bytes that a text encodes, if the text is their only valid encoding."""
    try:
        data = decode(text)
    except ValueError:
        raise Refused("malformed") from None
    if encode(data) != text:
        raise Refused("malformed")
    return data


def _read_base32(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def _read_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Key:
    def __init__(self, key_id, secret):
        secret = secret.rstrip(b"\r\n")
        if key_id not in KEY_IDS or len(key_id) != 1 or not 32 <= len(secret) <= 4096:
            raise ValueError("a key needs an id of a-z0-9 and 32 to 4096 bytes")
        self.first = VERSION << 6 | KEY_IDS.index(key_id)
        self.mailbox = _derive(secret, "metermark token mailbox 1", 32)
        self.url = _derive(secret, "metermark token url 1", 64)
        self.mark = _derive(secret, "metermark mark 1", 32)


class Ring:
    """Keys by their ids.  The last one makes tokens, and all of them verify tokens."""

    def __init__(self, keys):
        self.keys = {key_id: _Key(key_id, secret) for key_id, secret in keys}
        self.newest = keys[-1][0]

    @classmethod
    def of_files(cls, files):
        ring = []
        for key_id, path in files:
            with open(path, "rb") as file:
                ring.append((key_id, file.read()))
        return cls(ring)

    def mailbox(self, campaign, day, nonce, key_id=None):
        key = self.keys[key_id or self.newest]
        data = bytes([key.first]) + hashlib.sha256(campaign.encode()).digest()[:8] + \
            day.to_bytes(2, "big") + nonce
        return _base32(data + hmac.digest(key.mailbox, data, "sha256")[:MAC_BYTES])

    def url(self, campaign, recipient, key_id=None):
        key = self.keys[key_id or self.newest]
        plain = campaign.encode() + b"\0" + recipient.encode("utf-8", "surrogateescape")
        first = bytes([key.first])
        return _base64url(first + AESSIV(key.url).encrypt(plain, [first]))

    def decode(self, text):
        if not text.isascii():
            raise Refused("malformed")
        if len(text) == MAILBOX_CHARS:
            data = None
            try:
                data = _strictly(text.lower(), _read_base32, _base32)
            except Refused:
                pass
            if data is not None and data[0] >> 6 == VERSION:
                return self._decode_mailbox(data)
        return self._decode_url(_strictly(text, _read_base64url, _base64url))

    def _key_of(self, first):
        index = first & 63
        if first >> 6 != VERSION or index >= len(KEY_IDS):
            raise Refused("malformed")
        key_id = KEY_IDS[index]
        if key_id not in self.keys:
            raise Refused("no-key")
        return key_id, self.keys[key_id]

    def _decode_mailbox(self, data):
        key_id, key = self._key_of(data[0])
        want = hmac.digest(key.mailbox, data[:SIGNED_BYTES], "sha256")[:MAC_BYTES]
        if not hmac.compare_digest(want, data[SIGNED_BYTES:]):
            raise Refused("forged")
        return Mailbox(key_id, data[1:9].hex(), int.from_bytes(data[9:11], "big"),
                       data[11:19].hex())

    def _decode_url(self, data):
        if len(data) < 20:
            raise Refused("malformed")
        key_id, key = self._key_of(data[0])
        try:
            plain = AESSIV(key.url).decrypt(data[1:], [data[:1]])
        except InvalidTag:
            raise Refused("forged") from None
        name, _, rcpt = plain.partition(b"\0")
        if not CAMPAIGN.fullmatch(name) or not 0 < len(rcpt) <= RECIPIENT_MAX or \
                any(byte < 32 or byte == 127 for byte in rcpt):
            raise Refused("malformed")
        return Url(key_id, name.decode(), rcpt.decode("utf-8", "surrogateescape"))
