#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The patches of "make mutants" apply to the tree as it is, and say what they
# are for; whether the suite notices them takes "make mutants" itself.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

cd "$abs_top_srcdir" || fail "no $abs_top_srcdir"
test_need patch patch

n=0
for patch in tests/mutants/*.patch; do
	grep -q '^# Rule: ' "$patch" || fail "$patch breaks no rule"
	test=$(sed -n 's/^# Test: \([^ ]*\).*/\1/p' "$patch")
	[ -f "$test.c" ] || fail "$patch: there is no $test"
	grep -q "/${patch##*/}" tests/mutants/local.mk ||
		fail "$patch is not in tests/mutants/local.mk"
	patch -p1 -s -f -F 0 --dry-run <"$patch" >&2 ||
		fail "$patch does not apply"
	n=$((n + 1))
done
[ $n -ge 26 ] || fail "only $n patches"
echo "ok: $n patches"
