/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Indirect descriptors: VIRTIO 1.2, 2.7.5.3, and protocol.md's V-8, V-9. */
#include <errno.h>
#include <string.h>

#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define NUM	8
#define NEXT	VIRTQ_DESC_F_NEXT
#define WRITE	VIRTQ_DESC_F_WRITE
#define IND	VIRTQ_DESC_F_INDIRECT
#define TABLE	(IMAGE_D + 0x10)

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

static int get(void)
{
	return vring_get(&img.vr, 0, &chain);
}

static void bad(const char *what)
{
	int err = get();

	must(err == -EBADMSG && !chain.fatal && chain.error && !chain.head,
	     "%s: %d", what, err);
}

/* @entries of one byte each, the second half writable, at @table. */
static void fill_table(uint64_t table, uint32_t entries)
{
	for (uint32_t i = 0; i < entries; i++)
		ring_image_entry(&img, table, i, IMAGE_LOW + i, 1,
				 (i >= entries / 2 ? WRITE : 0) |
					 (i + 1 < entries ? NEXT : 0),
				 (uint16_t)(i + 1));
}

static void good(uint64_t table, uint32_t entries)
{
	int err;

	ring_image_desc(&img, 0, table, entries * 16, IND, 0xffff);
	err = get();
	must(!err, "%u entries at 0x%llx: %d, %s", entries,
	     (unsigned long long)table, err, chain.error);
	assert_int_equal(chain.nout, entries / 2);
	assert_int_equal(chain.nin, entries - entries / 2);
	for (uint32_t i = 0; i < entries; i++)
		assert_ptr_equal(chain.span[i].iov_base,
				 ring_image_ptr(&img, IMAGE_LOW + i));
}

static void tables(void **state)
{
	(void)state;
	for (uint32_t entries = 1; entries <= VRING_CHAIN_DESCS_MAX;
	     entries = entries < 20 ? entries + 1 : entries * 2 - 8) {
		fill_table(TABLE, entries);
		good(TABLE, entries);
	}
	/* more of them than the ring has, up to the cap */
	fill_table(TABLE, VRING_CHAIN_DESCS_MAX);
	good(TABLE, VRING_CHAIN_DESCS_MAX);
	fill_table(TABLE, VRING_CHAIN_DESCS_MAX + 1);
	ring_image_desc(&img, 0, TABLE, (VRING_CHAIN_DESCS_MAX + 1) * 16, IND,
			0);
	bad("one past the cap");
	ring_image_desc(&img, 0, IMAGE_HUGE, UINT32_MAX & ~15u, IND, 0);
	bad("as long as a length can say");
}

/* Wherever the table is cut by the end of a region, entries included. */
static void table_straddles(void **state)
{
	(void)state;
	for (uint64_t table = IMAGE_C - 0x50; table < IMAGE_D + 4; table++) {
		fill_table(table, 6);
		good(table, 6);
	}
	/* A to D, and through all of B */
	fill_table(IMAGE_B - 24, IMAGE_B_SIZE / 16 + 4);
	good(IMAGE_B - 24, IMAGE_B_SIZE / 16 + 4);
}

static void table_outside(void **state)
{
	static const uint64_t tables[] = {
		IMAGE_END - 31, IMAGE_END, IMAGE_NOWHERE, IMAGE_A - 1,
		UINT64_MAX - 31, UINT64_MAX, UINT64_MAX - 15,
		IMAGE_LOW_SIZE - 16,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		ring_image_desc(&img, 0, tables[i], 32, IND, 0);
		bad("outside");
	}
	/* the first entry is all that is used, but all of it has to be there */
	ring_image_entry(&img, IMAGE_END - 16, 0, 0, 1, 0, 0);
	ring_image_desc(&img, 0, IMAGE_END - 16, 16, IND, 0);
	assert_int_equal(get(), 0);
	ring_image_desc(&img, 0, IMAGE_END - 16, 32, IND, 0);
	bad("half outside");
	ring_image_entry(&img, UINT64_MAX - 16, 0, 0, 1, 0, 0);
	ring_image_desc(&img, 0, UINT64_MAX - 16, 16, IND, 0);
	assert_int_equal(get(), 0);
}

static void lengths(void **state)
{
	(void)state;
	fill_table(TABLE, 4);
	for (uint32_t len = 0; len <= 64; len++) {
		ring_image_desc(&img, 0, TABLE, len, IND, 0);
		if (len == 64)
			assert_int_equal(get(), 0);
		else
			bad("length");	/* cut off, or no multiple */
	}
	ring_image_desc(&img, 0, TABLE, 65, IND, 0);
	bad("length 65");
	/* entries past the chain's end do no harm */
	ring_image_desc(&img, 0, TABLE, 80, IND, 0);
	assert_int_equal(get(), 0);
	assert_int_equal(chain.nout + chain.nin, 4);
}

static void flags(void **state)
{
	(void)state;
	fill_table(TABLE, 2);
	ring_image_desc(&img, 1, 0, 1, 0, 0);
	ring_image_desc(&img, 0, TABLE, 32, IND | NEXT, 1);
	bad("with NEXT");
	ring_image_desc(&img, 0, TABLE, 32, IND | NEXT, 0xffff);
	bad("with NEXT out of range");
	/* 2.7.5.3.2: the write flag of the reference is ignored */
	ring_image_desc(&img, 0, TABLE, 32, IND | WRITE, 0);
	assert_int_equal(get(), 0);
	assert_int_equal(chain.nout, 1);
	assert_int_equal(chain.nin, 1);
	img.vr.indirect = false;
	bad("not negotiated");
}

static void nested(void **state)
{
	(void)state;
	fill_table(TABLE, 3);
	fill_table(TABLE + 0x100, 1);
	for (uint32_t i = 0; i < 3; i++) {
		fill_table(TABLE, 3);
		ring_image_entry(&img, TABLE, i, TABLE + 0x100, 16, IND, 0);
		ring_image_desc(&img, 0, TABLE, 48, IND, 0);
		bad("nested");
		ring_image_entry(&img, TABLE, i, 0, 0, IND | NEXT,
				 (uint16_t)((i + 1) % 3));
		bad("nested and empty");
	}
}

static void table_next(void **state)
{
	(void)state;
	ring_image_desc(&img, 0, TABLE, 64, IND, 0);
	/* in any order */
	ring_image_entry(&img, TABLE, 0, 0, 1, NEXT, 3);
	ring_image_entry(&img, TABLE, 3, 1, 1, NEXT, 1);
	ring_image_entry(&img, TABLE, 1, 2, 1, WRITE, 0);
	assert_int_equal(get(), 0);
	assert_int_equal(chain.nout, 2);
	assert_ptr_equal(chain.span[1].iov_base, ring_image_ptr(&img, 1));
	assert_ptr_equal(chain.span[2].iov_base, ring_image_ptr(&img, 2));
	/* the table's length counts, not the ring's */
	ring_image_entry(&img, TABLE, 0, 0, 1, NEXT, 4);
	bad("next past the table");
	ring_image_entry(&img, TABLE, 0, 0, 1, NEXT, 0xffff);
	bad("next far past the table");
	for (uint32_t entries = 1; entries < 600; entries = entries * 2 + 1) {
		ring_image_desc(&img, 0, TABLE, entries * 16, IND, 0);
		for (uint32_t i = 0; i < entries; i++)
			ring_image_entry(&img, TABLE, i, 0, i % 2, NEXT,
					 (uint16_t)((i + 1) % entries));
		bad("loop");
	}
}

/* V-8: a prefix of plain descriptors is allowed; order holds across. */
static void prefix(void **state)
{
	(void)state;
	ring_image_desc(&img, 0, IMAGE_B, 5, NEXT, 6);
	ring_image_desc(&img, 6, IMAGE_B + 5, 6, NEXT, 3);
	ring_image_desc(&img, 3, TABLE, 32, IND, 0);
	fill_table(TABLE, 2);
	assert_int_equal(get(), 0);
	assert_int_equal(chain.nout, 3);
	assert_int_equal(chain.nin, 1);
	assert_int_equal(chain.out_len, 12);
	assert_ptr_equal(chain.span[0].iov_base,
			 ring_image_ptr(&img, IMAGE_B));
	assert_ptr_equal(chain.span[2].iov_base,
			 ring_image_ptr(&img, IMAGE_LOW));
	ring_image_desc(&img, 6, IMAGE_B + 5, 6, NEXT | WRITE, 3);
	bad("readable in the table after writable before it");
	/* the prefix may be all of the ring but one */
	for (uint16_t i = 0; i < NUM - 1; i++)
		ring_image_desc(&img, i, IMAGE_B + i, 1, NEXT,
				(uint16_t)(i + 1));
	ring_image_desc(&img, NUM - 1, TABLE, 32, IND, 0);
	assert_int_equal(get(), 0);
	assert_int_equal(chain.nout, NUM);
}

/* Pieces are counted over the whole chain: the spans have an end. */
static void too_many_pieces(void **state)
{
	(void)state;
	/* each entry reads B's last byte, C, and D's first: three pieces */
	for (uint32_t n = 300; n < 400; n++) {
		int err;

		for (uint32_t i = 0; i < n; i++)
			ring_image_entry(&img, IMAGE_HUGE, i, IMAGE_C - 1, 10,
					 i + 1 < n ? NEXT : 0,
					 (uint16_t)(i + 1));
		ring_image_desc(&img, 0, IMAGE_HUGE, n * 16, IND, 0);
		err = get();
		if (3 * n <= VRING_CHAIN_SPANS_MAX) {
			must(!err && chain.nout == 3 * n, "%u entries: %d", n,
			     err);
		} else {
			bad("too many pieces");
		}
	}
}

#define CHAIN_TEST(f)	cmocka_unit_test_setup(f, reset)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHAIN_TEST(tables),
		CHAIN_TEST(table_straddles),
		CHAIN_TEST(table_outside),
		CHAIN_TEST(lengths),
		CHAIN_TEST(flags),
		CHAIN_TEST(nested),
		CHAIN_TEST(table_next),
		CHAIN_TEST(prefix),
		CHAIN_TEST(too_many_pieces),
	};

	return cmocka_run_group_tests_name("vring-indirect", tests, setup,
					   teardown);
}
