/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vring_get() against the slow walker of tests/lib/chain-model.h. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/chain-model.h"
#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define CHAINS	100000
#define TABLE	(IMAGE_D + 0x10)

static struct ring_image img;
static struct vring_chain chain;
static struct chain_model model;
static unsigned int verdicts[4];

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

static void show(uint16_t i, const struct virtq_desc *d)
{
	fprintf(stderr, "\t%u: addr 0x%llx len %u flags %u next %u\n", i,
		(unsigned long long)d->addr, d->len, d->flags, d->next);
}

static void compare(uint16_t avail)
{
	int err = vring_get(&img.vr, avail, &chain);

	chain_model(&img.vr, avail, &model);
	verdicts[model.verdict]++;
	if (chain_model_agrees(&model, &img.gmem, &chain, err))
		return;
	for (uint16_t i = 0; i < img.vr.num && i < 16; i++)
		show(i, &img.desc[i]);
	must(false, "head %u: %d (%s), the model says %u", chain.head, err,
	     chain.error ? chain.error : "good", model.verdict);
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
	switch (rnd_below(rnd, 16)) {
	case 0:
		return 0;
	case 1:
		return (uint32_t)rnd_next(rnd);
	case 2:
		return 1u << 30;
	case 3:
		return rnd_below(rnd, 0x4000);
	default:
		return 1 + rnd_below(rnd, 300);
	}
}

static uint16_t any_flags(struct rnd *rnd, bool more, bool write)
{
	uint16_t flags = (more ? VIRTQ_DESC_F_NEXT : 0) |
			 (write ? VIRTQ_DESC_F_WRITE : 0);

	if (rnd_one_in(rnd, 30))
		flags ^= (uint16_t)(1u << rnd_below(rnd, 16));
	return flags;
}

/* Mostly addresses that are there: else few chains would get far. */
static uint64_t likely_addr(struct rnd *rnd)
{
	if (rnd_one_in(rnd, 12))
		return any_addr(rnd);
	return rnd_one_in(rnd, 3) ? IMAGE_A + rnd_below(rnd, 0x2900) :
				    IMAGE_HUGE + rnd_below(rnd, 1 << 20);
}

/* Writes a table somewhere, and makes descriptor @at refer to it. */
static void add_table(struct rnd *rnd, uint16_t at, uint16_t ref_next)
{
	static const struct {
		uint64_t gpa;
		uint32_t entries;
	} places[] = {
		{ TABLE, 500 }, { IMAGE_HUGE, 500 }, { IMAGE_C - 24, 500 },
		{ IMAGE_B - 40, 500 }, { IMAGE_END - 64, 4 },
		{ UINT64_MAX - 48, 3 },
	};
	uint32_t where = rnd_below(rnd, ARRAY_LEN(places));
	uint64_t table = places[where].gpa;
	uint32_t n = 1 + rnd_below(rnd, rnd_one_in(rnd, 20) ? 500 : 9);
	uint32_t writable_from = rnd_below(rnd, n + 1);
	uint32_t extra = rnd_one_in(rnd, 30) ? rnd_below(rnd, 40) : 0;

	if (n > places[where].entries)
		n = places[where].entries;
	for (uint32_t i = 0; i < n; i++) {
		uint16_t next = (uint16_t)(i + 1);

		if (rnd_one_in(rnd, 40))
			next = (uint16_t)rnd_below(rnd, n + 1);
		ring_image_entry(&img, table, i, likely_addr(rnd),
				 any_len(rnd),
				 any_flags(rnd, i + 1 < n,
					   i >= writable_from), next);
	}
	ring_image_desc(&img, at, table, n * 16 + extra,
			VIRTQ_DESC_F_INDIRECT, ref_next);
}

/* A chain as a driver would build it, then spoilt here and there. */
static uint16_t build(struct rnd *rnd)
{
	uint32_t num = img.vr.num;
	uint32_t n = 1 + rnd_below(rnd, num < 6 ? num : 6);
	uint32_t writable_from = rnd_below(rnd, n + 1);
	uint16_t head = (uint16_t)rnd_below(rnd, num), at = head;

	if (rnd_one_in(rnd, 100))
		n = num + rnd_below(rnd, 2);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t next = (uint16_t)((at + 1) % num);

		if (rnd_one_in(rnd, 40))
			next = (uint16_t)rnd_below(rnd, num + 3);
		ring_image_desc(&img, at, likely_addr(rnd), any_len(rnd),
				any_flags(rnd, i + 1 < n, i >= writable_from),
				next);
		if (rnd_one_in(rnd, 8))
			add_table(rnd, at, next);
		if (next >= num)
			break;
		at = next;
	}
	return rnd_one_in(rnd, 200) ? (uint16_t)rnd_next(rnd) : head;
}

static void random_chains(void **state)
{
	struct rnd rnd = { 10 };

	(void)state;
	memset(verdicts, 0, sizeof(verdicts));
	for (int i = 0; i < CHAINS; i++) {
		uint16_t avail = (uint16_t)rnd_next(&rnd);

		if (i % 500 == 0)
			ring_image_reset(&img, 1u << rnd_below(&rnd, 12));
		img.vr.indirect = !rnd_one_in(&rnd, 20);
		ring_image_avail(&img, avail, build(&rnd));
		compare(avail);
	}
	/* the mixture is one that tests something */
	must(verdicts[CHAIN_GOOD] > CHAINS / 5 &&
	     verdicts[CHAIN_BAD] > CHAINS / 20 &&
	     verdicts[CHAIN_FATAL] > CHAINS / 500 &&
	     verdicts[CHAIN_BROKEN] > CHAINS / 500,
	     "%u good, %u bad, %u fatal, %u broken", verdicts[0], verdicts[1],
	     verdicts[2], verdicts[3]);
}

/* Nothing of it makes sense, most of the time. */
static void random_bytes(void **state)
{
	struct rnd rnd = { 11 };

	(void)state;
	ring_image_reset(&img, 16);
	for (int i = 0; i < CHAINS / 4; i++) {
		uint16_t at = (uint16_t)rnd_below(&rnd, 16);

		ring_image_desc(&img, at, any_addr(&rnd), any_len(&rnd),
				(uint16_t)rnd_below(&rnd, 8),
				(uint16_t)rnd_below(&rnd, 17));
		ring_image_entry(&img, IMAGE_LOW, rnd_below(&rnd, 8),
				 any_addr(&rnd), any_len(&rnd),
				 (uint16_t)rnd_below(&rnd, 4),
				 (uint16_t)rnd_below(&rnd, 9));
		ring_image_avail(&img, (uint16_t)i, at);
		compare((uint16_t)i);
	}
}

/*
 * Every descriptor of a small world: two addresses that are there (one
 * straddling), one that is not; no bytes and some; all flags; each next that
 * makes a difference. A table of such entries is at IMAGE_LOW + 0x100.
 */
#define SMALL_TABLE	(IMAGE_LOW + 0x100)

struct small {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static unsigned int small_descs(struct small *out, uint16_t nexts, bool entry)
{
	static const uint64_t addrs[] = { IMAGE_C - 2, IMAGE_NOWHERE };
	unsigned int n = 0;

	for (uint16_t next = 0; next < nexts; next++)
		for (uint16_t flags = 0; flags < 8; flags++)
			for (unsigned int a = 0; a < 2; a++) {
				out[n++] = (struct small){ addrs[a], 4, flags,
							   next };
				out[n++] = (struct small){ addrs[a], 0, flags,
							   next };
			}
	/* references to the small table, of one entry and of two */
	for (uint16_t next = 0; next < nexts && !entry; next++)
		for (uint16_t flags = 4; flags < 8; flags++)
			for (uint32_t len = 16; len <= 32; len += 16)
				out[n++] = (struct small){ SMALL_TABLE, len,
							   flags, next };
	return n;
}

static struct small descs[256], entries[256];

static void set_desc(uint16_t i, const struct small *s)
{
	ring_image_desc(&img, i, s->addr, s->len, s->flags, s->next);
}

static void set_entry(uint16_t i, const struct small *s)
{
	ring_image_entry(&img, SMALL_TABLE, i, s->addr, s->len, s->flags,
			 s->next);
}

/* All rings of two descriptors, with each head there is and one there isn't. */
static void exhaustive_direct(void **state)
{
	unsigned int n = small_descs(descs, 3, false);

	(void)state;
	ring_image_reset(&img, 2);
	set_entry(0, &(struct small){ IMAGE_LOW, 1, 0, 0 });
	set_entry(1, &(struct small){ IMAGE_LOW, 1, 0, 0 });
	for (unsigned int a = 0; a < n; a++) {
		set_desc(0, &descs[a]);
		for (unsigned int b = 0; b < n; b++) {
			set_desc(1, &descs[b]);
			for (uint16_t head = 0; head < 3; head++) {
				ring_image_avail(&img, 0, head);
				compare(0);
			}
		}
	}
}

/* All tables of two entries, alone and after each kind of prefix. */
static void exhaustive_indirect(void **state)
{
	static const struct small prefixes[] = {
		{ SMALL_TABLE, 32, 4, 0 },	/* none: the reference itself */
		{ IMAGE_B, 3, 1, 1 },
		{ IMAGE_B, 3, 3, 1 },
		{ IMAGE_B, 0, 3, 1 },
	};
	unsigned int n = small_descs(entries, 3, true);

	(void)state;
	ring_image_reset(&img, 2);
	ring_image_avail(&img, 0, 0);
	set_desc(1, &prefixes[0]);
	for (unsigned int a = 0; a < n; a++) {
		set_entry(0, &entries[a]);
		for (unsigned int b = 0; b < n; b++) {
			set_entry(1, &entries[b]);
			for (size_t p = 0; p < ARRAY_LEN(prefixes); p++) {
				set_desc(0, &prefixes[p]);
				compare(0);
			}
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_chains),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(exhaustive_direct),
		cmocka_unit_test(exhaustive_indirect),
	};

	return cmocka_run_group_tests_name("vring-model", tests, setup,
					   teardown);
}
