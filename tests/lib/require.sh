# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# For the tests written in shell: source it.

# test_skip WHAT_TO_INSTALL: ends the test because this machine lacks something.
# Status 77 means skipped; under VDC_TEST_REQUIRE=1 nothing may be.
test_skip() {
	if [ "${VDC_TEST_REQUIRE:-}" = 1 ]; then
		echo "cannot skip under VDC_TEST_REQUIRE=1: $1" >&2
		exit 1
	fi
	echo "skipped: $1" >&2
	exit 77
}

# test_need COMMAND PACKAGE: skips unless COMMAND is there.
test_need() {
	command -v "$1" >/dev/null 2>&1 ||
		test_skip "no $1: install $2"
}

# fail MESSAGE: ends the test as failed.
fail() {
	echo "FAIL: $1" >&2
	exit 1
}
