#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# packages.sh - install Debian packages and change nothing else on the host.
#
#     packages.sh PACKAGE...
#
# Packages that are installed already are left alone.  If installing the others would remove
# a package (Postfix removes Sendmail and Exim), nothing is installed and the exit status is
# 1.  No service is started, and no unit of a new package is enabled for the next boot.
# An existing /usr/sbin/policy-rc.d stays as it is.
set -eu

policy=/usr/sbin/policy-rc.d
units='s,^.*/lib/systemd/system/\([^/]*[.]\(service\|socket\|timer\|path\)\)$,\1,p'

say() { echo "packages.sh: $*"; }
fail() { echo "packages.sh: $*" >&2; exit 1; }

installed()
{
	dpkg-query -W -f '${Package} ${Status}\n' | sed -n 's/ install ok installed$//p' | sort
}

# missing PACKAGE...: those that are not installed
missing()
{
	for package do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
		    grep -q 'install ok installed' || echo "$package"
	done
}

# The maintainer scripts of packages ask policy-rc.d whether they may start a service.
forbid_services()
{
	[ ! -e $policy ] || return 0
	trap 'rm -f $policy' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
}

# leave_off PACKAGE...: their units neither run nor start at the next boot
leave_off()
{
	command -v systemctl >/dev/null || return 0
	for package do
		for unit in $(dpkg-query -L "$package" | sed -n "$units"); do
			case $unit in *@.*) continue ;; esac
			[ "$(systemctl is-enabled "$unit" 2>/dev/null)" = enabled ] || continue
			systemctl disable "$unit"
			[ ! -d /run/systemd/system ] || systemctl stop "$unit"
		done
	done
}

command -v apt-get >/dev/null || fail "there is no apt-get; install yourself: $*"
# shellcheck disable=SC2046  # a list of words
set -- $(missing "$@")
if [ $# -eq 0 ]; then
	say "everything is installed"
	exit 0
fi
say "to install: $*"
[ "$(id -u)" -eq 0 ] || fail "not root; run as root: apt-get install $*"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
install="apt-get -q -y --no-install-recommends install"
# The lists may be missing, or older than what the mirror holds.
$install --simulate "$@" >/dev/null 2>&1 || apt-get -q update
plan=$($install --simulate "$@" 2>&1) || fail "apt-get cannot install $*: $plan"
removed=$(echo "$plan" | sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ')
[ -z "$removed" ] ||
	fail "to install $* would remove: $removed(nothing was changed; use another host or a container)"
forbid_services
debconf-set-selections <<END
postfix postfix/main_mailer_type select No configuration
postfix postfix/mailname string metermark.invalid
END
before=$(mktemp)
after=$(mktemp)
installed >"$before"
$install --no-remove "$@" || {
	apt-get -q update
	$install --no-remove "$@"
}
installed >"$after"
# shellcheck disable=SC2046  # a list of words
leave_off $(comm -13 "$before" "$after")
rm -f "$before" "$after"
