/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A worker that is at work looks like it, and one that is not does not. */
#include <stdlib.h>

#include "common/mono.h"
#include "tests/lib/unit.h"
#include "worker/console.h"
#include "worker/pulse.h"

#define RING	4096

static struct console_state *s;
static struct console console;
static struct worker_config config;
static struct event_base *base;
static unsigned int looks;

uint64_t __real_mono_us(void);
uint64_t __wrap_mono_us(void);

/* Something that is called in the middle of the work. */
uint64_t __wrap_mono_us(void)
{
	looks++;
	must(s->pulse & 1, "at work with pulse %llu",
	     (unsigned long long)s->pulse);
	return __real_mono_us();
}

static int setup(void **state)
{
	(void)state;
	s = calloc(1, STATE_RING_OFFSET + RING);
	base = loop_new();
	if (!s || !base)
		return -1;
	s->ring_size = RING;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_event_free(&console.again_ev);
	loop_event_free(&console.hold_ev);
	event_base_free(base);
	free(s);
	return 0;
}

static void odd_while_at_work(void **state)
{
	(void)state;
	console_init(&console, s, &config, base);
	for (unsigned int i = 0; i < 5; i++) {
		uint64_t before = s->pulse;

		assert_int_equal(before & 1, 0);
		console_service(&console);
		must(s->pulse == before + 2, "%llu, then %llu",
		     (unsigned long long)before, (unsigned long long)s->pulse);
	}
	assert_true(looks > 0);
}

/* The last one died in the middle of it; the next is not, and shows life. */
static void even_at_first(void **state)
{
	(void)state;
	for (uint64_t pulse = 0; pulse < 4; pulse++) {
		s->pulse = pulse;
		pulse_init(s);
		assert_int_equal(s->pulse & 1, 0);
		assert_true(s->pulse > pulse);
	}
	console_init(&console, s, &config, base);
	assert_int_equal(s->pulse & 1, 0);
}

/* Only who began it ends it. */
static void nested(void **state)
{
	(void)state;
	console_init(&console, s, &config, base);
	assert_true(pulse_begin(s));
	assert_false(pulse_begin(s));
	console_service(&console);
	assert_int_equal(s->pulse & 1, 1);
	pulse_end(s);
	assert_int_equal(s->pulse & 1, 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(odd_while_at_work),
		TEST(even_at_first),
		TEST(nested),
	};

	return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
