/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * V-2, T-42: what was fetched and checked is not fetched again. A driver that
 * changes a descriptor behind the device's back is played by gmem_spans(),
 * which is called (and here wrapped) between a fetch and all use of it.
 */
#include <string.h>

#include "tests/lib/chain-model.h"
#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

#define NUM	16
#define TABLE	(IMAGE_C - 24)		/* across three regions */

int __real_gmem_spans(const struct gmem *gmem, uint64_t gpa, uint64_t len,
		      struct iovec *span, unsigned int max);
int __wrap_gmem_spans(const struct gmem *gmem, uint64_t gpa, uint64_t len,
		      struct iovec *span, unsigned int max);

static struct ring_image img;
static struct vring_chain chain;
static struct chain_model model;

/* What the hook spoils: all that was fetched before the call. */
static struct {
	struct rnd rnd;
	unsigned int calls;
	bool indirect;
	unsigned int prefix;		/* descriptors in the ring itself */
} driver;

static void spoil_desc(uint16_t i)
{
	ring_image_desc(&img, i, rnd_next(&driver.rnd),
			(uint32_t)rnd_next(&driver.rnd),
			(uint16_t)rnd_next(&driver.rnd),
			(uint16_t)rnd_next(&driver.rnd));
}

static void spoil_entry(uint32_t i)
{
	ring_image_entry(&img, TABLE, i, rnd_next(&driver.rnd),
			 (uint32_t)rnd_next(&driver.rnd),
			 (uint16_t)rnd_next(&driver.rnd),
			 (uint16_t)rnd_next(&driver.rnd));
}

int __wrap_gmem_spans(const struct gmem *gmem, uint64_t gpa, uint64_t len,
		      struct iovec *span, unsigned int max)
{
	unsigned int call = driver.calls++;

	for (unsigned int i = 0; i < NUM; i++)
		img.avail->ring[i] = (uint16_t)rnd_next(&driver.rnd);
	for (unsigned int i = 0; i <= call && i < driver.prefix; i++)
		spoil_desc((uint16_t)i);
	/* the call for the table itself comes before its first entry */
	if (driver.indirect && call >= driver.prefix)
		for (unsigned int i = 0; i <= call - driver.prefix; i++)
			spoil_entry(i);
	return __real_gmem_spans(gmem, gpa, len, span, max);
}

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

static uint16_t flags_of(uint32_t i, uint32_t n, uint32_t writable_from)
{
	return (uint16_t)((i + 1 < n ? VIRTQ_DESC_F_NEXT : 0) |
			  (i >= writable_from ? VIRTQ_DESC_F_WRITE : 0));
}

/* @direct descriptors in the ring, then @entries in a table if not 0. */
static void build(uint32_t direct, uint32_t entries, uint32_t writable_from)
{
	uint32_t n = direct + entries;

	ring_image_reset(&img, NUM);
	for (uint32_t i = 0; i < direct; i++)
		ring_image_desc(&img, (uint16_t)i, IMAGE_A + 64 * i, 5 + i,
				flags_of(i, n, writable_from),
				(uint16_t)(i + 1));
	if (entries)
		ring_image_desc(&img, (uint16_t)direct, TABLE, entries * 16,
				VIRTQ_DESC_F_INDIRECT, 0);
	for (uint32_t i = 0; i < entries; i++)
		ring_image_entry(&img, TABLE, i, IMAGE_LOW + 64 * i, 7 + i,
				 flags_of(direct + i, n, writable_from),
				 (uint16_t)(i + 1));
	driver.calls = 0;
	driver.indirect = entries != 0;
	driver.prefix = direct + driver.indirect;
}

static void check(uint32_t direct, uint32_t entries, uint32_t writable_from)
{
	int err;

	build(direct, entries, writable_from);
	chain_model(&img.vr, 0, &model);
	must(model.verdict == CHAIN_GOOD, "the chain to begin with");
	err = vring_get(&img.vr, 0, &chain);
	must(driver.calls == direct + entries + driver.indirect,
	     "%u calls for %u and %u", driver.calls, direct, entries);
	must(chain_model_agrees(&model, &img.gmem, &chain, err),
	     "%u descriptors, %u entries: %d %s", direct, entries, err,
	     chain.error);
}

static void direct_chains(void **state)
{
	(void)state;
	for (int run = 0; run < 200; run++)
		for (uint32_t n = 1; n <= NUM; n++)
			check(n, 0, rnd_below(&driver.rnd, n + 1));
}

static void indirect_chains(void **state)
{
	(void)state;
	for (int run = 0; run < 100; run++)
		for (uint32_t entries = 1; entries <= 20; entries++) {
			uint32_t n = rnd_below(&driver.rnd, NUM);

			check(n, entries,
			      rnd_below(&driver.rnd, n + entries + 1));
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct_chains),
		cmocka_unit_test(indirect_chains),
	};

	return cmocka_run_group_tests_name("vring-fetch", tests, setup,
					   teardown);
}
