# SPDX-License-Identifier: BSD-2-Clause
"""Where the trees and the programs are.  Postfix is the installed one; Sendmail, which
conflicts with it as a package, is unpacked beside it and never installed."""

import glob
import os
import shutil
import stat
import subprocess
import tempfile

SRC = os.environ.get("MM_SRC") or os.path.abspath(os.path.join(__file__, "../../../.."))
BUILD = os.environ.get("MM_BUILD") or os.getcwd()
METERMARK = os.path.join(BUILD, "metermark")


class Missing(Exception):
    """A program that a test needs is not on this machine."""


def find(*names):
    """The first of the programs that exists; Missing otherwise."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise Missing(f"{' or '.join(names)} not found")


def postfix_master():
    for path in ("/usr/lib/postfix/sbin/master", "/usr/libexec/postfix/master"):
        if os.access(path, os.X_OK):
            return path
    raise Missing("postfix is not installed")


SENDMAIL_PACKAGES = ("sendmail-bin", "sendmail-base", "sendmail-cf", "libwrap0")


def sendmail_root():
    """The directory that holds an unpacked Sendmail: $MM_SENDMAIL_ROOT, or a
    cache that is filled by `apt-get download` the first time."""
    given = os.environ.get("MM_SENDMAIL_ROOT")
    root = given or "/var/cache/metermark-tests/sendmail"
    if os.access(f"{root}/usr/libexec/sendmail/sendmail", os.X_OK):
        return root
    if given:
        raise Missing(f"no Sendmail below MM_SENDMAIL_ROOT={given}")
    return _unpack(SENDMAIL_PACKAGES, root)


def _unpack(packages, root):
    parent = os.path.dirname(root)
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as work:
        def apt_get(*words):
            subprocess.run(["apt-get", "-q", *words], cwd=work, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            try:
                apt_get("download", *packages)
            except subprocess.CalledProcessError:
                # Lists may be older than what the mirror holds by now.
                apt_get("update")
                apt_get("download", *packages)
        except (OSError, subprocess.CalledProcessError) as e:
            raise Missing(f"apt-get download {' '.join(packages)} failed: {e}") from None
        tree = os.path.join(work, "tree")
        for deb in glob.glob(f"{work}/*.deb"):
            subprocess.run(["dpkg", "-x", deb, tree], check=True)
        # A setgid program ignores LD_LIBRARY_PATH, by which it finds libwrap.
        for path in glob.glob(f"{tree}/usr/libexec/sendmail/*"):
            if os.path.isfile(path) and not os.path.islink(path):
                mode = os.stat(path).st_mode
                os.chmod(path, mode & ~(stat.S_ISUID | stat.S_ISGID))
        os.chmod(tree, 0o755)
        os.rename(tree, root)
    return root


def sendmail_env(root):
    libraries = glob.glob(f"{root}/usr/lib/*-linux-gnu") + glob.glob(f"{root}/lib/*-linux-gnu")
    return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))
