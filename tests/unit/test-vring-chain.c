/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Descriptor chains, clause by clause: VIRTIO 1.2, 2.7.4 and 2.7.5. */
#include <errno.h>
#include <string.h>

#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define NUM	8
#define NEXT	VIRTQ_DESC_F_NEXT
#define WRITE	VIRTQ_DESC_F_WRITE
#define IND	VIRTQ_DESC_F_INDIRECT

static struct ring_image img;
static struct vring_chain chain;

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

static int reset(void **state)
{
	(void)state;
	ring_image_reset(&img, NUM);
	memset(&chain, 0x5a, sizeof(chain));
	return 0;
}

static int get(uint16_t head)
{
	ring_image_avail(&img, 0, head);
	return vring_get(&img.vr, 0, &chain);
}

static void good(uint16_t head, unsigned int nout, unsigned int nin,
		 uint64_t out_len, uint64_t in_len)
{
	assert_int_equal(get(head), 0);
	assert_null(chain.error);
	assert_int_equal(chain.head, head);
	assert_int_equal(chain.nout, nout);
	assert_int_equal(chain.nin, nin);
	assert_true(chain.out_len == out_len && chain.in_len == in_len);
}

/* Only the chain is bad: its head is known and the ring goes on. */
static void bad(uint16_t head)
{
	assert_int_equal(get(head), -EBADMSG);
	assert_int_equal(chain.head, head);
	assert_false(chain.fatal);
	assert_non_null(chain.error);
}

static void broken(uint16_t head)
{
	assert_int_equal(get(head), -EPROTO);
	assert_non_null(chain.error);
}

static void span_is(unsigned int i, uint64_t gpa, uint64_t len)
{
	assert_ptr_equal(chain.span[i].iov_base, ring_image_ptr(&img, gpa));
	assert_int_equal(chain.span[i].iov_len, len);
}

/* V-10, V-11: readable parts, then writable ones, in order. */
static void directions(void **state)
{
	(void)state;
	ring_image_desc(&img, 5, 0x100, 1, NEXT, 2);
	ring_image_desc(&img, 2, 0x80, 2, NEXT, 7);
	ring_image_desc(&img, 7, 0x40, 3, NEXT | WRITE, 0);
	ring_image_desc(&img, 0, 0x20, 4, WRITE, 0);
	good(5, 2, 2, 3, 7);
	span_is(0, 0x100, 1);
	span_is(1, 0x80, 2);
	span_is(2, 0x40, 3);
	span_is(3, 0x20, 4);
	good(7, 0, 2, 0, 7);
	good(0, 0, 1, 0, 4);
}

static void readable_after_writable(void **state)
{
	(void)state;
	ring_image_desc(&img, 0, 0x100, 1, NEXT | WRITE, 1);
	ring_image_desc(&img, 1, 0x100, 1, 0, 0);
	bad(0);
	ring_image_desc(&img, 2, 0x100, 1, NEXT, 0);
	bad(2);
}

/* Without NEXT, next may be anything. */
static void next_unused(void **state)
{
	(void)state;
	ring_image_desc(&img, 3, 0x100, 9, 0, 0xffff);
	good(3, 1, 0, 9, 0);
	ring_image_desc(&img, 3, 0x100, 9, WRITE, 3);
	good(3, 0, 1, 0, 9);
	/* flags nobody has given a meaning to */
	ring_image_desc(&img, 3, 0x100, 9, 0xfff8, 3);
	good(3, 1, 0, 9, 0);
}

static void head_out_of_range(void **state)
{
	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		ring_image_reset(&img, num);
		broken((uint16_t)num);
		broken(0xffff);
		ring_image_desc(&img, (uint16_t)(num - 1), 0, 1, 0, 0);
		good((uint16_t)(num - 1), 1, 0, 1, 0);
	}
}

/* V-19: it goes back, and then the ring is broken. */
static void next_out_of_range(void **state)
{
	(void)state;
	for (uint32_t next = NUM; next < 65536; next += 999) {
		ring_image_desc(&img, 1, 0, 1, NEXT, (uint16_t)next);
		assert_int_equal(get(1), -EBADMSG);
		assert_int_equal(chain.head, 1);
		assert_true(chain.fatal);
		assert_non_null(chain.error);
	}
}

/* V-9: a chain may have as many descriptors as the ring, and no more. */
static void loops(void **state)
{
	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		bool fits = num <= VRING_CHAIN_SPANS_MAX;

		ring_image_reset(&img, num);
		for (uint32_t i = 0; i < num; i++)
			ring_image_desc(&img, (uint16_t)i, i, 1, NEXT,
					(uint16_t)((i + 1) % num));
		if (fits)
			broken(0);
		else
			bad(0);		/* too many pieces come first */
		ring_image_desc(&img, (uint16_t)(num - 1), 0x10, 1, 0, 0);
		if (fits)
			good(0, num, 0, num, 0);
		else
			bad(0);
	}
}

/* Without bytes there are no pieces: only the count of descriptors stops it. */
static void empty_loops(void **state)
{
	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		ring_image_reset(&img, num);
		for (uint32_t i = 0; i < num; i++)
			ring_image_desc(&img, (uint16_t)i, 0, 0, NEXT,
					(uint16_t)((i + 1) % num));
		broken((uint16_t)(num - 1));
		ring_image_desc(&img, (uint16_t)(num - 1), 0, 0, 0, 0);
		good(0, 0, 0, 0, 0);
	}
	ring_image_reset(&img, NUM);
	ring_image_desc(&img, 4, 0, 0, NEXT, 4);
	broken(4);
}

/* V-10: a descriptor of no bytes is skipped, wherever it stands. */
static void zero_length(void **state)
{
	(void)state;
	ring_image_desc(&img, 0, IMAGE_NOWHERE, 0, NEXT, 1);
	ring_image_desc(&img, 1, 0x10, 5, NEXT, 2);
	ring_image_desc(&img, 2, UINT64_MAX, 0, NEXT | WRITE, 3);
	ring_image_desc(&img, 3, 0x20, 6, NEXT, 4);
	ring_image_desc(&img, 4, 0x30, 7, NEXT | WRITE, 5);
	ring_image_desc(&img, 5, 0x40, 0, NEXT, 6);
	ring_image_desc(&img, 6, 0x50, 8, WRITE, 0);
	good(0, 2, 2, 11, 15);
	span_is(0, 0x10, 5);
	span_is(1, 0x20, 6);
	span_is(2, 0x30, 7);
	span_is(3, 0x50, 8);
	ring_image_desc(&img, 7, 0, 0, 0, 0);
	good(7, 0, 0, 0, 0);
}

/* P-32: a buffer that straddles regions is one in several pieces. */
static void straddles(void **state)
{
	uint64_t from = IMAGE_A + 0x100;

	(void)state;
	ring_image_desc(&img, 0, from, (uint32_t)(IMAGE_END - from), 0, 0);
	good(0, 4, 0, IMAGE_END - from, 0);
	span_is(0, from, IMAGE_A_SIZE - 0x100);
	span_is(1, IMAGE_B, IMAGE_B_SIZE);
	span_is(2, IMAGE_C, IMAGE_C_SIZE);
	span_is(3, IMAGE_D, IMAGE_D_SIZE);
	ring_image_desc(&img, 0, IMAGE_C - 1, 10, WRITE, 0);
	good(0, 0, 3, 0, 10);
	span_is(0, IMAGE_C - 1, 1);
	span_is(1, IMAGE_C, 8);
	span_is(2, IMAGE_D, 1);
	/* one byte more than there is */
	ring_image_desc(&img, 0, from, (uint32_t)(IMAGE_END - from) + 1, 0, 0);
	bad(0);
}

static void outside(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
		bool good;
	} rows[] = {
		{ 0, 1, true },
		{ IMAGE_LOW_SIZE - 1, 1, true },
		{ IMAGE_LOW_SIZE - 1, 2, false },
		{ IMAGE_LOW_SIZE, 1, false },
		{ IMAGE_NOWHERE, 1, false },
		{ IMAGE_A - 1, 1, false },
		{ IMAGE_A - 1, 2, false },
		{ IMAGE_END, 1, false },
		{ IMAGE_TOP, IMAGE_TOP_SIZE, true },
		{ UINT64_MAX - 1, 1, true },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX - 1, 2, false },
		{ IMAGE_TOP, IMAGE_TOP_SIZE + 1, false },
		/* around the top into what is at 0 */
		{ IMAGE_TOP, IMAGE_TOP_SIZE + 2, false },
		{ UINT64_MAX, 2, false },
		{ UINT64_MAX - 0xff, UINT32_MAX, false },
		{ IMAGE_UVA + IMAGE_A, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int err;

		ring_image_desc(&img, 0, rows[i].addr, rows[i].len,
				i % 2 ? WRITE : 0, 0);
		err = get(0);
		must(err == (rows[i].good ? 0 : -EBADMSG), "row %zu: %d", i,
		     err);
	}
}

/* 2.7.5.2: up to 2^32 bytes in a chain. */
static void four_gib(void **state)
{
	const uint32_t gib = 1u << 30;

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		ring_image_desc(&img, i, IMAGE_HUGE + i, gib,
				(i < 3 ? NEXT : 0) | (i > 1 ? WRITE : 0),
				(uint16_t)(i + 1));
	good(0, 2, 2, UINT64_C(2) << 30, UINT64_C(2) << 30);
	ring_image_desc(&img, 3, IMAGE_HUGE, gib, WRITE | NEXT, 4);
	ring_image_desc(&img, 4, IMAGE_HUGE, 1, WRITE, 0);
	bad(0);
	ring_image_desc(&img, 4, IMAGE_HUGE, 0, WRITE, 0);
	good(0, 2, 2, UINT64_C(2) << 30, UINT64_C(2) << 30);
	/* sums that are small again modulo 2^32 */
	ring_image_desc(&img, 0, IMAGE_HUGE, UINT32_MAX, NEXT, 1);
	ring_image_desc(&img, 1, IMAGE_HUGE, 16, 0, 0);
	bad(0);
	ring_image_desc(&img, 1, IMAGE_HUGE, 1, 0, 0);
	good(0, 2, 0, UINT64_C(1) << 32, 0);
	ring_image_desc(&img, 1, IMAGE_HUGE, UINT32_MAX, 0, 0);
	bad(0);
}

#define CHAIN_TEST(f)	cmocka_unit_test_setup(f, reset)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHAIN_TEST(directions),
		CHAIN_TEST(readable_after_writable),
		CHAIN_TEST(next_unused),
		CHAIN_TEST(head_out_of_range),
		CHAIN_TEST(next_out_of_range),
		CHAIN_TEST(loops),
		CHAIN_TEST(empty_loops),
		CHAIN_TEST(zero_length),
		CHAIN_TEST(straddles),
		CHAIN_TEST(outside),
		CHAIN_TEST(four_gib),
	};

	return cmocka_run_group_tests_name("vring-chain", tests, setup,
					   teardown);
}
