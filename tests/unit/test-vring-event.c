/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who is to be notified, and when: VIRTIO 1.2, 2.7.7 to 2.7.10. */
#include <string.h>

#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define NUM	8

static struct ring_image img;

static int setup(void **state)
{
	(void)state;
	ring_image_init(&img, NUM);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ring_image_destroy(&img);
	return 0;
}

static void fresh(bool event_idx, uint32_t num)
{
	ring_image_reset(&img, num);
	img.vr.event_idx = event_idx;
}

static void set_used_event(uint16_t event)
{
	img.avail->ring[img.vr.num] = htole16(event);
}

static uint16_t get_avail_event(void)
{
	return le16toh(*ring_image_avail_event(&img));
}

/* 2.7.7.2, without the feature: the flag decides, the event word does not. */
static void by_flag(void **state)
{
	(void)state;
	fresh(false, NUM);
	for (unsigned int used = 0; used < 70000; used += 97) {
		set_used_event((uint16_t)(used * 31));
		img.avail->flags = 0;
		assert_true(vring_should_notify(&img.vr, (uint16_t)used));
		img.avail->flags = htole16(VIRTQ_AVAIL_F_NO_INTERRUPT);
		assert_false(vring_should_notify(&img.vr, (uint16_t)used));
		/* bits nobody has given a meaning to */
		img.avail->flags = htole16(0xfffe);
		assert_true(vring_should_notify(&img.vr, (uint16_t)used));
	}
}

/*
 * With it, the driver wants to hear of the element at used_event. So: was that
 * one among those published since the last time?
 */
static bool wants(uint16_t event, uint16_t old, uint16_t now)
{
	for (uint16_t i = old; i != now; i++)
		if (i == event)
			return true;
	return false;
}

static void first_is_unconditional(void **state)
{
	(void)state;
	for (unsigned int event = 0; event < 65536; event += 255) {
		fresh(true, NUM);
		set_used_event((uint16_t)event);
		/* flags mean nothing any more */
		img.avail->flags = htole16(VIRTQ_AVAIL_F_NO_INTERRUPT);
		assert_true(vring_should_notify(&img.vr, 1));
		/* T-22: and again after each start */
		img.vr.signalled_valid = false;
		assert_true(vring_should_notify(&img.vr, 2));
	}
}

/* V-7, T-22: batches of any size from 0xfff0 on, any event word. */
static void by_event(void **state)
{
	static const uint16_t starts[] = { 0, 0x7ff0, 0xfff0 };
	struct rnd rnd = { 8 };

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(starts); s++) {
		uint16_t old = starts[s];

		fresh(true, NUM);
		vring_should_notify(&img.vr, old);
		for (int i = 0; i < 30000; i++) {
			uint16_t now = (uint16_t)(old +
						  rnd_below(&rnd, NUM + 1));
			uint16_t event = rnd_one_in(&rnd, 8) ?
				(uint16_t)rnd_next(&rnd) :
				(uint16_t)(old + rnd_below(&rnd, NUM + 6) - 3);
			bool want = wants(event, old, now);

			set_used_event(event);
			must(vring_should_notify(&img.vr, now) == want,
			     "event %u, %u to %u: %d", event, old, now, !want);
			old = now;
		}
	}
}

/* Exhaustively, for a difference of up to a ring of the largest size. */
static void every_event(void **state)
{
	(void)state;
	fresh(true, NUM);
	for (uint32_t old = 65530; old < 65540; old += 3)
		for (uint32_t n = 0; n <= 32768; n = n < 4 ? n + 1 : n * 8)
			for (uint32_t event = 0; event < 65536; event++) {
				uint16_t o = (uint16_t)old;
				bool want = (uint16_t)(event - o) < n;

				img.vr.signalled = o;
				img.vr.signalled_valid = true;
				set_used_event((uint16_t)event);
				must(vring_should_notify(
					     &img.vr, (uint16_t)(o + n)) ==
				     want, "event %u, %u and %u more", event,
				     o, n);
			}
}

/*
 * A driver that asks for the next element and sleeps is woken, however the
 * device batches: the point of it all.
 */
static void sleeper_is_woken(void **state)
{
	struct rnd rnd = { 9 };
	uint16_t used = 0xfff0, seen = used;
	bool asleep = false;

	(void)state;
	fresh(true, NUM);
	for (int i = 0; i < 100000; i++) {
		uint16_t n = (uint16_t)rnd_below(&rnd, NUM);

		if (!asleep && rnd_one_in(&rnd, 3)) {
			seen = used;
			set_used_event(seen);
			asleep = true;
		}
		used = (uint16_t)(used + n);
		if (n && vring_should_notify(&img.vr, used))
			asleep = false;
		must(!asleep || used == seen, "asleep at %u, used is %u",
		     seen, used);
	}
}

/* 2.7.10 without the feature: the flag, and nothing but the flag. */
static void kicks_by_flag(void **state)
{
	struct virtq_used want = { 0 };

	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		fresh(false, num);
		img.used->idx = want.idx = htole16(0x1234);
		*ring_image_avail_event(&img) = 0x5a5a;
		ring_image_avail_idx(&img, 5);
		vring_kicks_off(&img.vr);
		assert_int_equal(le16toh(img.used->flags),
				 VIRTQ_USED_F_NO_NOTIFY);
		assert_false(vring_kicks_on(&img.vr, 5));
		assert_int_equal(img.used->flags, 0);
		assert_true(vring_kicks_on(&img.vr, 4));
		assert_int_equal(img.used->idx, want.idx);
		assert_int_equal(*ring_image_avail_event(&img), 0x5a5a);
	}
}

/* With it: avail_event behind the used ring; flags stay 0. V-6, V-7. */
static void kicks_by_event(void **state)
{
	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		fresh(true, num);
		vring_kicks_off(&img.vr);
		assert_int_equal(img.used->flags, 0);
		for (uint32_t at = 0; at < 65536; at += 1023) {
			ring_image_avail_idx(&img, (uint16_t)at);
			assert_false(vring_kicks_on(&img.vr, (uint16_t)at));
			assert_int_equal(get_avail_event(), at);
			assert_int_equal(img.used->flags, 0);
			ring_image_avail_idx(&img, (uint16_t)(at + 1));
			assert_true(vring_kicks_on(&img.vr, (uint16_t)at));
		}
		assert_int_equal(img.used->ring[num - 1].id, 0);
		assert_int_equal(img.used->ring[num - 1].len, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_flag),
		cmocka_unit_test(first_is_unconditional),
		cmocka_unit_test(by_event),
		cmocka_unit_test(every_event),
		cmocka_unit_test(sleeper_is_woken),
		cmocka_unit_test(kicks_by_flag),
		cmocka_unit_test(kicks_by_event),
	};

	return cmocka_run_group_tests_name("vring-event", tests, setup,
					   teardown);
}
