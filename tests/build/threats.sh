#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The table of tests/THREATS.md and the tests agree: each test it names is
# there and is run, and each r_NN_ test stands in row NN.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

cd "$abs_top_srcdir/tests" || fail "no $abs_top_srcdir/tests"
rows=40

# "ROW FILE TEST" for each test of the table.
named() {
	awk -F '|' '/^\| [0-9]/ {
		n = split($4, word, "`")
		for (i = 2; i <= n; i += 2)
			if (word[i] ~ "/")
				file = word[i]
			else
				print $2 + 0, file, word[i]
	}' THREATS.md
}

row=1
while [ $row -le $rows ]; do
	[ "$(named | grep -c "^$row ")" -gt 0 ] || fail "row $row has no test"
	row=$((row + 1))
done

bad=$(named | while read -r row file test; do
	# its own line, and one more that runs it; fuzzers are run by name
	[ "$(grep -cw "$test" "$file.c" 2>/dev/null)" -ge 2 ] ||
		[ "$test" = LLVMFuzzerTestOneInput ] && [ -f "$file.c" ] ||
		echo "row $row: $file has no test $test"
done)
[ -z "$bad" ] || fail "$bad"

bad=$(grep -noE '^static void r_[0-9]+_[a-z0-9_]+\(' */*.c |
	sed 's/^\([^:]*\)\.c:.*void \(r_0*\([0-9]*\)_[^(]*\)($/\3 \1 \2/' |
	while read -r row file test; do
		named | grep -qx "$row $file $test" ||
			echo "$file: $test is not in row $row"
	done)
[ -z "$bad" ] || fail "$bad"
echo "ok: $(named | wc -l) tests for $rows rows"
