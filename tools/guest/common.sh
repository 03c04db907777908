# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# For the scripts next to it: source it with "guest_tool" set to the script's
# name.

# Where what the guests are made of is kept between runs.
guest_cache=${VDC_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/vhost-device-console}

# guest_fail MESSAGE
guest_fail() {
	echo "$guest_tool: $1" >&2
	exit 1
}

# guest_missing WHAT INSTALL: ends with 77, what a test that is skipped says.
guest_missing() {
	echo "$guest_tool: no $1: $2" >&2
	exit 77
}

# guest_need COMMAND PACKAGE
guest_need() {
	command -v "$1" >/dev/null 2>&1 ||
		PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1 ||
		guest_missing "$1" "install $2"
}

# guest_cache_new NAME: an empty folder to build the cache's NAME in, so that
# what is half done never takes the name of what is done. Ours alone until
# guest_cache_done opens it to everyone and gives it its name.
guest_cache_new() {
	umask 022
	mkdir -p "$guest_cache" || guest_fail "cannot make $guest_cache"
	guest_new=$(mktemp -d "$guest_cache/.$1.XXXXXX") ||
		guest_fail "cannot write to $guest_cache"
	trap 'rm -rf "$guest_new"' EXIT
	trap 'exit 1' HUP INT TERM
}

# guest_cache_done NAME
guest_cache_done() {
	chmod -R a+rX "$guest_new"
	rm -rf "${guest_cache:?}/$1"
	mv "$guest_new" "$guest_cache/$1" ||
		guest_fail "cannot put $1 into $guest_cache"
	trap - EXIT HUP INT TERM
}

# guest_folder: makes a folder for one run of a guest, guest_tmp, which is
# removed when this process, and what it has become by exec, is gone. Where the
# memory of a guest may be a file in it, a folder in memory is best; one that
# programs may be run from it has to be. Helpers that a killed guest leaves
# running are ended too: they are told by the folder's name in their arguments.
guest_folder() {
	umask 077
	guest_tmp=
	for guest_try in "${TMPDIR:-/dev/shm}" /tmp; do
		guest_tmp=$(mktemp -d "$guest_try/vdc-guest.XXXXXX" 2>/dev/null) ||
			continue
		printf '#!/bin/sh\nexit 0\n' >"$guest_tmp/try"
		chmod 700 "$guest_tmp/try"
		"$guest_tmp/try" 2>/dev/null && break
		rm -rf "$guest_tmp"
		guest_tmp=
	done
	[ -n "$guest_tmp" ] ||
		guest_missing 'temporary folder that programs may be run from' \
			'set TMPDIR to one'
	rm -f "$guest_tmp/try"
	(
		trap '' HUP INT TERM
		while kill -0 $$ 2>/dev/null; do
			sleep 1
		done
		for guest_pid in $(grep -lsz "^uml_di[r]=$guest_tmp/" \
			/proc/[0-9]*/cmdline | tr -dc '0-9\n'); do
			kill -KILL "$guest_pid" 2>/dev/null || :
		done
		rm -rf "$guest_tmp"
	) </dev/null >/dev/null 2>&1 &
}
