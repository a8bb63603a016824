# SPDX-License-Identifier: BSD-2-Clause
"""opendkim in the place of metermark-milter: it proves that the harness of the end-to-end
tests itself is right (MM_MILTER=opendkim), and is measured beside it."""

import os
import shutil

from .daemon import open_to_mta
from .proc import Server
from .programs import find


class Opendkim(Server):
    name = "opendkim"

    def __init__(self, run, socket, key, domain, selector, user="daemon", group="postfix"):
        self.run, self.socket, self.user = run, socket, user
        open_to_mta(socket, user, group)
        self.log = os.path.join(run, "opendkim.log")
        self.program = find("opendkim")
        self.state = run
        with open(os.path.join(run, "opendkim.conf"), "w", encoding="ascii") as f:
            f.write(f"Socket local:{socket}\nMode s\nDomain {domain}\nSelector {selector}\n"
                    f"KeyFile {key}\nCanonicalization relaxed/relaxed\nSubDomains yes\n"
                    f"InternalHosts 127.0.0.1\nSyslog no\nBackground no\nUserID {user}:{group}\n"
                    "UMask 0007\nRequireSafeKeys no\nSignatureAlgorithm rsa-sha256\n"
                    f"PidFile {run}/opendkim.pid\n")
        shutil.chown(run, user)

    def argv(self):
        return [self.program, "-f", "-x", os.path.join(self.run, "opendkim.conf")]

    def ready(self):
        return os.path.exists(self.socket)

    def start(self):
        if os.path.exists(self.socket):      # of a killed predecessor
            os.unlink(self.socket)
        return super().start()

    def log_of(self, queue_id):
        return []

    def complaints(self):
        return []
