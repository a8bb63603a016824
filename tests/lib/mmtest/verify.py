# SPDX-License-Identifier: BSD-2-Clause
"""Two verifiers that have no code in common with us: dkimpy and Perl's
Mail::DKIM.  Keys come from a file, not from DNS."""

import os
import re
import subprocess

try:
    import dkim
except ImportError:
    dkim = None

PERL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "maildkim.pl")


class Verifier:
    def __init__(self, dns_file):
        if dkim is None:
            raise RuntimeError("no dkimpy: apt-get install python3-dkim, and use /usr/bin/python3")
        self.dns_file = dns_file
        self.records = {}
        with open(dns_file, "rb") as f:
            for line in f:
                name, _, value = line.strip().partition(b" ")
                self.records[name.lower()] = value

    def _txt(self, name, timeout=5):
        if isinstance(name, str):
            name = name.encode()
        return self.records.get(name.rstrip(b".").lower())

    def dkimpy(self, raw):
        """One (domain, selector, verdict) per signature from the top; a good verdict is ""."""
        message = dkim.DKIM(raw, minkey=1024)
        out = []
        values = [v for n, v in message.headers if n.lower() == b"dkim-signature"]
        for i, value in enumerate(values):
            try:
                verdict = "" if message.verify(idx=i, dnsfunc=self._txt) else "bad signature"
            except Exception as e:      # dkimpy raises a zoo of them on bad input
                verdict = f"{type(e).__name__}: {e}"
            out.append((*signed_by(value.decode("ascii", "replace")), verdict))
        return out

    def mail_dkim(self, messages):
        """{path: [(domain, selector, verdict)]} for many messages in one Perl
        process.  Debian 12's Mail::DKIM knows no Ed25519; those it leaves out."""
        feed = "".join(f"{m.path}\0{len(m.raw)}\n" for m in messages)
        work = os.path.join(os.path.dirname(self.dns_file), "maildkim.in")
        with open(work, "wb") as f:
            for m in messages:
                f.write(m.raw)
        done = subprocess.run(["perl", PERL, self.dns_file, work], input=feed.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError(f"maildkim.pl: {done.stderr.decode('utf-8', 'replace')}")
        out = {m.path: [] for m in messages}
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            path, domain, selector, verdict = line.split("\t")
            out[path].append((domain, selector, "" if verdict == "pass" else verdict))
        return out


def signed_by(value):
    """(d=, s=) of a DKIM-Signature value."""
    tags = dict(re.findall(r"\b([a-z]+)\s*=\s*([^;]*)", re.sub(r"\s+", "", value)))
    return tags.get("d", "?"), tags.get("s", "?")
