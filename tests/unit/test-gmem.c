/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Addresses: checks and translation, against an oracle byte by byte. */
#include <errno.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "worker/gmem.h"

/* The world of the oracle: this many addresses from some origin on. */
#define WORLD		48
#define SPANS		(MEM_SLOTS_MAX + 1)

static unsigned char backing[MEM_SLOTS_MAX][WORLD];

/* To whom each address of the world belongs, as gpa and as uva. */
struct world_map {
	uint64_t gpa_origin, uva_origin;
	unsigned char *gpa[WORLD];
	unsigned char *uva[WORLD];
	unsigned int uva_region[WORLD];
};

/*
 * Regions in random slots, in random order, that overlap neither by gpa nor by
 * uva; neighbours are common.
 */
static void fill_world(struct rnd *rnd, struct gmem *gmem,
		       struct world_map *map)
{
	unsigned int wanted = rnd_below(rnd, 7);

	memset(gmem, 0, sizeof(*gmem));
	memset(map->gpa, 0, sizeof(map->gpa));
	memset(map->uva, 0, sizeof(map->uva));
	for (unsigned int tries = 0; wanted && tries < 60; tries++) {
		unsigned int slot = rnd_below(rnd, MEM_SLOTS_MAX);
		unsigned int size = 1 + rnd_below(rnd, 12);
		unsigned int at = rnd_below(rnd, WORLD - size);
		unsigned int uat = rnd_below(rnd, WORLD - size);
		bool taken = gmem->region[slot].size;

		for (unsigned int i = 0; i < size; i++)
			taken |= map->gpa[at + i] || map->uva[uat + i];
		if (taken)
			continue;
		gmem->region[slot] = (struct gmem_region){
			.gpa = map->gpa_origin + at,
			.uva = map->uva_origin + uat,
			.size = size,
			.ptr = backing[slot],
		};
		for (unsigned int i = 0; i < size; i++) {
			map->gpa[at + i] = backing[slot] + i;
			map->uva[uat + i] = backing[slot] + i;
			map->uva_region[uat + i] = slot;
		}
		wanted--;
	}
}

static void check_spans(const struct gmem *gmem, const struct world_map *map,
			unsigned int at, unsigned int len)
{
	struct iovec span[SPANS];
	int n = gmem_spans(gmem, map->gpa_origin + at, len, span, SPANS);
	bool whole = true;
	unsigned int done = 0;

	for (unsigned int i = 0; i < len; i++)
		whole &= at + i < WORLD && map->gpa[at + i];
	if (!whole) {
		must(n == -EFAULT, "[%u, +%u): %d", at, len, n);
		return;
	}
	must(n >= 0 && !n == !len, "[%u, +%u): %d spans", at, len, n);
	for (int i = 0; i < n; i++) {
		must(span[i].iov_len > 0, "[%u, +%u): span %d is empty", at,
		     len, i);
		for (size_t k = 0; k < span[i].iov_len; k++, done++)
			must(done < len && (unsigned char *)span[i].iov_base +
			     k == map->gpa[at + done],
			     "[%u, +%u): byte %u is elsewhere", at, len, done);
	}
	must(done == len, "[%u, +%u): %u bytes", at, len, done);
	/* with one span less than that, it does not fit */
	if (n > 0)
		must(gmem_spans(gmem, map->gpa_origin + at, len, span,
				(unsigned int)n - 1) == -E2BIG,
		     "[%u, +%u): fits into %d spans", at, len, n - 1);
}

static void check_uva(const struct gmem *gmem, const struct world_map *map,
		      unsigned int at, unsigned int len)
{
	unsigned char *want = at < WORLD ? map->uva[at] : NULL;

	for (unsigned int i = 0; want && i < len; i++)
		if (at + i >= WORLD || !map->uva[at + i] ||
		    map->uva_region[at + i] != map->uva_region[at])
			want = NULL;
	must(gmem_uva(gmem, map->uva_origin + at, len) == want,
	     "uva [%u, +%u)", at, len);
}

static void every_range(struct rnd *rnd, uint64_t gpa_origin,
			uint64_t uva_origin, unsigned int worlds)
{
	struct world_map map = { .gpa_origin = gpa_origin,
				 .uva_origin = uva_origin };
	struct gmem gmem;

	while (worlds--) {
		fill_world(rnd, &gmem, &map);
		for (unsigned int at = 0; at < WORLD; at++)
			for (unsigned int len = 0; len <= WORLD - at; len++) {
				check_spans(&gmem, &map, at, len);
				check_uva(&gmem, &map, at, len);
			}
	}
}

static void translation(void **state)
{
	struct rnd rnd = { 5 };

	(void)state;
	every_range(&rnd, 0, 0, 150);
	every_range(&rnd, 0x100000000, 0x7f0000000000, 50);
	/* the last address is UINT64_MAX - 1: a region's end has to exist */
	every_range(&rnd, UINT64_MAX - WORLD, UINT64_MAX - WORLD, 150);
}

/* Ranges that wrap, with memory at both ends of the address space. */
static void wrap(void **state)
{
	struct gmem gmem = { .region = {
		[3] = { .gpa = UINT64_MAX - 16, .uva = UINT64_MAX - 16,
			.size = 16, .ptr = backing[0] },
		[9] = { .gpa = 0, .uva = 0, .size = 16, .ptr = backing[1] },
	} };
	struct iovec span[SPANS];

	(void)state;
	assert_int_equal(gmem_spans(&gmem, UINT64_MAX - 16, 16, span, SPANS),
			 1);
	assert_int_equal(gmem_spans(&gmem, UINT64_MAX - 16, 17, span, SPANS),
			 -EFAULT);
	for (uint64_t len = 1; len < 40; len++)
		for (uint64_t gpa = UINT64_MAX; gpa > UINT64_MAX - 40; gpa--) {
			bool in = gpa >= UINT64_MAX - 16 &&
				  len <= UINT64_MAX - gpa;

			must(gmem_spans(&gmem, gpa, len, span, SPANS) ==
			     (in ? 1 : -EFAULT), "%llu bytes at -%llu",
			     (unsigned long long)len,
			     (unsigned long long)(UINT64_MAX - gpa + 1));
			must(!gmem_uva(&gmem, gpa, len) == !in,
			     "uva: %llu bytes at -%llu",
			     (unsigned long long)len,
			     (unsigned long long)(UINT64_MAX - gpa + 1));
		}
	assert_int_equal(gmem_spans(&gmem, 0, UINT64_MAX, span, SPANS),
			 -EFAULT);
	assert_int_equal(gmem_spans(&gmem, 8, UINT64_MAX, span, SPANS),
			 -EFAULT);
	assert_int_equal(gmem_spans(&gmem, UINT64_MAX, UINT64_MAX, span,
				    SPANS), -EFAULT);
	assert_null(gmem_uva(&gmem, 0, UINT64_MAX));
	assert_null(gmem_uva(&gmem, 8, UINT64_MAX));
	assert_null(gmem_uva(&gmem, UINT64_MAX - 8, UINT64_MAX));
}

/* 4 GiB and more in one region: no length is cut to 32 bits. */
static void huge(void **state)
{
	struct gmem gmem = { .region = {
		[0] = { .gpa = 0, .uva = 1 << 20, .size = UINT64_C(1) << 40,
			.ptr = backing[0] },
	} };
	struct iovec span[SPANS];

	(void)state;
	assert_int_equal(gmem_spans(&gmem, 5, UINT64_C(3) << 32, span, SPANS),
			 1);
	assert_true(span[0].iov_len == UINT64_C(3) << 32);
	assert_ptr_equal(span[0].iov_base, backing[0] + 5);
	assert_int_equal(gmem_spans(&gmem, 1, UINT64_C(1) << 40, span, SPANS),
			 -EFAULT);
	assert_non_null(gmem_uva(&gmem, 1 << 20, UINT64_C(1) << 40));
	assert_null(gmem_uva(&gmem, (1 << 20) + 1, UINT64_C(1) << 40));
}

static bool overlap_slowly(uint64_t a, uint64_t a_len, uint64_t b,
			   uint64_t b_len)
{
	for (uint64_t i = 0; i < a_len; i++)
		for (uint64_t k = 0; k < b_len; k++)
			if (a + i == b + k)
				return true;
	return false;
}

static struct state_region any_region(struct rnd *rnd, uint64_t origin)
{
	return (struct state_region){
		.gpa = origin + rnd_below(rnd, 40),
		.uva = origin + rnd_below(rnd, 40),
		.size = rnd_below(rnd, 8),
	};
}

/* Each new region against the ones that are there, near both ends. */
static void overlaps(void **state)
{
	static const uint64_t origins[] = { 0, 1 << 20, UINT64_MAX - 48 };
	struct rnd rnd = { 6 };

	(void)state;
	for (int run = 0; run < 60000; run++) {
		struct state_region table[MEM_SLOTS_MAX] = { 0 };
		uint64_t origin = origins[run % ARRAY_LEN(origins)];
		unsigned int slot = rnd_below(&rnd, MEM_SLOTS_MAX);
		const struct state_region *r = &table[slot];
		bool want;

		for (unsigned int i = rnd_below(&rnd, 4); i; i--)
			table[rnd_below(&rnd, MEM_SLOTS_MAX)] =
				any_region(&rnd, origin);
		table[slot] = any_region(&rnd, origin);
		want = r->size;
		for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
			if (i != slot &&
			    (overlap_slowly(r->gpa, r->size, table[i].gpa,
					    table[i].size) ||
			     overlap_slowly(r->uva, r->size, table[i].uva,
					    table[i].size)))
				want = false;
		must(gmem_check(table, slot) == (want ? 0 : -EINVAL),
		     "run %d: %s", run, want ? "refused" : "accepted");
	}
}

/* P-28: no sum may wrap. */
static void sums(void **state)
{
	static const struct {
		struct state_region region;
		int err;
	} rows[] = {
		{ { 0, 1, 0, 0 }, 0 },
		{ { 0, 0, 0, 0 }, -EINVAL },
		{ { 4096, 0, 4096, 4096 }, -EINVAL },
		{ { UINT64_MAX - 4096, 4096, 0, 0 }, 0 },
		{ { UINT64_MAX - 4095, 4096, 0, 0 }, -EINVAL },
		{ { UINT64_MAX, 1, 0, 0 }, -EINVAL },
		{ { 0, 4096, UINT64_MAX - 4096, 0 }, 0 },
		{ { 0, 4096, UINT64_MAX - 4095, 0 }, -EINVAL },
		{ { 0, 4096, UINT64_MAX, 0 }, -EINVAL },
		{ { 0, 4096, 0, UINT64_MAX - 4096 }, 0 },
		{ { 0, 4096, 0, UINT64_MAX - 4095 }, -EINVAL },
		{ { 0, UINT64_MAX, 0, 0 }, 0 },
		{ { 1, UINT64_MAX, 0, 0 }, -EINVAL },
		{ { 0, UINT64_MAX, 1, 0 }, -EINVAL },
		{ { 0, UINT64_MAX, 0, 1 }, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct state_region table[MEM_SLOTS_MAX] = { 0 };

		table[i % MEM_SLOTS_MAX] = rows[i].region;
		must(gmem_check(table, i % MEM_SLOTS_MAX) == rows[i].err,
		     "row %zu", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(translation),
		cmocka_unit_test(wrap),
		cmocka_unit_test(huge),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(sums),
	};

	return cmocka_run_group_tests_name("gmem", tests, NULL, NULL);
}
