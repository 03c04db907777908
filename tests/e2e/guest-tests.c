/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/e2e/guest-tests.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/command.h"
#include "tests/lib/guest-pair.h"
#include "tests/lib/must.h"
#include "tests/lib/real-guest.h"

#define PAIR_TEST(f)	{ #f, f, pair_setup, NULL, state }
#define ALONE_TEST(f)	{ #f, f, alone_setup, alone_teardown, state }

static void show_logs(void)
{
	guest_pair_show_logs();
	alone_show_logs();
}

static int pair_setup(void **kind)
{
	(void)kind;
	must_set_hook(show_logs);
	return 0;
}

static int alone_setup(void **kind)
{
	(void)kind;
	must_set_hook(show_logs);
	guest_pair_destroy();
	return 0;
}

int guest_tests(const char *kind, int argc, char **argv)
{
	void *state = (void *)(uintptr_t)kind;
	const struct CMUnitTest tests[] = {
		PAIR_TEST(boots_to_a_shell),
		PAIR_TEST(output_of_a_command),
		PAIR_TEST(paste_of_64_kib),
		PAIR_TEST(output_of_8_mib),
		PAIR_TEST(two_guests_do_not_mix),
		PAIR_TEST(worker_killed_while_idle),
		PAIR_TEST(ends_and_leaves_nothing),
		ALONE_TEST(nested_terminal),
		ALONE_TEST(ticks_through_ten_kills),
	};
	int failed;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	command_adopt_orphans();
	real_guest_require(kind);
	failed = cmocka_run_group_tests_name(kind, tests, NULL, NULL);
	guest_pair_destroy();
	return failed;
}
