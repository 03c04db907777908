/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* When a worker is asked for a sign of life, and when it gets no more time. */
#include "supervisor/watchdog.h"
#include "tests/lib/unit.h"

#define TICK	WATCHDOG_TICK_US

/* What the issue asks for, in ticks of a second. */
#define BUSY_MAX	5
#define IDLE_MAX	30
#define WAKE_MIN	10

static struct watchdog w;
static struct watchdog_look look;

static int setup(void **state)
{
	(void)state;
	w = (struct watchdog){ 0 };
	look = (struct watchdog_look){ .pulse = 2 };
	watchdog_expect(&w, 1, 0);
	assert_true(watchdog_heard(&w));
	watchdog_tick(&w, &look);
	return 0;
}

static enum watchdog_step tick(void)
{
	return watchdog_tick(&w, &look);
}

static void ticks(unsigned int n, enum watchdog_step step)
{
	for (unsigned int i = 0; i < n; i++) {
		enum watchdog_step got = tick();

		must(got == step, "tick %u: %d instead of %d", i, got, step);
	}
}

/* Ticks until it is killed, if nothing changes any more. */
static unsigned int ticks_to_kill(void)
{
	for (unsigned int n = 1; n < 100; n++)
		if (tick() == WATCHDOG_KILL)
			return n;
	return 100;
}

static void killed_after_three_ticks(void **state)
{
	(void)state;
	look.pending = 1;
	assert_int_equal(tick(), WATCHDOG_ASK);
	ticks(WATCHDOG_ANSWER - 1, WATCHDOG_NONE);
	assert_int_equal(tick(), WATCHDOG_KILL);
}

static void an_answer_saves_it(void **state)
{
	(void)state;
	look.pending = 1;
	assert_int_equal(tick(), WATCHDOG_ASK);
	ticks(WATCHDOG_ANSWER - 1, WATCHDOG_NONE);
	assert_true(watchdog_heard(&w));
	assert_int_equal(tick(), WATCHDOG_NONE);
}

static void an_answer_to_nothing(void **state)
{
	(void)state;
	assert_false(watchdog_heard(&w));
	look.pulse++;
	tick();
	assert_true(watchdog_heard(&w));
	assert_false(watchdog_heard(&w));
}

/* It stopped between two ticks, right after one: as late as it gets. */
static void noticed_in_time(void **state)
{
	(void)state;
	look.pending = 1;
	must(1 + ticks_to_kill() <= BUSY_MAX, "with something to take");
	setup(NULL);
	look.pulse++;
	must(1 + ticks_to_kill() <= BUSY_MAX, "in the middle of its work");
	setup(NULL);
	must(1 + ticks_to_kill() <= IDLE_MAX, "idle");
}

static void idle_ones_are_left_alone(void **state)
{
	unsigned int since = 0, asked = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++, since++) {
		if (tick() != WATCHDOG_ASK)
			continue;
		must(since >= WAKE_MIN, "asked after %u ticks", since);
		assert_true(watchdog_heard(&w));
		since = 0;
		asked++;
	}
	must(asked > 1000 / IDLE_MAX, "asked %u times", asked);
}

/* A guest that prints every few seconds shows by itself that all is well. */
static void signs_of_life_spare_questions(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		if (i % (WATCHDOG_IDLE - 1) == 0)
			look.pulse += 2;
		assert_int_equal(tick(), WATCHDOG_NONE);
	}
}

/* What it saw and left (no buffer for it, a ring stopped) is its business. */
static void what_is_left_is_left(void **state)
{
	unsigned int asked = 0;

	(void)state;
	look.pending = 1;
	for (unsigned int i = 0; i < 1000; i++)
		if (tick() == WATCHDOG_ASK) {
			assert_true(watchdog_heard(&w));
			asked++;
		}
	must(asked <= 1 + 1000 / WAKE_MIN, "asked %u times", asked);
	/* Anything else is not. */
	look.pending |= 2;
	assert_int_equal(tick(), WATCHDOG_ASK);
	assert_true(watchdog_heard(&w));
	/* Gone, and there again. */
	look.pending = 1;
	assert_int_equal(tick(), WATCHDOG_NONE);
	look.pending |= 2;
	assert_int_equal(tick(), WATCHDOG_ASK);
	assert_true(watchdog_heard(&w));
	/* It worked since: it could take it, or would not be idle now. */
	look.pulse += 2;
	assert_int_equal(tick(), WATCHDOG_NONE);
	assert_int_equal(tick(), WATCHDOG_ASK);
}

/* What came after the question was asked is not covered by the answer. */
static void an_answer_covers_what_was_asked(void **state)
{
	(void)state;
	look.pending = 1;
	assert_int_equal(tick(), WATCHDOG_ASK);
	look.pending = 3;
	assert_true(watchdog_heard(&w));
	assert_int_equal(tick(), WATCHDOG_ASK);
}

static void a_start_has_its_time(void **state)
{
	(void)state;
	watchdog_expect(&w, WATCHDOG_START, 3);
	look.pending = 0xffffffff;
	look.pulse = 77;
	ticks(WATCHDOG_START - 1, WATCHDOG_NONE);
	assert_int_equal(tick(), WATCHDOG_KILL);
}

/* A hundred consoles that start at once are not asked at once. */
static void questions_are_spread(void **state)
{
	unsigned int most = 0;
	struct watchdog all[100] = { 0 };

	(void)state;
	for (unsigned int c = 0; c < 100; c++) {
		watchdog_expect(&all[c], WATCHDOG_START, c);
		watchdog_heard(&all[c]);
	}
	for (unsigned int i = 0; i < 100; i++) {
		unsigned int asked = 0;

		for (unsigned int c = 0; c < 100; c++)
			if (watchdog_tick(&all[c], &look) == WATCHDOG_ASK) {
				watchdog_heard(&all[c]);
				asked++;
			}
		most = asked > most ? asked : most;
	}
	must(most <= 10, "%u at once", most);
}

/* A supervisor that was stopped gives everyone a new chance. */
static void time_that_does_not_count(void **state)
{
	uint64_t last = 1000 * (uint64_t)TICK;

	(void)state;
	assert_true(watchdog_in_time(&last, last + TICK));
	assert_true(watchdog_in_time(&last, last + TICK + TICK / 2));
	assert_false(watchdog_in_time(&last, last + 2 * TICK));
	assert_true(watchdog_in_time(&last, last + TICK));
	assert_false(watchdog_in_time(&last, last + 3600 * (uint64_t)TICK));
	assert_true(watchdog_in_time(&last, last + TICK));
	assert_int_equal(last % TICK, TICK / 2);
}

#define TEST(name)	cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_after_three_ticks),
		TEST(an_answer_saves_it),
		TEST(an_answer_to_nothing),
		TEST(noticed_in_time),
		TEST(idle_ones_are_left_alone),
		TEST(signs_of_life_spare_questions),
		TEST(what_is_left_is_left),
		TEST(an_answer_covers_what_was_asked),
		TEST(a_start_has_its_time),
		TEST(questions_are_spread),
		TEST(time_that_does_not_count),
	};

	return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
