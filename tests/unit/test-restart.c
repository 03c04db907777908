/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The restart policy, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/restart.h"
#include "tests/lib/must.h"

#define MS	UINT64_C(1000)
#define S	(1000 * MS)

static struct restart_history history;
static uint64_t now;

static int reset(void **state)
{
	(void)state;
	memset(&history, 0, sizeof(history));
	now = 1000 * S;
	return 0;
}

/* A death @after the one before, of a worker that lived for all of it. */
static struct restart_step die(enum cause cause, uint64_t after, bool progress)
{
	const struct restart_death death = {
		.cause = cause, .now = now += after, .age = after,
		.progress = progress,
	};

	return restart_next(&history, &death);
}

static void expect(struct restart_step step, enum restart_action action,
		   uint64_t delay_us)
{
	must(step.action == action && step.delay_us == delay_us,
	     "action %d after %llu us instead of %d after %llu us", step.action,
	     (unsigned long long)step.delay_us, action,
	     (unsigned long long)delay_us);
}

static void asked(void **state)
{
	(void)state;
	expect(die(CAUSE_ASKED, S, true), RESTART_NONE, 0);
}

static void kills_are_only_paced(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		expect(die(CAUSE_KILLED, 1 * MS, false), RESTART_RESUME, 0);
	for (int i = 0; i < 10000; i++)
		expect(die(CAUSE_KILLED, 1 * MS, false), RESTART_RESUME,
		       10 * MS);
	expect(die(CAUSE_KILLED, S, false), RESTART_RESUME, 0);
}

static void fifty_kills_a_second_are_free(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		expect(die(CAUSE_KILLED, 20 * MS, false), RESTART_RESUME, 0);
}

/* A kill neither takes the place of a resume nor proves one. */
static void kills_leave_the_ladder_alone(void **state)
{
	(void)state;
	expect(die(CAUSE_KILLED, S, false), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, S, false), RESTART_RESUME, 0);
	expect(die(CAUSE_KILLED, S, false), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, S, false), RESTART_RESUME_WITHOUT_CHAIN,
	       10 * MS);
	for (int i = 0; i < 1000; i++)
		expect(die(CAUSE_KILLED, S, false), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, S, false), RESTART_CLEAN_SLATE, 20 * MS);
}

/* Killed from outside or not: what it did before counts. */
static void a_killed_worker_that_got_on(void **state)
{
	(void)state;
	expect(die(CAUSE_CORRUPT, S, false), RESTART_RESUME, 0);
	expect(die(CAUSE_KILLED, S, true), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, S, false), RESTART_RESUME, 10 * MS);
}

static void pacing(void **state)
{
	static const uint64_t delays[] = {
		0, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(delays) / sizeof(*delays); i++)
		expect(die(CAUSE_CORRUPT, 30 * S, true), RESTART_RESUME,
		       delays[i] * MS);
	expect(die(CAUSE_CORRUPT, 60 * S, true), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, 30 * S, true), RESTART_RESUME, 10 * MS);
}

/* One rung for each death in vain, whatever the causes; the last one stays. */
static void ladder(void **state)
{
	static const enum cause causes[] = {
		CAUSE_CORRUPT, CAUSE_HUNG, CAUSE_FAILED,
	};

	for (size_t i = 0; i < 27; i++) {
		const enum cause first = causes[i % 3];
		const enum cause second = causes[i / 3 % 3];
		const enum cause third = causes[i / 9];

		reset(state);
		expect(die(first, 3 * S, true), RESTART_RESUME, 0);
		expect(die(second, 3 * S, false), RESTART_RESUME_WITHOUT_CHAIN,
		       10 * MS);
		expect(die(third, 3 * S, false), RESTART_CLEAN_SLATE, 20 * MS);
		expect(die(third, 3 * S, false), RESTART_CLEAN_SLATE, 40 * MS);
	}
}

/* From each rung one that got on leads back to the top. */
static void up_again(void **state)
{
	for (int vain = 0; vain < 4; vain++) {
		reset(state);
		for (int i = 0; i < vain; i++)
			die(CAUSE_CORRUPT, 3 * S, false);
		must(die(CAUSE_HUNG, 3 * S, true).action == RESTART_RESUME,
		     "after %d", vain);
	}
}

/* There was nothing to do for it, for a minute: nor did it fail at that. */
static void a_minute_counts_as_progress(void **state)
{
	(void)state;
	expect(die(CAUSE_CORRUPT, S, false), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, 59 * S, false), RESTART_RESUME_WITHOUT_CHAIN,
	       10 * MS);
	expect(die(CAUSE_CORRUPT, 60 * S, false), RESTART_RESUME, 0);
}

static void state_is_a_clean_slate(void **state)
{
	(void)state;
	expect(die(CAUSE_STATE, S, true), RESTART_CLEAN_SLATE, 0);
	expect(die(CAUSE_STATE, S, true), RESTART_CLEAN_SLATE, 10 * MS);
	expect(die(CAUSE_CORRUPT, S, false), RESTART_CLEAN_SLATE, 20 * MS);
	expect(die(CAUSE_CORRUPT, S, true), RESTART_RESUME, 40 * MS);
}

static void cannot_run_parks_at_once(void **state)
{
	(void)state;
	expect(die(CAUSE_CANNOT_RUN, 1 * MS, false), RESTART_PARK, 60 * S);
}

static void six_in_ten_seconds_park(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		must(die(CAUSE_CORRUPT, 1 * S, true).action == RESTART_RESUME,
		     "death %d", i);
	expect(die(CAUSE_CORRUPT, 1 * S, true), RESTART_PARK, 60 * S);
}

/* On whatever rung they were. */
static void six_in_vain_park(void **state)
{
	static const enum restart_action actions[] = {
		RESTART_RESUME, RESTART_RESUME_WITHOUT_CHAIN,
		RESTART_CLEAN_SLATE, RESTART_CLEAN_SLATE, RESTART_CLEAN_SLATE,
		RESTART_PARK,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		must(die(CAUSE_CORRUPT, 1 * S, false).action == actions[i],
		     "death %zu", i);
}

static void kills_do_not_park(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		die(CAUSE_CORRUPT, 31 * S, true);
		for (int n = 0; n < 100; n++)
			must(die(CAUSE_KILLED, 1 * MS, false).action ==
			     RESTART_RESUME, "death %d, kill %d", i, n);
	}
}

/* It takes some seconds to notice each. */
static void twenty_that_hang_park(void **state)
{
	(void)state;
	for (int i = 0; i < 19; i++)
		must(die(CAUSE_HUNG, 4 * S, true).action == RESTART_RESUME,
		     "death %d", i);
	expect(die(CAUSE_HUNG, 4 * S, true), RESTART_PARK, 60 * S);
}

static void six_in_more_than_ten_seconds_do_not(void **state)
{
	(void)state;
	for (int i = 0; i < 19; i++)
		must(die(CAUSE_CORRUPT, 2 * S, true).action == RESTART_RESUME,
		     "death %d", i);
}

static void twenty_in_ten_minutes_park(void **state)
{
	(void)state;
	for (int i = 0; i < 19; i++)
		must(die(CAUSE_CORRUPT, 31 * S, true).action == RESTART_RESUME,
		     "death %d", i);
	expect(die(CAUSE_CORRUPT, 10 * S, true), RESTART_PARK, 60 * S);
}

static void twenty_in_more_do_not(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++)
		must(die(CAUSE_CORRUPT, 32 * S, true).action == RESTART_RESUME,
		     "death %d", i);
}

static void parks_double(void **state)
{
	static const uint64_t seconds[] = { 60, 120, 240, 480, 900, 900 };

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++)
		expect(die(CAUSE_CANNOT_RUN, 1 * MS, false), RESTART_PARK,
		       seconds[i] * S);
	expect(die(CAUSE_CANNOT_RUN, 600 * S, true), RESTART_PARK, 60 * S);
}

/* Once parked, the next try has to get something done. */
static void trial(void **state)
{
	(void)state;
	expect(die(CAUSE_CANNOT_RUN, 1 * MS, false), RESTART_PARK, 60 * S);
	expect(die(CAUSE_KILLED, 1 * MS, false), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, 1 * MS, false), RESTART_PARK, 120 * S);
	expect(die(CAUSE_CORRUPT, 1 * S, true), RESTART_RESUME, 0);
	expect(die(CAUSE_CORRUPT, 1 * S, false), RESTART_RESUME_WITHOUT_CHAIN,
	       10 * MS);
}

static void a_minute_passes_the_trial(void **state)
{
	(void)state;
	expect(die(CAUSE_CANNOT_RUN, 1 * MS, false), RESTART_PARK, 60 * S);
	expect(die(CAUSE_CORRUPT, 60 * S, false), RESTART_RESUME, 0);
}

static void not_started_is_retried(void **state)
{
	(void)state;
	expect(die(CAUSE_NOT_STARTED, 0, false), RESTART_RESUME, 0);
	for (int i = 0; i < 30; i++)
		must(die(CAUSE_NOT_STARTED, 0, false).action == RESTART_RESUME,
		     "try %d", i);
	expect(die(CAUSE_NOT_STARTED, 0, false), RESTART_RESUME, 5 * S);
}

#define TEST(name)	cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asked),
		TEST(kills_are_only_paced),
		TEST(fifty_kills_a_second_are_free),
		TEST(kills_leave_the_ladder_alone),
		TEST(a_killed_worker_that_got_on),
		TEST(pacing),
		TEST(ladder),
		TEST(up_again),
		TEST(a_minute_counts_as_progress),
		TEST(state_is_a_clean_slate),
		TEST(cannot_run_parks_at_once),
		TEST(six_in_ten_seconds_park),
		TEST(six_in_vain_park),
		TEST(kills_do_not_park),
		TEST(twenty_that_hang_park),
		TEST(six_in_more_than_ten_seconds_do_not),
		TEST(twenty_in_ten_minutes_park),
		TEST(twenty_in_more_do_not),
		TEST(parks_double),
		TEST(trial),
		TEST(a_minute_passes_the_trial),
		TEST(not_started_is_retried),
	};

	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
