/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/require.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATUS_FAILED = 1,
	STATUS_SKIPPED = 77,
};

void test_skip(const char *what_to_install)
{
	const char *require = getenv("VDC_TEST_REQUIRE");

	if (require != NULL && strcmp(require, "1") == 0) {
		fprintf(stderr, "cannot skip under VDC_TEST_REQUIRE=1: %s\n",
			what_to_install);
		exit(STATUS_FAILED);
	}
	fprintf(stderr, "skipped: %s\n", what_to_install);
	exit(STATUS_SKIPPED);
}
