# SPDX-License-Identifier: BSD-2-Clause
"""What the figures were measured on."""

import os
import platform
import re
import subprocess
import time


def describe():
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": _first(r"(?m)^model name\s*:\s*(.*)$", _read("/proc/cpuinfo")),
        "cpus": os.cpu_count(),
        "memory_mb": int(_first(r"MemTotal:\s*(\d+)", _read("/proc/meminfo")) or 0) // 1024,
        "system": _first(r'PRETTY_NAME="(.*)"', _read("/etc/os-release")),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "packages": packages(),
        "load_before": os.getloadavg(),
    }


def packages():
    """Versions of what is measured or measured with."""
    names = ["opendkim", "libopendkim11", "libmilter1.0.1", "rspamd", "postfix",
             "redis-server", "libssl3", "libssl3t64"]
    try:
        out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n",
                              *names], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True, check=False).stdout
    except OSError:
        return {}
    return {line.split()[0]: line.split()[1] for line in out.splitlines()
            if line.endswith(" installed")}


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def _first(pattern, text):
    found = re.search(pattern, text)
    return found[1].strip() if found else ""
