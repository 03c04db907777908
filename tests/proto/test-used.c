/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * T-52: used lengths, and which parts of a chain count.
 */
#include <string.h>

#include "tests/lib/world.h"

static void t_52_output_has_length_zero(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	struct gbuf buf[3] = {
		{ 0x2000, 3, false }, { 0x3000, 4, false }, { 0x4000, 9, true },
	};

	world_simple(w);
	memcpy(guest_ptr(g, 0x2000, 3), "out", 3);
	memcpy(guest_ptr(g, 0x3000, 4), "put!", 4);
	gring_add(tx, buf, 2);
	gring_kick(tx);
	gring_expect(tx, 0);
	tclient_expect_text(&w->client[0], "output!");
	/* Writable parts of an output chain are left alone. */
	memset(guest_ptr(g, 0x4000, 9), 'u', 9);
	gring_add(tx, buf, 3);
	gring_add(tx, buf + 2, 1);
	gring_add_indirect(tx, buf, 3);
	gring_kick(tx);
	for (unsigned int i = 0; i < 3; i++)
		gring_expect(tx, 0);
	tclient_expect_text(&w->client[0], "output!output!");
	must(memcmp(guest_ptr(g, 0x4000, 9), "uuuuuuuuu", 9) == 0,
	     "an output chain was written to");
	world_end(w);
}

/* A normal descriptor in front of a table is legal. */
static void table_behind_a_descriptor(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	uint16_t head, table;

	world_simple(w);
	memcpy(guest_ptr(g, 0x2000, 6), "foobar", 6);
	head = gring_take_desc(tx);
	table = gring_take_desc(tx);
	tx->desc[head] = (struct gdesc){ 0x2000, 3, DESC_NEXT, table };
	/* WRITE on the descriptor of a table means nothing. */
	tx->desc[table] = (struct gdesc){ 0x3000, 16,
					  DESC_INDIRECT | DESC_WRITE, 0 };
	*(struct gdesc *)guest_ptr(g, 0x3000, 16) =
		(struct gdesc){ 0x2003, 3, 0, 0 };
	gring_add_head(tx, head, 2);
	gring_kick(tx);
	gring_expect(tx, 0);
	tclient_expect_text(&w->client[0], "foobar");
	world_end(w);
}

/* Input fills chains of any shape in order, and says how far. */
static void t_52_input_length_is_exact(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[RX];
	struct gbuf pieces[4] = {
		{ 0x2000, 1, true }, { 0x3000, 2, true },
		{ 0x4000, 3, true }, { 0x5000, 100, true },
	};
	struct gbuf mixed[2] = { { 0x6000, 8, false }, { 0x7000, 2, true } };
	struct gbuf tiny = { 0x8000, 1, true };
	char text[32] = "";

	world_simple(w);
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	memset(guest_ptr(g, 0x2000, 0x7000), 0, 0x7000);
	gring_add(rx, &tiny, 1);
	gring_add(rx, mixed, 2);
	gring_add_indirect(rx, pieces, 3);
	gring_add(rx, pieces + 3, 1);
	gring_publish(rx);
	tclient_type(&w->client[0], "0123456789abc");
	fe_start_ring(&w->fe[0], rx, 0);
	gring_expect(rx, 1);
	gring_expect(rx, 2);
	gring_expect(rx, 6);
	gring_expect(rx, 4);
	strncat(text, guest_ptr(g, 0x8000, 1), 1);
	strncat(text, guest_ptr(g, 0x7000, 2), 2);
	strncat(text, guest_ptr(g, 0x2000, 1), 1);
	strncat(text, guest_ptr(g, 0x3000, 2), 2);
	strncat(text, guest_ptr(g, 0x4000, 3), 3);
	strncat(text, guest_ptr(g, 0x5000, 4), 4);
	must(strcmp(text, "0123456789abc") == 0, "input is '%s'", text);
	world_end(w);
}

/* A buffer of more pieces than one record of input has room for. */
static void input_of_many_pieces(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[RX];
	struct gbuf plain = { 0x8000, 100, true };
	struct gbuf piece[100];
	char text[161];

	world_simple(w);
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	for (unsigned int i = 0; i < 100; i++)
		piece[i] = (struct gbuf){ 0x2000 + 64 * i, 1, true };
	for (unsigned int i = 0; i < 160; i++)
		text[i] = (char)('0' + i % 64);
	text[160] = '\0';
	gring_add_indirect(rx, piece, 100);
	gring_add(rx, &plain, 1);
	gring_publish(rx);
	tclient_type(&w->client[0], text);
	fe_start_ring(&w->fe[0], rx, 0);
	gring_expect(rx, 64);
	gring_expect(rx, 96);
	for (unsigned int i = 0; i < 64; i++)
		must(*(char *)guest_ptr(g, piece[i].gpa, 1) == text[i],
		     "piece %u is another one's", i);
	must(memcmp(guest_ptr(g, 0x8000, 96), text + 64, 96) == 0,
	     "the next buffer does not go on");
	world_end(w);
}

static void t_52_control_length_is_exact(void **state)
{
	struct world *w = *state;

	/* guest_boot() wants 8 bytes in each message and 0 for its own. */
	world_simple(w);
	world_end(w);
}

/* A table of as many entries as the ring, and one chain of the whole ring. */
static void long_chains(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	struct gbuf buf[64];
	char want[64];

	world_simple(w);
	for (unsigned int i = 0; i < 64; i++) {
		want[i] = (char)('0' + i);
		*(char *)guest_ptr(g, 0x2000 + 64 * i, 1) = want[i];
		buf[i] = (struct gbuf){ 0x2000 + 64 * i, 1, false };
	}
	gring_add_indirect(tx, buf, 64);
	gring_kick(tx);
	gring_expect(tx, 0);
	tclient_expect(&w->client[0], want, 64);
	gring_add(tx, buf, 64);
	gring_kick(tx);
	gring_expect(tx, 0);
	tclient_expect(&w->client[0], want, 64);
	world_end(w);
}

/* Far more than one pass would take, and more than the scrollback holds. */
static void one_huge_chain(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	struct gbuf buf = { .len = 4 << 20 };

	guest_add_region(g, 0, 0x7f1200000000, 1 << 20, 0);
	guest_add_region(g, 1 << 20, 0x7f1300000000, 8 << 20, 0);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, 64, 1, 4096);
	world_quiet_daemon(w, 1);
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_qemu_realize(&w->fe[0], g, ~0ULL);
	fe_qemu_start(&w->fe[0], g, GUEST_FEATURES);
	guest_boot(g);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
	buf.gpa = guest_alloc(g, 1, buf.len, 4096);
	pattern_fill(guest_ptr(g, buf.gpa, buf.len), 0, buf.len);
	gring_add(tx, &buf, 1);
	gring_kick(tx);
	tclient_expect_pattern(&w->client[0], 0, buf.len);
	gring_expect(tx, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Buffers of one byte: each has its byte, and none has a length below 0. */
static void r_19_rx_tiny(void **state)
{
	static const char text[] = "Each of these bytes has a buffer of its own.";
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[RX];
	struct gused used;

	world_simple(w);
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	fe_start_ring(&w->fe[0], rx, 0);
	for (unsigned int round = 0; round < 50; round++) {
		tclient_type(&w->client[0], text);
		for (size_t i = 0; i < strlen(text); i++) {
			gring_add_own(rx, 1, true);
			gring_kick(rx);
			must(gring_wait(rx, &used, WAIT_MS) && used.len == 1,
			     "byte %zu: used length %u", i, used.len);
			must(*(char *)gring_buf_ptr(rx, used.head) == text[i],
			     "byte %zu differs", i);
		}
		/* and many at once */
		while (rx->nfree > 0)
			gring_add_own(rx, 1, true);
		gring_kick(rx);
		tclient_send(&w->client[0], text, 64 % sizeof(text) + 1);
		for (size_t i = 0; i < 64 % sizeof(text) + 1; i++)
			gring_expect(rx, 1);
		fe_stop_ring(&w->fe[0], rx);
		gring_reset(rx, 0);
		fe_start_ring(&w->fe[0], rx, 0);
	}
	guest_fill(g, RX);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_52_output_has_length_zero),
		WORLD_TEST(table_behind_a_descriptor),
		WORLD_TEST(t_52_input_length_is_exact),
		WORLD_TEST(input_of_many_pieces),
		WORLD_TEST(t_52_control_length_is_exact),
		WORLD_TEST(r_19_rx_tiny),
		WORLD_TEST(long_chains),
		WORLD_TEST(one_huge_chain),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("used", tests, NULL, NULL);
}
