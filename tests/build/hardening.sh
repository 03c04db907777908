#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Reads the two programs as they were built: position-independent, relocations
# bound at start and read-only then, stack protector in use, stack not
# executable.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

test_need readelf binutils
grep -q '^#define VDC_HARDENING 1' "$abs_top_builddir/config.h" ||
	test_skip 'built with --disable-hardening: configure without it'

LC_ALL=C
export LC_ALL
status=0

# check PROGRAM WHAT: reads the output of readelf and says whether WHAT is so.
check() {
	if [ "$3" = yes ]; then
		echo "ok: ${1##*/}: $2"
	else
		echo "FAIL: ${1##*/}: $2" >&2
		status=1
	fi
}

# has TEXT PATTERN: yes or no.
has() {
	if printf '%s\n' "$1" | grep -Eq "$2"; then echo yes; else echo no; fi
}

# hasnt TEXT PATTERN: the other way round.
hasnt() {
	if [ "$(has "$1" "$2")" = yes ]; then echo no; else echo yes; fi
}

for program in "$VDC_DAEMON" "$VDC_WORKER"; do
	[ -x "$program" ] || fail "no $program"
	header=$(readelf -hW "$program") || fail "cannot read $program"
	segments=$(readelf -lW "$program")
	dynamic=$(readelf -dW "$program")
	symbols=$(readelf -sW "$program")

	check "$program" 'position-independent' \
		"$(has "$header" 'Type:[[:space:]]*DYN')"
	check "$program" 'a program, not a library' \
		"$(has "$dynamic" '\(FLAGS_1\).*PIE')"
	check "$program" 'BIND_NOW' "$(has "$dynamic" 'BIND_NOW|FLAGS_1.*NOW')"
	check "$program" 'RELRO' "$(has "$segments" 'GNU_RELRO')"
	check "$program" 'stack protector' \
		"$(has "$symbols" '__stack_chk_(fail|guard)')"
	check "$program" 'stack not executable' \
		"$(has "$segments" 'GNU_STACK.*[[:space:]]RW[[:space:]]')"
	check "$program" 'no segment both writable and executable' \
		"$(hasnt "$segments" '[[:space:]]RWE[[:space:]]')"
	check "$program" 'no text relocations' "$(hasnt "$dynamic" 'TEXTREL')"
done
exit $status
