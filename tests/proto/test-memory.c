/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/lib/world.h"

#define SWAPS		1000
#define MIB		(1024ULL * 1024)

/* QEMU without memory slots: its memory is one SET_MEM_TABLE. */
static void start_with_table(struct world *w)
{
	struct frontend *fe = &w->fe[0];

	world_quiet_daemon(w, 1);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	fe_qemu_realize(fe, &w->guest[0], ~P_MEM_SLOTS);
	fe_qemu_start(fe, &w->guest[0], GUEST_FEATURES);
	guest_boot(&w->guest[0]);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
}

/* What is wrong with a table; a good one has two regions. */
struct bad_table {
	const char *what;
	void (*spoil)(struct fe_msg *m, struct fe_region *r);
};

static void fewer_fds(struct fe_msg *m, struct fe_region *r)
{
	(void)r;
	m->nfds--;
}

static void more_fds(struct fe_msg *m, struct fe_region *r)
{
	m->fds[m->nfds++] = r[0].fd;
}

static void no_regions(struct fe_msg *m, struct fe_region *r)
{
	(void)r;
	m->nfds = 0;
	fe_msg_put_u32(m, 0, 0);
}

static void more_regions_than_payload(struct fe_msg *m, struct fe_region *r)
{
	more_fds(m, r);
	fe_msg_put_u32(m, 0, 3);
}

static void very_many_regions(struct fe_msg *m, struct fe_region *r)
{
	(void)r;
	fe_msg_put_u32(m, 0, 0x08000000);
}

static void overlapping_gpa(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32, r[0].gpa + r[0].size - 1);
}

static void overlapping_uva(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32 + 16, r[0].uva + r[0].size - 1);
}

static void wrapping_gpa(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32, 0 - r[1].size + 1);
}

static void wrapping_uva(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32 + 16, 0 - r[1].size + 1);
}

static void wrapping_offset(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32 + 24, 0 - r[1].size + 1);
}

static void empty_region(struct fe_msg *m, struct fe_region *r)
{
	(void)r;
	fe_msg_put_u64(m, 8 + 32 + 8, 0);
}

static void file_too_short(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32 + 8, r[1].size + 1);
}

static void offset_past_the_file(struct fe_msg *m, struct fe_region *r)
{
	fe_msg_put_u64(m, 8 + 32 + 24, r[1].offset + r[1].size);
}

static const struct bad_table bad_tables[] = {
	{ "fewer fds", fewer_fds },
	{ "more fds", more_fds },
	{ "no regions", no_regions },
	{ "more regions than payload", more_regions_than_payload },
	{ "very many regions", very_many_regions },
	{ "overlapping gpa", overlapping_gpa },
	{ "overlapping uva", overlapping_uva },
	{ "wrapping gpa", wrapping_gpa },
	{ "wrapping uva", wrapping_uva },
	{ "wrapping offset", wrapping_offset },
	{ "empty region", empty_region },
	{ "file too short", file_too_short },
	{ "offset past the file", offset_past_the_file },
};

/* Refused, and the table that was there stays in force. */
static void t_13_bad_tables(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	guest_like_qemu(g, 64);
	start_with_table(w);
	for (size_t i = 0; i < sizeof(bad_tables) / sizeof(*bad_tables); i++) {
		struct fe_msg m = fe_msg_table(g->region, g->nregions);

		bad_tables[i].spoil(&m, g->region);
		must(fe_ack(&w->fe[0], m) != 0, "accepted: %s",
		     bad_tables[i].what);
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

static void t_13_trailing_bytes(void **state)
{
	struct world *w = *state;
	struct fe_msg m;

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	m = fe_msg_table(w->guest[0].region, 1);
	m.size = 1024;
	fe_ok(&w->fe[0], m);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void t_13_eight_regions(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	for (unsigned int i = 0; i < 7; i++)
		guest_add_region(g, 16 * MIB * (8 - i), 0x10000000ULL * (i + 1),
				 4096, i * 4096ULL);
	guest_add_region(g, 0, 0x7f0000000000, 4 * MIB, 0);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, 64, 7, 4096);
	start_with_table(w);
	/* Each region is really there. */
	for (unsigned int i = 0; i < g->nregions; i++) {
		struct gbuf buf = { g->region[i].gpa, 5, false };

		memcpy(g->ptr[i], "hello", 5);
		gring_add(&g->ring[TX], &buf, 1);
		gring_kick(&g->ring[TX]);
		gring_expect(&g->ring[TX], 0);
		tclient_expect_text(&w->client[0], "hello");
	}
	world_end(w);
}

static void t_13_unaligned_file_offset(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	guest_add_region(g, 0x1000, 0x55500000, 64 * 1024, 0x10);
	guest_add_region(g, 0x100000, 0x66600000, 4 * MIB, 0x3210);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, 64, 1, 4096);
	start_with_table(w);
	world_end(w);
}

struct printer {
	struct guest *guest;
	uint64_t at;
	atomic_bool stop;
};

static void *print_all_the_time(void *arg)
{
	struct printer *p = arg;

	while (!atomic_load(&p->stop)) {
		guest_print_pattern(p->guest, p->at, 100);
		p->at += 100;
	}
	return NULL;
}

static void read_pattern(struct tclient *c, uint64_t *at)
{
	char buf[65536];
	long n;

	while ((n = tclient_read_some(c, buf, sizeof(buf))) > 0) {
		pattern_check(buf, *at, (size_t)n, "client");
		*at += (uint64_t)n;
	}
	must(n == 0, "the console closed");
}

static void t_14_table_swapped_under_traffic(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct printer p = { .guest = g };
	struct fe_region other[GUEST_REGIONS];
	pthread_t thread;
	uint64_t at = 0;
	long mapped;

	guest_like_qemu(g, 64);
	start_with_table(w);
	other[0] = g->region[1];
	other[1] = g->region[0];
	mapped = process_vm_kb(w->worker[0]);
	pthread_create(&thread, NULL, print_all_the_time, &p);
	for (unsigned int i = 0; i < SWAPS; i++) {
		fe_ok(&w->fe[0], fe_msg_table(i % 2 == 0 ? other : g->region,
					      g->nregions));
		read_pattern(&w->client[0], &at);
	}
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	must_threads();
	tclient_expect_pattern(&w->client[0], at, p.at - at);
	must(process_vm_kb(w->worker[0]) < mapped + 32 * 1024,
	     "the old tables stay mapped: %ld KiB, then %ld", mapped,
	     process_vm_kb(w->worker[0]));
	must(p.at > 10000, "only %llu bytes printed in between",
	     (unsigned long long)p.at);
	world_end(w);
}

/* A buffer or a table may lie across two regions; a chain back to back. */
static void buffers_across_regions(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX], *rx = &g->ring[RX];
	uint64_t edge = 4 * MIB;
	struct gdesc table[2];
	struct gused used;
	uint16_t head;

	guest_add_region(g, 0, 0x7f0000000000, 4 * MIB, 0x5000);
	guest_add_region(g, edge, 0x7e0000000000, 64 * 1024, 0);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, 32, 0, 4096);
	start_with_table(w);
	memcpy(g->ptr[0] + edge - 3, "abc", 3);
	memcpy(g->ptr[1], "defgh", 5);
	gring_add(tx, &(struct gbuf){ edge - 3, 8, false }, 1);
	gring_kick(tx);
	gring_expect(tx, 0);
	tclient_expect_text(&w->client[0], "abcdefgh");

	/* A table whose first descriptor is cut in two. */
	table[0] = (struct gdesc){ edge - 2, 2, DESC_NEXT, 1 };
	table[1] = (struct gdesc){ edge + 4096, 1, 0, 0 };
	memcpy(g->ptr[0] + edge - 7, table, 7);
	memcpy(g->ptr[1], (char *)table + 7, sizeof(table) - 7);
	g->ptr[1][4096] = '!';
	head = gring_take_desc(tx);
	tx->desc[head] = (struct gdesc){ edge - 7, sizeof(table),
					 DESC_INDIRECT, 0 };
	gring_add_head(tx, head, 1);
	gring_kick(tx);
	gring_expect(tx, 0);
	tclient_expect(&w->client[0], g->ptr[0] + edge - 2, 2);
	tclient_expect_text(&w->client[0], "!");

	/* Input: a second ring session with one buffer, across the edge. */
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	gring_add(rx, &(struct gbuf){ edge - 3, 100, true }, 1);
	fe_start_ring(&w->fe[0], rx, 0);
	tclient_type(&w->client[0], "12345678");
	gring_kick(rx);
	must(gring_wait(rx, &used, WAIT_MS) && used.len == 8, "input");
	must(memcmp(g->ptr[0] + edge - 3, "123", 3) == 0 &&
	     memcmp(g->ptr[1], "45678", 5) == 0, "input across the edge");
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_13_bad_tables),
		WORLD_TEST(t_13_trailing_bytes),
		WORLD_TEST(t_13_eight_regions),
		WORLD_TEST(t_13_unaligned_file_offset),
		WORLD_TEST(t_14_table_swapped_under_traffic),
		WORLD_TEST(buffers_across_regions),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
