#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Each test that SECURITY.md names for a claim is one of this tree.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

cd "$abs_top_srcdir" || fail "no $abs_top_srcdir"
named=0
for name in $(grep -o '`[a-z0-9/-]*\(\.sh\)*`' SECURITY.md | tr -d '\`' |
	grep -E '(^|/)(test|fuzz)-|^tests/' | sort -u); do
	named=$((named + 1))
	case $name in
	*/*)
		[ -e "$name" ] || [ -e "$name.c" ] ||
			fail "SECURITY.md names $name"
		;;
	*)
		set -- tests/*/"$name.c"
		[ -e "$1" ] || fail "SECURITY.md names $name"
		;;
	esac
done
[ $named -ge 20 ] || fail "SECURITY.md names $named tests"
echo "ok: $named tests"
