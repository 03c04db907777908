#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# "make install DESTDIR=" puts the two programs where they belong, runnable, and
# writes nowhere else; "make uninstall" takes them away again.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

make=${MAKE:-make}
test_need "$make" make
tmp=$(mktemp -d) || fail 'no temporary folder'
trap 'rm -rf "$tmp"' EXIT

# run GOAL: one run of make, of its own and not a part of the one above us.
run() {
	(
		unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
		cd "$abs_top_builddir" &&
			"$make" -s "$1" DESTDIR="$tmp/root" prefix=/opt/vdc \
				exec_prefix=/opt/vdc bindir=/opt/vdc/bin \
				libexecdir=/opt/vdc/libexec \
				pkglibexecdir=/opt/vdc/libexec/vhost-device-console \
				datarootdir=/opt/vdc/share \
				docdir=/opt/vdc/share/doc/vhost-device-console \
				mandir=/opt/vdc/share/man
	) >"$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		fail "make $1"
	}
}

run install
root=$tmp/root/opt/vdc
for program in bin/vhost-device-console \
	libexec/vhost-device-console/vhost-device-console-worker; do
	[ -x "$root/$program" ] || fail "$program is not there"
	echo "ok: $program"
done
[ -r "$root/share/man/man8/vhost-device-console.8" ] || fail 'no manual page'

programs=$(find "$tmp/root" -type f -perm /111 | wc -l)
[ "$programs" -eq 2 ] || fail "$programs programs installed and not 2"
strays=$(find "$tmp/root" -mindepth 1 ! -path "$tmp/root/opt" \
	! -path "$root" ! -path "$root/*")
[ -z "$strays" ] || fail "installed outside the prefix: $strays"
special=$(find "$tmp/root" -type f -perm /6000)
[ -z "$special" ] || fail "setuid or setgid: $special"

run uninstall
left=$(find "$tmp/root" -type f)
[ -z "$left" ] || fail "left behind by make uninstall: $left"
echo 'ok: uninstalled'
