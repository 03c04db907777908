/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Every chain of up to four descriptors, in a ring and in a table: vring_get()
 * against the slow walker of tests/lib/chain-model.h. A descriptor has any
 * flags, any next that makes a difference, and a buffer of each kind; those
 * that are not of the chain stay as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/chain-check.h"
#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define MOST	4
#define TABLE	(IMAGE_B - 24)		/* its second entry straddles */

/* The first FEW, or with VDC_EVERY=all each of them. */
static const struct buffer {
	uint64_t addr;
	uint32_t len;
} buffers[] = {
	{ IMAGE_C - 2, 12 },		/* in three pieces */
	{ IMAGE_NOWHERE, 0 },		/* it does not matter where */
	{ IMAGE_END - 3, 4 },		/* the last byte is not there */
#define FEW	3
	{ IMAGE_HUGE, UINT32_MAX },	/* two of these are too much */
	{ IMAGE_LOW, 1 },		/* as much as there may be, exactly */
	{ UINT64_MAX - 3, 8 },		/* around the top of all addresses */
};

/* What a descriptor of the ring says of its table. */
static const struct buffer references[] = {
	{ TABLE, 16 },
	{ TABLE, 64 },
	{ TABLE, 63 },			/* not whole entries */
	{ IMAGE_END - 16, 32 },		/* the second entry is not there */
	{ IMAGE_HUGE, 1025 * 16 },	/* more entries than we take */
};

static struct ring_image img;
static struct chain_counts counts;
static size_t nbuffers = FEW;

/* Where the chain is that is being built, and of how many at most. */
static struct place {
	bool table;
	uint16_t num;
	uint16_t head;
} place;

static void each_descriptor(uint16_t at, unsigned int visited);

static int setup(void **state)
{
	const char *every = getenv("VDC_EVERY");

	(void)state;
	if (every != NULL && strcmp(every, "all") == 0)
		nbuffers = ARRAY_LEN(buffers);
	ring_image_init(&img, MOST);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ring_image_destroy(&img);
	return 0;
}

static void set(uint16_t at, const struct buffer *b, uint16_t flags,
		uint16_t next)
{
	if (place.table)
		ring_image_entry(&img, TABLE, at, b->addr, b->len, flags, next);
	else
		ring_image_desc(&img, at, b->addr, b->len, flags, next);
}

/*
 * The table alone, and behind a descriptor of each kind; it does not matter
 * whether the one that refers to it says that it is to be written.
 */
static void check_table(void)
{
	static const struct virtq_desc prefix[] = {
		{ IMAGE_LOW, 3, VIRTQ_DESC_F_NEXT, 1 },
		{ IMAGE_LOW, 3, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 1 },
		{ IMAGE_LOW, 0, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 1 },
	};
	static unsigned int turn;

	ring_image_avail(&img, 0, 1);
	chain_check(&img, 0, &counts);
	for (size_t i = 0; i < ARRAY_LEN(prefix); i++) {
		const struct virtq_desc *d = &prefix[i];

		ring_image_desc(&img, 0, d->addr, d->len, d->flags, d->next);
		ring_image_desc(&img, 1, TABLE, place.num * 16u,
				VIRTQ_DESC_F_INDIRECT |
				(turn++ % 2 ? VIRTQ_DESC_F_WRITE : 0), 0);
		ring_image_avail(&img, 0, 0);
		chain_check(&img, 0, &counts);
	}
}

static void check(uint16_t flags)
{
	if (place.table) {
		check_table();
		return;
	}
	ring_image_avail(&img, 0, place.head);
	chain_check(&img, 0, &counts);
	if (flags & VIRTQ_DESC_F_INDIRECT) {
		img.vr.indirect = false;
		chain_check(&img, 0, &counts);
		img.vr.indirect = true;
	}
}

static bool goes_on(uint16_t flags, uint16_t next, unsigned int visited)
{
	return (flags & VIRTQ_DESC_F_NEXT) != 0 &&
	       (flags & VIRTQ_DESC_F_INDIRECT) == 0 && next < place.num &&
	       (visited & 1u << next) == 0;
}

/* This buffer, and what may follow: the end of the chain, or another one. */
static void each_link(uint16_t at, unsigned int visited,
		      const struct buffer *b, uint16_t flags)
{
	for (uint16_t next = 0; next <= place.num + 1; next++) {
		uint16_t n = next <= place.num ? next : UINT16_MAX;

		set(at, b, flags, n);
		if (goes_on(flags, n, visited))
			each_descriptor(n, visited | 1u << n);
		else
			check(flags);
	}
}

static void each_descriptor(uint16_t at, unsigned int visited)
{
	for (uint16_t flags = 0; flags < 8; flags++) {
		for (size_t i = 0; i < nbuffers; i++)
			each_link(at, visited, &buffers[i], flags);
		if (place.table || (flags & VIRTQ_DESC_F_INDIRECT) == 0)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(references); i++)
			each_link(at, visited, &references[i], flags);
	}
}

static void in_the_ring(void **state)
{
	(void)state;
	memset(&counts, 0, sizeof(counts));
	for (uint16_t num = 1; num <= MOST; num *= 2) {
		const uint16_t nobody[] = { num, UINT16_MAX };

		ring_image_reset(&img, num);
		ring_image_entry(&img, TABLE, 0, IMAGE_C - 2, 12,
				 VIRTQ_DESC_F_NEXT, 1);
		ring_image_entry(&img, TABLE, 1, IMAGE_LOW, 5,
				 VIRTQ_DESC_F_WRITE, 0);
		for (size_t i = 0; i < ARRAY_LEN(nobody); i++) {
			place = (struct place){ .num = num, .head = nobody[i] };
			check(0);
		}
		for (uint16_t head = 0; head < num; head++) {
			place = (struct place){ .num = num, .head = head };
			each_descriptor(head, 1u << head);
		}
	}
	chain_counts_show("in the ring", &counts);
}

static void in_a_table(void **state)
{
	(void)state;
	memset(&counts, 0, sizeof(counts));
	ring_image_reset(&img, MOST);
	for (uint16_t num = 1; num <= MOST; num++) {
		place = (struct place){ .table = true, .num = num };
		ring_image_desc(&img, 1, TABLE, num * 16u,
				VIRTQ_DESC_F_INDIRECT, 0);
		each_descriptor(0, 1);
	}
	chain_counts_show("in a table", &counts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_ring),
		cmocka_unit_test(in_a_table),
	};

	return cmocka_run_group_tests_name("vring-every", tests, setup,
					   teardown);
}
