/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Giving up what is open in the rings: one chain each for one number, whoever
 * dies in the middle of it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"
#include "worker/console.h"

#define RING		4096
#define NUM		8
#define GEN		5
#define TAKEN		100		/* of the open output chain */

static struct console_state *s;
static struct console console;
static struct worker_config config;
static struct event_base *base;
static struct ring_image img[CONSOLE_RINGS];

static jmp_buf death;
static int die_in;			/* at this store for the driver; 0: no */

static void mortal(void)
{
	if (die_in && !--die_in)
		longjmp(death, 1);
}

void __real_vring_put(struct vring *vr, uint16_t used, uint16_t head,
		      uint32_t len);
void __wrap_vring_put(struct vring *vr, uint16_t used, uint16_t head,
		      uint32_t len);
void __real_vring_publish(struct vring *vr, uint16_t used);
void __wrap_vring_publish(struct vring *vr, uint16_t used);

void __wrap_vring_put(struct vring *vr, uint16_t used, uint16_t head,
		      uint32_t len)
{
	mortal();
	__real_vring_put(vr, used, head, len);
	mortal();
}

void __wrap_vring_publish(struct vring *vr, uint16_t used)
{
	mortal();
	__real_vring_publish(vr, used);
	mortal();
}

/* Two chains wait in each ring; no descriptor of theirs is any good. */
static int setup(void **state)
{
	(void)state;
	s = calloc(1, STATE_RING_OFFSET + RING);
	base = loop_new();
	if (!s || !base)
		return -1;
	s->ring_size = RING;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		ring_image_init(&img[i], NUM);
		memset(img[i].desc, 0xff, virtq_desc_size(NUM));
		ring_image_avail(&img[i], 0, 3);
		ring_image_avail(&img[i], 1, 6);
		ring_image_avail_idx(&img[i], 2);
		s->session.copy[0].ring[i].gen = GEN;
	}
	s->tx.copy[0].ring = (struct state_ring_pos){ .gen = GEN,
						      .off = TAKEN };
	s->tx.copy[0].head = TAKEN;
	s->rx.copy[0].gen = GEN;
	s->ctrl.copy[0].from_guest.gen = GEN;
	s->ctrl.copy[0].to_guest.gen = GEN;
	s->ctrl.copy[0].owed = 1;
	config = (struct worker_config){ .skip = 1 };
	die_in = 0;
	return 0;
}

static void bury(void)
{
	loop_event_free(&console.again_ev);
	loop_event_free(&console.hold_ev);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		ring_image_destroy(&img[i]);
	event_base_free(base);
	free(s);
	return 0;
}

/* A worker up to where it would begin to serve; @ran: a bit for each ring. */
static void resume(unsigned int ran)
{
	console_init(&console, s, &config, base);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		struct vq *vq = &console.vu.vq[i];

		if (!(ran & 1u << i))
			continue;
		vq->vr = img[i].vr;
		vq->running = true;
		console_ops.ring_start(&console, i,
				       &s->session.copy[0].ring[i]);
	}
	console_ops.skip_open(&console);
}

static void expect_used(enum console_queue ring, uint16_t n)
{
	const struct virtq_used *used = img[ring].used;
	static const uint16_t heads[] = { 3, 6 };

	must(virtq_load16(&used->idx) == n, "ring %d: %u chains", ring,
	     virtq_load16(&used->idx));
	for (uint16_t i = 0; i < n; i++)
		must(used->ring[i].id == heads[i] && used->ring[i].len == 0,
		     "ring %d: head %u, length %u", ring, used->ring[i].id,
		     used->ring[i].len);
}

static void expect_each(uint16_t n)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		expect_used(i, n);
	assert_int_equal(STATE_CURRENT(&s->tx)->ring.avail, n);
	assert_int_equal(STATE_CURRENT(&s->ctrl)->from_guest.avail, n);
	assert_int_equal(STATE_CURRENT(&s->ctrl)->to_guest.avail, n);
}

static void one_of_each_ring(void **state)
{
	(void)state;
	resume(15);
	expect_each(1);
	assert_int_equal(STATE_CURRENT(&s->tx)->ring.off, 0);
	assert_int_equal(STATE_CURRENT(&s->tx)->head, TAKEN);
	assert_int_equal(STATE_CURRENT(&s->ctrl)->owed, 1);
	/* Nothing that would save the next one from a clean slate. */
	assert_int_equal(s->progress, 0);
	bury();
}

static void once_for_a_number(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		resume(15);
		expect_each(1);
		bury();
	}
	config.skip = 2;
	resume(15);
	expect_each(2);
	bury();
	/* There are no more. */
	config.skip = 3;
	resume(15);
	expect_each(2);
	bury();
}

/* At each store that a driver could see, in each worker that tries. */
static void killed_in_the_middle(void **state)
{
	static volatile int at;
	static volatile bool died;

	for (at = 1, died = true; died; at++) {
		died = false;
		die_in = at;
		if (setjmp(death) == 0)
			resume(15);
		else
			died = true;
		bury();
		die_in = 0;
		resume(15);
		expect_each(1);
		bury();
		if (!died)
			break;
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
	must(at > 8, "%d stores", at);
}

/* A chain that comes after a worker has looked is not what one died on. */
static void not_what_came_later(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		ring_image_avail_idx(&img[i], 0);
	resume(15);
	expect_each(0);
	bury();
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		ring_image_avail_idx(&img[i], 2);
	resume(15);
	expect_each(0);
	bury();
}

/* Nor is what is in a ring that does not run, then or later. */
static void not_in_stopped_rings(void **state)
{
	(void)state;
	resume(1u << CONSOLE_TX);
	expect_used(CONSOLE_TX, 1);
	expect_used(CONSOLE_RX, 0);
	expect_used(CONSOLE_CTRL_RX, 0);
	expect_used(CONSOLE_CTRL_TX, 0);
	bury();
	resume(15);
	expect_used(CONSOLE_TX, 1);
	expect_used(CONSOLE_RX, 0);
	expect_used(CONSOLE_CTRL_RX, 0);
	expect_used(CONSOLE_CTRL_TX, 0);
	bury();
}

/* What the driver sees as bad is for the service to complain about. */
static void not_bad_heads(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		ring_image_avail(&img[i], 0, NUM);
	resume(15);
	expect_each(0);
	bury();
	config.skip = 2;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		ring_image_avail(&img[i], 0, 3);
		ring_image_avail_idx(&img[i], NUM + 1);
	}
	resume(15);
	expect_each(0);
	bury();
}

static void nothing_owed(void **state)
{
	(void)state;
	s->ctrl.copy[0].owed = 0;
	resume(15);
	expect_used(CONSOLE_CTRL_TX, 1);
	expect_used(CONSOLE_CTRL_RX, 0);
	bury();
}

/* With notices, text takes the place of what is missing; with the same store. */
static void announced(void **state)
{
	static const char text[] = "\r\n[vhost-device-console: ";

	(void)state;
	config.notices = 1;
	resume(15);
	assert_memory_equal((char *)s + STATE_RING_OFFSET + TAKEN, text,
			    sizeof(text) - 1);
	assert_true(STATE_CURRENT(&s->tx)->head > TAKEN + sizeof(text));
	bury();
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_of_each_ring),
		TEST(once_for_a_number),
		TEST(killed_in_the_middle),
		TEST(not_what_came_later),
		TEST(not_in_stopped_rings),
		TEST(not_bad_heads),
		TEST(nothing_owed),
		TEST(announced),
	};

	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("skip", tests, NULL, NULL);
}
