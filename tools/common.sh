# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# For the scripts next to it: source it with "tool" set to the script's name.

# The names of packages are Debian's.
packages_build='autoconf automake binutils gcc libc6-dev libcap-ng-dev
	libevent-dev libseccomp-dev make pkg-config'
packages_uml='busybox-static cpio socat user-mode-linux'
packages_test='libcmocka-dev patch xz-utils'
packages_second='clang clang-tidy'

say() {
	echo "$tool: $*"
}

die() {
	echo "$tool: $*" >&2
	exit 1
}

# as_root COMMAND...
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# can_be_root: whether as_root works without asking anybody.
can_be_root() {
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
	for package; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' ok installed') ;;
		*) echo "$package" ;;
		esac
	done
}

# install_packages PACKAGE...: says what is missing and installs it.
install_packages() {
	if ! command -v apt-get >/dev/null 2>&1; then
		say 'this system has no apt-get. What is needed, by the names of'
		say "Debian 12, is: $*"
		exit 1
	fi
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	say 'will install:' $missing
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1 ||
		die 'not root, and there is no sudo: install these packages first'
	refresh_package_lists
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y install --no-install-recommends $missing \
		</dev/null >"$log" 2>&1 || {
		cat "$log" >&2
		die 'cannot install what is missing'
	}
}

# refresh_package_lists: apt-get update, once.
refresh_package_lists() {
	[ -z "${lists_are_fresh:-}" ] || return 0
	as_root apt-get -q update </dev/null >"$log" 2>&1 || {
		cat "$log" >&2
		die 'cannot read the package lists'
	}
	lists_are_fresh=yes
}

# quietly WHAT COMMAND...: runs COMMAND; its output is only shown if it fails.
quietly() {
	say "$1"
	shift
	"$@" >"$log" 2>&1 </dev/null || {
		cat "$log" >&2
		die "failed: $*"
	}
}
