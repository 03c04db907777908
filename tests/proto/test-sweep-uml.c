/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker killed at each place there is, with a guest like User-Mode Linux:
 * before and after each system call, and at each STATE_POINT() between two
 * stores; and its successor, at each place of its own start.
 *
 * Each place of a start is tried in one step of the run. VDC_SWEEP=all tries
 * all of them in every step.
 */
#include "tests/proto/sweep.h"

static void everywhere(void **state)
{
	sweep(state, sweep_uml, "wait:2000", "4k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(everywhere),
	};

	return cmocka_run_group_tests_name("sweep-uml", tests, NULL, NULL);
}
