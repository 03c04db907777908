#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Reads the two programs as they were built, whichever compiler built them:
# position-independent, relocations bound at start and read-only then, stack
# protector and checked libc calls in use, stack not executable and never grown
# past a page that was not touched, indirect calls to marked places only. What
# cannot be read from a program must have been asked of the compiler.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

test_need readelf binutils
test_need objdump binutils
grep -q '^#define VDC_HARDENING 1' "$abs_top_builddir/config.h" ||
	test_skip 'built with --disable-hardening: configure without it'

LC_ALL=C
export LC_ALL
status=0
asked=$(grep '^VDC_CFLAGS =' "$abs_top_builddir/Makefile") ||
	fail 'no VDC_CFLAGS in the Makefile'

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

# fortified: whether this build is one that can have checked libc calls.
fortified() {
	! grep -q '^#define VDC_SANITIZERS 1' "$abs_top_builddir/config.h" &&
		grep -Eq '^CFLAGS = .*-O[1-3gsz]' "$abs_top_builddir/Makefile"
}

# big_steps PROGRAM: by how much an x86-64 stack grows at once, where that is
# more than a page.
big_steps() {
	objdump -d --no-show-raw-insn "$1" |
		sed -n 's/.*sub *$0x\([0-9a-f]*\),%rsp.*/\1/p' |
		while read -r step; do
			[ $((0x$step)) -le 4096 ] || echo "$step"
		done
}

# first_of PROGRAM FUNCTION: its first instruction.
first_of() {
	objdump -d --no-show-raw-insn "$1" | grep -A 1 "<$2>:\$" | tail -n 1
}

# An older compiler may lack one; those of tools/check must not.
for flag in -fstack-protector-strong -fstack-clash-protection \
	-fno-strict-aliasing -ftrivial-auto-var-init=zero -fPIE; do
	case $asked in
	*" $flag"*) echo "ok: asked for $flag" ;;
	*)
		echo "not taken by this compiler: $flag" >&2
		[ "${VDC_TEST_REQUIRE:-}" != 1 ] || status=1
		;;
	esac
done

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
	! fortified || check "$program" 'checked libc calls' \
		"$(has "$symbols" '__(v?snprintf|memcpy)_chk')"
	check "$program" 'stack not executable' \
		"$(has "$segments" 'GNU_STACK.*[[:space:]]RW[[:space:]]')"
	check "$program" 'no segment both writable and executable' \
		"$(hasnt "$segments" '[[:space:]]RWE[[:space:]]')"
	check "$program" 'no text relocations' "$(hasnt "$dynamic" 'TEXTREL')"
	[ "$(has "$header" 'X86-64')" = yes ] || continue
	check "$program" 'no step of the stack larger than a page' \
		"$(hasnt "$(big_steps "$program")" .)"
	check "$program" 'indirect calls to marked places' \
		"$(has "$(first_of "$program" main)" endbr64)"
done
exit $status
