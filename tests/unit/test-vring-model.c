/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Random chains: vring_get() against the slow walker of
 * tests/lib/chain-model.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/chain-check.h"
#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define CHAINS		300000		/* VDC_CHAINS in the environment */
#define RING_AGE	500		/* chains until there is another ring */
#define TABLE		(IMAGE_D + 0x10)

/* What vring_get() can say is wrong: texts of worker/vring.c. */
#define ERRORS		15

struct mixture {
	struct rnd rnd;
	uint32_t spoil;			/* one field in so many; 0: none */
	bool plain;			/* each buffer is one piece */
};

static struct ring_image img;

static int setup(void **state)
{
	(void)state;
	ring_image_init(&img, 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ring_image_destroy(&img);
	return 0;
}

static uint64_t chains_wanted(void)
{
	const char *value = getenv("VDC_CHAINS");

	return value == NULL ? CHAINS : strtoull(value, NULL, 10);
}

static bool spoilt(struct mixture *m)
{
	return m->spoil > 0 && rnd_one_in(&m->rnd, m->spoil);
}

static uint64_t any_addr(struct rnd *rnd)
{
	static const uint64_t places[] = {
		IMAGE_LOW, IMAGE_LOW + IMAGE_LOW_SIZE, IMAGE_RING, IMAGE_A,
		IMAGE_B, IMAGE_C, IMAGE_D, IMAGE_END, IMAGE_TOP, UINT64_MAX,
		IMAGE_NOWHERE, IMAGE_HUGE, IMAGE_HUGE + IMAGE_HUGE_SIZE,
	};
	uint64_t at = places[rnd_below(rnd, ARRAY_LEN(places))];

	return rnd_one_in(rnd, 2) ? at + rnd_below(rnd, 0x1000) :
				    at + rnd_below(rnd, 40) - 20;
}

static uint32_t any_len(struct rnd *rnd)
{
	switch (rnd_below(rnd, 4)) {
	case 0:
		return (uint32_t)rnd_next(rnd);
	case 1:
		return 1u << 30;
	case 2:
		return UINT32_MAX - rnd_below(rnd, 4);
	default:
		return rnd_below(rnd, 0x4000);
	}
}

static uint64_t addr(struct mixture *m)
{
	if (spoilt(m))
		return any_addr(&m->rnd);
	return !m->plain && rnd_one_in(&m->rnd, 3) ?
		       IMAGE_A + rnd_below(&m->rnd, 0x2900) :
		       IMAGE_HUGE + rnd_below(&m->rnd, 1 << 20);
}

static uint32_t len(struct mixture *m)
{
	if (spoilt(m))
		return any_len(&m->rnd);
	if (!m->plain && rnd_one_in(&m->rnd, 16))
		return 0;
	return 1 + rnd_below(&m->rnd, 300);
}

static uint16_t flags(struct mixture *m, bool more, bool write)
{
	uint16_t value = (more ? VIRTQ_DESC_F_NEXT : 0) |
			 (write ? VIRTQ_DESC_F_WRITE : 0);

	if (spoilt(m))
		value ^= (uint16_t)(1u << rnd_below(&m->rnd,
						    rnd_one_in(&m->rnd, 2) ?
							    3 : 16));
	return value;
}

/* Mostly few; else about as many as are taken. */
static uint32_t entries(struct rnd *rnd)
{
	if (!rnd_one_in(rnd, 40))
		return 1 + rnd_below(rnd, 9);
	return rnd_one_in(rnd, 2) ? VRING_CHAIN_DESCS_MAX - 1 +
					    rnd_below(rnd, 3) :
				    1 + rnd_below(rnd, 1100);
}

/* Writes a table somewhere, and makes descriptor @at refer to it. */
static void add_table(struct mixture *m, uint16_t at, uint16_t ref_next)
{
	static const struct {
		uint64_t gpa;
		uint32_t entries;
	} places[] = {
		{ TABLE, 500 }, { IMAGE_HUGE, 1100 }, { IMAGE_C - 24, 500 },
		{ IMAGE_B - 40, 500 }, { IMAGE_END - 64, 4 },
		{ UINT64_MAX - 48, 3 },
	};
	struct rnd *rnd = &m->rnd;
	uint32_t where = rnd_below(rnd, ARRAY_LEN(places));
	uint64_t table = places[where].gpa;
	uint32_t n = entries(rnd);
	uint32_t writable_from = rnd_below(rnd, n + 1);
	uint32_t extra = 0;

	if (n > places[where].entries)
		n = places[where].entries;
	for (uint32_t i = 0; i < n; i++) {
		uint16_t next = (uint16_t)(i + 1);

		if (spoilt(m))
			next = (uint16_t)rnd_below(rnd, n + 1);
		ring_image_entry(&img, table, i, addr(m), len(m),
				 flags(m, i + 1 < n, i >= writable_from),
				 next);
	}
	if (spoilt(m))
		extra = rnd_below(rnd, rnd_one_in(rnd, 2) ? 40 : 0x8000);
	/* whether the table as a whole is to be written is ignored */
	ring_image_desc(&img, at, table, n * 16 + extra,
			VIRTQ_DESC_F_INDIRECT |
			flags(m, false, rnd_one_in(rnd, 3)), ref_next);
}

/*
 * Mostly few; else about as many as there are in the ring, one more being a
 * loop, or about as many pieces as are taken.
 */
static uint32_t descriptors(struct mixture *m)
{
	uint32_t num = img.vr.num;
	uint32_t most = VRING_CHAIN_SPANS_MAX - 1 + rnd_below(&m->rnd, 3);

	m->plain = false;
	if (!rnd_one_in(&m->rnd, 200))
		return 1 + rnd_below(&m->rnd, num < 6 ? num : 6);
	m->plain = rnd_one_in(&m->rnd, 2);
	return num < most ? num + rnd_below(&m->rnd, 2) : most;
}

/* A chain as a driver would build it, then spoilt here and there. */
static uint16_t build(struct mixture *m)
{
	struct rnd *rnd = &m->rnd;
	uint32_t num = img.vr.num, n = descriptors(m);
	uint32_t writable_from = rnd_below(rnd, n + 1);
	uint16_t head = (uint16_t)rnd_below(rnd, num), at = head;

	for (uint32_t i = 0; i < n; i++) {
		uint16_t next = (uint16_t)((at + 1) % num);

		if (spoilt(m))
			next = (uint16_t)rnd_below(rnd, num + 3);
		ring_image_desc(&img, at, addr(m), len(m),
				flags(m, i + 1 < n, i >= writable_from),
				next);
		if (i + 1 == n && rnd_one_in(rnd, 3))
			add_table(m, at, next);
		if (next >= num)
			break;
		at = next;
	}
	if (!spoilt(m))
		return head;
	return rnd_one_in(rnd, 2) ? (uint16_t)num : (uint16_t)rnd_next(rnd);
}

/* The mixture is one that tests something. */
static void is_a_mixture(const struct chain_counts *counts)
{
	uint64_t few = counts->chains / 1000;

	must(counts->verdict[CHAIN_GOOD] > counts->chains / 5 &&
	     counts->verdict[CHAIN_BAD] > counts->chains / 20 &&
	     counts->verdict[CHAIN_FATAL] > few &&
	     counts->verdict[CHAIN_BROKEN] > few, "too few of one verdict");
	must(counts->nerrors == ERRORS, "%u kinds of errors", counts->nerrors);
}

static void random_chains(void **state)
{
	static const uint32_t spoils[] = { 0, 12, 60 };
	static struct chain_counts counts;
	struct mixture m = { { 10 }, 0, false };
	uint64_t wanted = chains_wanted();

	(void)state;
	for (uint64_t i = 0; i < wanted; i++) {
		uint16_t avail = (uint16_t)rnd_next(&m.rnd);

		if (i % RING_AGE == 0)
			ring_image_reset(&img, 1u << rnd_below(&m.rnd, 16));
		m.spoil = spoils[rnd_below(&m.rnd, ARRAY_LEN(spoils))];
		img.vr.indirect = !rnd_one_in(&m.rnd, 20);
		ring_image_avail(&img, avail, build(&m));
		chain_check(&img, avail, &counts);
	}
	chain_counts_show("random chains", &counts);
	is_a_mixture(&counts);
}

/* As often as not what a small table has. */
static uint32_t few_bytes(struct rnd *rnd)
{
	return rnd_one_in(rnd, 4) ? any_len(rnd) :
				    rnd_below(rnd, 10) *
					    (rnd_one_in(rnd, 2) ? 16 : 1);
}

/* Nothing of it makes sense, most of the time. */
static void random_bytes(void **state)
{
	static struct chain_counts counts;
	struct rnd rnd = { 11 };
	uint64_t wanted = chains_wanted() / 10;

	(void)state;
	ring_image_reset(&img, 16);
	for (uint64_t i = 0; i < wanted; i++) {
		uint16_t at = (uint16_t)rnd_below(&rnd, 16);

		ring_image_desc(&img, at, any_addr(&rnd), few_bytes(&rnd),
				(uint16_t)rnd_below(&rnd, 8),
				(uint16_t)rnd_below(&rnd, 17));
		ring_image_entry(&img, IMAGE_LOW, rnd_below(&rnd, 8),
				 any_addr(&rnd), few_bytes(&rnd),
				 (uint16_t)rnd_below(&rnd, 4),
				 (uint16_t)rnd_below(&rnd, 9));
		ring_image_avail(&img, (uint16_t)i, at);
		chain_check(&img, (uint16_t)i, &counts);
	}
	chain_counts_show("random bytes", &counts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_chains),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests_name("vring-model", tests, setup,
					   teardown);
}
