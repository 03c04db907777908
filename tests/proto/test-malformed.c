/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * T-24: what a guest may put into a ring, and who pays for it. A bad chain
 * that still names its head comes back with length 0; a bad structure breaks
 * its ring and tells so on the err fd; nothing else is touched.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/world.h"

#define NOWHERE		0x600000000000ULL

static struct gring *tx_of(struct world *w)
{
	return &w->guest[0].ring[TX];
}

/* A chain in descriptors 0..n-1, as written, made available. */
static void add_raw(struct gring *r, const struct gdesc *d, unsigned int n)
{
	memcpy(r->desc, d, n * sizeof(*d));
	gring_add_head(r, 0, 0);
	gring_kick(r);
}

static void expect_returned(struct world *w, const struct gdesc *d,
			    unsigned int n)
{
	add_raw(tx_of(w), d, n);
	gring_expect(tx_of(w), 0);
	/* The ring goes on. Its free descriptors start at the other end. */
	tx_of(w)->nfree = (uint16_t)(tx_of(w)->num - 8);
	for (uint16_t i = 0; i < tx_of(w)->nfree; i++)
		tx_of(w)->free[i] = (uint16_t)(tx_of(w)->num - 1 - i);
	world_check_console(w, 0, 0);
	must(!wait_fd(tx_of(w)->err, POLLIN, wait_until(0)), "err speaks");
}

static void t_24_bad_addresses(void **state)
{
	static const struct gdesc bad[] = {
		{ NOWHERE, 1, 0, 0 },
		{ NOWHERE, 0xffffffff, 0, 0 },
		{ ~0ULL, 1, 0, 0 },
		{ ~0ULL - 4095, 0x2000, 0, 0 },
		{ ~0ULL - 4095, 4096, 0, 0 },
		/* From low memory into the hole behind it. */
		{ 640 * 1024 - 1, 2, 0, 0 },
		{ 640 * 1024 - 1, 0xffffffff, 0, 0 },
		{ 0x100000, 0xffffffff, 0, 0 },
	};
	struct world *w = *state;

	world_simple(w);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_returned(w, &bad[i], 1);
	world_end(w);
}

/* The table is @n entries in low memory. */
static void expect_table_returned(struct world *w, const struct gdesc *table,
				  unsigned int n, uint32_t len)
{
	struct gdesc head = { 0x1000, len, DESC_INDIRECT, 0 };

	memcpy(guest_ptr(&w->guest[0], 0x1000, n * sizeof(*table)), table,
	       n * sizeof(*table));
	expect_returned(w, &head, 1);
}

static void t_24_bad_indirect_tables(void **state)
{
	struct world *w = *state;
	struct gdesc many[2048];
	struct gdesc one = { 0x5000, 1, 0, 0 };
	struct gdesc nested = { 0x1000, 16, DESC_INDIRECT, 0 };
	struct gdesc out = { 0x5000, 1, DESC_NEXT, 7 };
	struct gdesc loop = { 0x5000, 1, DESC_NEXT, 0 };
	struct gdesc away = { NOWHERE, 16, DESC_INDIRECT, 0 };
	struct gdesc edge = { 640 * 1024 - 8, 16, DESC_INDIRECT, 0 };

	world_simple(w);
	expect_table_returned(w, &one, 1, 0);
	expect_table_returned(w, &one, 1, 15);
	expect_table_returned(w, &one, 1, 17);
	expect_table_returned(w, &one, 1, 0xfffffff0);
	expect_table_returned(w, &nested, 1, 16);
	expect_table_returned(w, &out, 1, 16);
	expect_table_returned(w, &loop, 1, 16);
	for (unsigned int i = 0; i < 2048; i++)
		many[i] = (struct gdesc){ 0x5000, 1,
					  i < 2047 ? DESC_NEXT : 0,
					  (uint16_t)(i + 1) };
	expect_table_returned(w, many, 2048, sizeof(many));
	expect_returned(w, &away, 1);
	expect_returned(w, &edge, 1);
	world_end(w);
}

static void t_24_bad_order_and_empty_parts(void **state)
{
	struct world *w = *state;
	const struct gdesc order[] = {
		{ 0x5000, 4, DESC_WRITE | DESC_NEXT, 1 }, { 0x6000, 4, 0, 0 },
	};
	const struct gdesc all_empty[] = {
		{ 0x5000, 0, DESC_NEXT, 1 }, { NOWHERE, 0, 0, 0 },
	};
	const struct gdesc empty_parts[] = {
		{ 0x5000, 0, DESC_NEXT, 1 }, { 0x5000, 3, DESC_NEXT, 2 },
		{ NOWHERE, 0, DESC_NEXT, 3 }, { 0x5003, 3, DESC_NEXT, 4 },
		{ 0x5000, 0, 0, 0 },
	};

	world_simple(w);
	expect_returned(w, order, 2);
	expect_returned(w, all_empty, 2);
	memcpy(guest_ptr(&w->guest[0], 0x5000, 6), "filled", 6);
	add_raw(tx_of(w), empty_parts, 5);
	gring_expect(tx_of(w), 0);
	tclient_expect_text(&w->client[0], "filled");
	world_end(w);
}

/* err is signalled once, the ring is left alone, all else goes on. */
static void expect_broken(struct world *w)
{
	struct guest *g = &w->guest[0];
	struct gring *r = tx_of(w);
	uint16_t idx;
	uint64_t n = 0;

	must(wait_fd(r->err, POLLIN, wait_until(WAIT_MS)),
	     "the ring is not broken");
	must(read(r->err, &n, sizeof(n)) == sizeof(n) && n == 1,
	     "err says %llu", (unsigned long long)n);
	fe_barrier(&w->fe[0]);
	idx = gring_device_idx(r);
	must(write(r->kick, &(uint64_t){ 1 }, 8) == 8, "kick");
	tclient_type(&w->client[0], "typed");
	guest_expect_text(g, "typed");
	guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
	guest_ctrl_expect(g, 0, CTRL_CONSOLE_PORT, 1);
	guest_ctrl_expect(g, 0, CTRL_PORT_OPEN, 1);
	must(gring_device_idx(r) == idx, "a broken ring is served");
	must(!wait_fd(r->err, POLLIN, wait_until(0)), "err again");
	/* A new start heals it. */
	fe_stop_ring(&w->fe[0], r);
	gring_reset(r, 0);
	fe_start_ring(&w->fe[0], r, 0);
	world_check_console(w, 0, 0);
}

static void t_24_index_jump(void **state)
{
	static const uint16_t jump[] = { 65, 0x7fff, 0x8000, 0xffff };
	struct world *w = *state;

	world_simple(w);
	for (unsigned int i = 0; i < 4; i++) {
		struct gring *r = tx_of(w);

		r->avail[1] = (uint16_t)(r->avail_idx + jump[i]);
		must(write(r->kick, &(uint64_t){ 1 }, 8) == 8, "kick");
		expect_broken(w);
	}
	world_end(w);
}

static void t_24_bad_heads(void **state)
{
	static const uint16_t head[] = { 64, 0x8000, 0xffff };
	struct world *w = *state;

	world_simple(w);
	for (unsigned int i = 0; i < 3; i++) {
		gring_add_head(tx_of(w), head[i], 0);
		gring_kick(tx_of(w));
		expect_broken(w);
	}
	world_end(w);
}

static void t_24_loops_and_bad_next(void **state)
{
	const struct gdesc self[] = { { 0x5000, 1, DESC_NEXT, 0 } };
	const struct gdesc two[] = {
		{ 0x5000, 1, DESC_NEXT, 1 }, { 0x5000, 1, DESC_NEXT, 0 },
	};
	const struct gdesc empty_loop[] = {
		{ 0x5000, 0, DESC_NEXT, 1 }, { 0x5000, 0, DESC_NEXT, 0 },
	};
	const struct gdesc next[] = { { 0x5000, 1, DESC_NEXT, 64 } };
	char seen[512];
	struct world *w = *state;

	world_simple(w);
	add_raw(tx_of(w), self, 1);
	expect_broken(w);
	add_raw(tx_of(w), two, 2);
	expect_broken(w);
	add_raw(tx_of(w), empty_loop, 2);
	expect_broken(w);
	add_raw(tx_of(w), next, 1);
	expect_broken(w);
	must(tclient_read_quiet(&w->client[0], seen, sizeof(seen), 50) == 0,
	     "a bad chain is printed");
	world_end(w);
}

/* On the input ring the same: a bad buffer costs no byte of input. */
static void t_24_bad_input_buffers(void **state)
{
	static const struct gdesc bad[] = {
		{ NOWHERE, 100, DESC_WRITE, 0 },
		{ 0x5000, 100, 0, 0 },
		{ 0x5000, 0, DESC_WRITE, 0 },
		{ 640 * 1024 - 1, 2, DESC_WRITE, 0 },
	};
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[RX];
	unsigned int nbad = sizeof(bad) / sizeof(*bad);
	struct gused used;

	world_simple(w);
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	for (unsigned int i = 0; i < nbad; i++) {
		uint16_t head = gring_take_desc(rx);

		rx->desc[head] = bad[i];
		gring_add_head(rx, head, 1);
	}
	gring_add(rx, &(struct gbuf){ 0x6000, 100, true }, 1);
	fe_start_ring(&w->fe[0], rx, 0);
	gring_publish(rx);
	tclient_type(&w->client[0], "input");
	gring_kick_anyway(rx);
	for (unsigned int i = 0; i < nbad; i++)
		gring_expect(rx, 0);
	must(gring_wait(rx, &used, WAIT_MS) && used.len == 5,
	     "used length %u", used.len);
	must(memcmp(guest_ptr(g, 0x6000, 5), "input", 5) == 0, "input");
	guest_fill(g, RX);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_24_bad_addresses),
		WORLD_TEST(t_24_bad_indirect_tables),
		WORLD_TEST(t_24_bad_order_and_empty_parts),
		WORLD_TEST(t_24_index_jump),
		WORLD_TEST(t_24_bad_heads),
		WORLD_TEST(t_24_loops_and_bad_next),
		WORLD_TEST(t_24_bad_input_buffers),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("malformed", tests, NULL, NULL);
}
