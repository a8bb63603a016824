#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# install.sh - install what building and testing Metermark takes, on Debian 12 or 13.
#
# Does nothing when all is there; installs as root otherwise, asking nothing.  No service
# is started: the tests run private servers, and a machine that has a Redis or a Postfix of
# its own keeps it as it is.  --list prints the packages and installs nothing.
set -eu

# Building.
packages="gcc libc6-dev make autoconf automake pkgconf xz-utils
libmilter-dev libopendkim-dev libhiredis-dev libssl-dev libconfuse-dev libjansson-dev libpsl-dev
libc-ares-dev libidn2-dev"
# Unit and wire tests, the second compiler, style and manuals.
packages="$packages libcmocka-dev miltertest python3 clang clang-format mandoc libclang-rt-dev"
# End to end: the MTAs' side, Redis, signing and verifying, counters of what happened.
packages="$packages postfix redis-server redis-tools openssl opendkim opendkim-tools
python3-dkim python3-dnspython python3-nacl python3-cryptography libmail-dkim-perl swaks strace procps m4"
# The fault matrix: a clock that is wrong.
packages="$packages libfaketime"
# DNS: a name server with zones of our own, and another reader of SPF.
packages="$packages nsd python3-spf"
# The page of a report, in a real browser.
packages="$packages chromium fonts-dejavu-core"

# Sendmail and Postfix cannot be installed together.  The end-to-end tests download
# Sendmail and unpack it beside the system; the libraries it is linked with are installed.
sendmail_libraries()
{
	apt-cache depends sendmail-bin | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p'
}

have_package_lists()
{
	apt-cache show sendmail-bin >/dev/null 2>&1
}

if [ "${1:-}" = --list ]; then
	# shellcheck disable=SC2086  # a list of words
	printf '%s\n' $packages
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "install.sh: no apt-get; install yourself what --list prints" >&2
	exit 1
fi
if ! have_package_lists && [ "$(id -u)" -eq 0 ]; then
	apt-get -q update
fi
# shellcheck disable=SC2046,SC2086  # lists of words
exec "$(dirname "$0")/../../contrib/quickstart/packages.sh" $packages $(sendmail_libraries)
