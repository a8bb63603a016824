# SPDX-License-Identifier: BSD-2-Clause
"""DKIM keys for the tests, and the DNS that publishes them: a file of lines
`selector._domainkey.domain v=DKIM1; ...` which both verifiers read."""

import base64
import os
import shutil
import subprocess

OPTIONS = {"rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
           "ed25519": ["-algorithm", "ED25519"]}


class Keys:
    def __init__(self, directory, owner=None):
        self.directory = directory
        self.owner = owner
        self.dns_file = os.path.join(directory, "dns.txt")
        self.domains = {}           # domain -> [(selector, private key file)]

    def make(self, domain, selector, kind):
        """A new key of kind "rsa" or "ed25519"."""
        path = os.path.join(self.directory, f"{domain}.{selector}.pem")
        subprocess.run(["openssl", "genpkey", *OPTIONS[kind], "-out", path],
                       check=True, stderr=subprocess.DEVNULL)
        der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                             check=True, stdout=subprocess.PIPE).stdout
        public = der if kind == "rsa" else der[-32:]
        os.chmod(path, 0o600)
        if self.owner:
            shutil.chown(path, self.owner)
        with open(self.dns_file, "a", encoding="ascii") as f:
            f.write(f"{selector}._domainkey.{domain} v=DKIM1; k={kind}; "
                    f"p={base64.b64encode(public).decode()}\n")
        self.domains.setdefault(domain, []).append((selector, path))
        return path

    def selectors(self, domain):
        return [selector for selector, _ in self.domains[domain]]
