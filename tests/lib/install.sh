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

# missing PACKAGE...: those that are not installed
missing()
{
	for package do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
		    grep -q ' installed$' || echo "$package"
	done
}

# A package's scripts ask policy-rc.d whether they may start a service.
forbid_services()
{
	policy=/usr/sbin/policy-rc.d
	[ ! -e "$policy" ] || return 0
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
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
root=$(test "$(id -u)" -eq 0 && echo yes || echo no)
if ! have_package_lists && [ "$root" = yes ]; then
	apt-get -q update
fi
# shellcheck disable=SC2046,SC2086  # lists of words
set -- $(missing $packages $(sendmail_libraries))
if [ $# -eq 0 ]; then
	echo "install.sh: everything is installed"
	exit 0
fi
echo "install.sh: to install: $*"
if [ "$root" = no ]; then
	echo "install.sh: not root; run as root: apt-get install $*" >&2
	exit 1
fi
forbid_services
export DEBIAN_FRONTEND=noninteractive
debconf-set-selections <<END
postfix postfix/main_mailer_type select No configuration
postfix postfix/mailname string metermark.invalid
END
# Lists may be older than what the mirror holds by now.
apt-get -q -y install --no-install-recommends "$@" || {
	apt-get -q update
	apt-get -q -y install --no-install-recommends "$@"
}
