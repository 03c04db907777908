/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The messages by which a ring starts, stops and goes on. */
#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"
#include "tests/lib/vu-world.h"

static struct vu_world w;

static int setup(void **state)
{
	(void)state;
	vu_world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return vu_world_close(&w);
}

static const struct state_ring *ring(unsigned int i)
{
	return &vu_session(&w.vu)->ring[i];
}

static struct vu_answer get_base(uint32_t index)
{
	uint32_t payload[2] = { index, 77 };

	return vu_world_send(&w, FE_GET_VRING_BASE, 0, payload, 8, NULL, 0);
}

static uint64_t index_and_base(uint32_t index, uint32_t base)
{
	return index | (uint64_t)base << 32;
}

/* P-13, P-18, T-15: stops, gives up kick and call, and says it again. */
static void get_base_stops(void **state)
{
	(void)state;
	vu_world_state(&w, FE_SET_VRING_BASE, 3, 10);
	assert_true(get_base(3).value == index_and_base(3, 10));
	vu_world_fd(&w, FE_SET_VRING_KICK, 3, w.event);
	vu_world_fd(&w, FE_SET_VRING_CALL, 3, w.event);
	assert_int_equal(ring(3)->started, 1);
	assert_int_equal(ring(3)->kick, NOTIFIER_FD);
	w.base[3] = 65533;
	for (int again = 0; again < 3; again++) {
		struct vu_answer answer = get_base(3);

		assert_int_equal(answer.size, 8);
		assert_true(answer.value == index_and_base(3, 65533));
		assert_int_equal(ring(3)->started, 0);
		assert_int_equal(ring(3)->kick, NOTIFIER_NONE);
		assert_int_equal(ring(3)->call, NOTIFIER_NONE);
		assert_int_equal(vu_session(&w.vu)->nplaces, 2);
		/* the device is not asked for a ring that is stopped */
		w.base[3] = 7;
	}
	/* rings that are not ours */
	assert_true(get_base(4).value == index_and_base(4, 0));
	assert_true(get_base(255).value == index_and_base(255, 0));
	assert_true(get_base(256).value == index_and_base(256, 0));
}

/* P-19, T-16: a base for a running ring is a stop, and KICK a new start. */
static void restart(void **state)
{
	uint64_t gen;

	(void)state;
	vu_world_fd(&w, FE_SET_VRING_KICK, 0, w.event);
	gen = ring(0)->gen;
	assert_true(gen > 0);
	vu_world_fd(&w, FE_SET_VRING_KICK, 0, w.event);
	assert_true(ring(0)->gen == gen);
	vu_world_state(&w, FE_SET_VRING_BASE, 0, 0);
	assert_int_equal(ring(0)->started, 0);
	vu_world_fd(&w, FE_SET_VRING_KICK, 0, w.event);
	assert_int_equal(ring(0)->started, 1);
	assert_true(ring(0)->gen > gen);
	/* no two rings share a generation */
	vu_world_fd(&w, FE_SET_VRING_KICK, 1, w.event);
	assert_true(ring(1)->gen > ring(0)->gen);
}

/*
 * How far into the open chain a stop came counts as long as the ring goes on
 * from there, and no longer.
 */
static void taken(void **state)
{
	(void)state;
	vu_world_fd(&w, FE_SET_VRING_KICK, 1, w.event);
	w.base[1] = 9;
	w.taken[1] = 500;
	get_base(1);
	assert_int_equal(ring(1)->taken, 500);
	vu_world_state(&w, FE_SET_VRING_BASE, 1, 9);
	assert_int_equal(ring(1)->taken, 500);
	vu_world_state(&w, FE_SET_VRING_BASE, 1, 10);
	assert_int_equal(ring(1)->taken, 0);
	/* a base for a running ring is a new start, whatever it is */
	vu_world_state(&w, FE_SET_VRING_BASE, 1, 9);
	vu_world_fd(&w, FE_SET_VRING_KICK, 1, w.event);
	get_base(1);
	assert_int_equal(ring(1)->taken, 500);
	vu_world_fd(&w, FE_SET_VRING_KICK, 1, w.event);
	vu_world_state(&w, FE_SET_VRING_BASE, 1, 9);
	assert_int_equal(ring(1)->taken, 0);
}

/* A size that changes stops the ring where it is; the same size does not. */
static void num_on_running_ring(void **state)
{
	(void)state;
	vu_world_state(&w, FE_SET_VRING_NUM, 1, 64);
	vu_world_fd(&w, FE_SET_VRING_KICK, 1, w.event);
	w.base[1] = 33;
	vu_world_state(&w, FE_SET_VRING_NUM, 1, 64);
	assert_int_equal(ring(1)->started, 1);
	vu_world_state(&w, FE_SET_VRING_NUM, 1, 32);
	assert_int_equal(ring(1)->started, 0);
	assert_int_equal(ring(1)->base, 33);
}

static void reset_device(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++) {
		vu_world_state(&w, FE_SET_VRING_BASE, i, 100 + i);
		w.base[i] = (uint16_t)(200 + i);
		w.taken[i] = 300;
		STATE_CURRENT(&w.state->session)->ring[i].taken = 5;
	}
	vu_world_fd(&w, FE_SET_VRING_KICK, 0, w.event);
	vu_world_fd(&w, FE_SET_VRING_KICK, 1, w.event);
	vu_world_state(&w, FE_SET_VRING_ENABLE, 1, 1);
	assert_int_equal(vu_world_send(&w, FE_RESET_DEVICE, FE_NEED_REPLY,
				       NULL, 0, NULL, 0).value, 0);
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++) {
		assert_int_equal(ring(i)->started, 0);
		assert_int_equal(ring(i)->enabled, 0);
		assert_int_equal(ring(i)->taken, 0);
		/* only one that ran has got anywhere */
		assert_int_equal(ring(i)->base, i < 2 ? 200 + i : 100 + i);
	}
}

static void reset_owner(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++) {
		vu_world_state(&w, FE_SET_VRING_ENABLE, i, 1);
		vu_world_fd(&w, FE_SET_VRING_KICK, i, w.event);
	}
	vu_world_send(&w, FE_RESET_OWNER, 0, NULL, 0, NULL, 0);
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++) {
		assert_int_equal(ring(i)->enabled, 0);
		assert_int_equal(ring(i)->started, 1);
	}
}

/* P-14, P-15 */
static void enable(void **state)
{
	uint64_t without = F_VERSION_1, with = F_VERSION_1 | F_PROTOCOL;

	(void)state;
	assert_int_equal(vu_world_state(&w, FE_SET_VRING_ENABLE, 0, 1), 0);
	assert_int_equal(ring(0)->enabled, 1);
	assert_true(vu_world_state(&w, FE_SET_VRING_ENABLE, 0, 2) != 0);
	assert_true(vu_world_state(&w, FE_SET_VRING_ENABLE, 0,
				   UINT32_MAX) != 0);
	assert_int_equal(vu_world_state(&w, FE_SET_VRING_ENABLE, 0, 0), 0);
	assert_int_equal(ring(0)->enabled, 0);
	vu_world_send(&w, FE_SET_FEATURES, 0, &with, 8, NULL, 0);
	assert_int_equal(ring(1)->enabled, 0);
	assert_int_equal(vu_world_state(&w, FE_SET_VRING_ENABLE, 1, 1), 0);
	vu_world_send(&w, FE_SET_FEATURES, 0, &without, 8, NULL, 0);
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++)
		assert_int_equal(ring(i)->enabled, 1);
	assert_true(vu_world_state(&w, FE_SET_VRING_ENABLE, 0, 0) != 0);
	/* nor does a reset disable what nobody could enable again */
	vu_world_send(&w, FE_RESET_OWNER, 0, NULL, 0, NULL, 0);
	vu_world_send(&w, FE_RESET_DEVICE, 0, NULL, 0, NULL, 0);
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++)
		assert_int_equal(ring(i)->enabled, 1);
}

#define START_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		START_TEST(get_base_stops),
		START_TEST(restart),
		START_TEST(taken),
		START_TEST(num_on_running_ring),
		START_TEST(reset_device),
		START_TEST(reset_owner),
		START_TEST(enable),
	};

	return cmocka_run_group_tests_name("vu-start", tests, NULL, NULL);
}
