#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The AppArmor profile, as it was built: line by line of a form that the parser
# of AppArmor 4 is known to take, a profile with userns for each program. Where
# there is such a parser (APPARMOR_PARSER, with options if need be) it has its
# say as well; older ones do not know userns.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

profile=$abs_top_builddir/data/vhost-device-console.apparmor
[ -s "$profile" ] || fail "no $profile"

awk '
function bad(why) {
	print FILENAME ":" FNR ": " why ": " $0 > "/dev/stderr"
	status = 1
}
/^#/ || /^[ \t]*$/ { next }
/^abi <abi\/4\.0>,$/ { abi++; next }
/^include <tunables\/global>$/ { next }
/^profile [a-z-]+ \/[A-Za-z0-9._\/-]+ flags=\(unconfined\) \{$/ {
	if (inside)
		bad("a profile in a profile")
	n = split($3, part, "/")
	if (part[n] != $2)
		bad("it is not named as its program")
	inside = 1
	name = $2
	profiles++
	next
}
/^  userns,$/ { granted[name] = inside; next }
/^  include if exists <local\/vhost-device-console>$/ {
	if (!inside)
		bad("outside of a profile")
	next
}
/^}$/ {
	if (!inside)
		bad("unpaired")
	inside = 0
	next
}
{ bad("of no known form") }
END {
	if (abi != 1 || inside || profiles != 2 ||
	    !granted["vhost-device-console"] ||
	    !granted["vhost-device-console-worker"]) {
		print "not one profile with userns for each program" \
			> "/dev/stderr"
		status = 1
	}
	exit status
}' "$profile" || fail "$profile"
echo 'ok: the form of the profile'

# The sed at its making may have missed a name.
! grep -n '@' "$profile" || fail "$profile: a name was left as it is"

PATH=$PATH:/usr/sbin:/sbin
: "${APPARMOR_PARSER:=apparmor_parser}"
version=$($APPARMOR_PARSER --version 2>/dev/null |
	sed -n 's/^AppArmor parser version \([0-9]*\).*/\1/p')
if [ "${version:-0}" -ge 4 ]; then
	$APPARMOR_PARSER -QTK "$profile" || fail 'apparmor_parser refuses it'
	echo "ok: apparmor_parser $version takes the profile"
else
	echo 'no apparmor_parser 4 here, so that its own word is missing'
fi
