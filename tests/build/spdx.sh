#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Each file that is written by hand names its licence within its first lines.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

cd "$abs_top_srcdir" || fail "no $abs_top_srcdir"
tag='SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause'

# In a checkout the tracked files and the new ones that are not ignored; in an
# unpacked release all but what autoreconf made.
files() {
	if [ -e .git ] && command -v git >/dev/null 2>&1 &&
		git -c safe.directory='*' ls-files -co --exclude-standard \
			2>/dev/null; then
		return
	fi
	find . \( -name autom4te.cache -o -name build-aux -o -path ./build \
		-o -name .deps -o -name .git -o -name 'vhost-device-console-*' \
		-o -name _build -o -name _inst \) -prune -o -type f -print |
		sed 's,^\./,,'
}

checked=0
missing=0
list=$(files)
[ -n "$list" ] || fail 'no files found'
saved_IFS=$IFS
IFS='
'
for file in $list; do
	case $file in
	LICENSE-* | tests/fuzz/corpus/* | aclocal.m4 | config* | Makefile | \
		Makefile.in | stamp-h1 | *.o | *.a | *.log | *.trs)
		[ "$file" = configure.ac ] || continue
		;;
	esac
	[ -f "$file" ] || continue
	case $file in
	*.c | *.h | *.S | *.sh | *.ac | *.am | *.m4 | *.mk | *.in | *.md | \
		*.8 | *.1 | *.5 | *.py | *.yml | .gitignore | .clang-format | \
		.editorconfig | .ci/*) ;;
	*)
		# Without a known ending: a script if it says so.
		[ "$(head -c 2 "$file" | tr -d '\0')" = '#!' ] || continue
		;;
	esac
	checked=$((checked + 1))
	head -n 5 "$file" | grep -qF "$tag" || {
		echo "no SPDX line: $file" >&2
		missing=$((missing + 1))
	}
done
IFS=$saved_IFS

[ $checked -ge 20 ] || fail "only $checked files found in $abs_top_srcdir"
[ $missing -eq 0 ] || fail "$missing of $checked files have no SPDX line"
echo "ok: $checked files"
