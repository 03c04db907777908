/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/world.h"

#define MIB	(1024 * 1024)

/* What was printed before anyone came waits, in order, for the first. */
static void output_before_the_first_client(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	for (unsigned int at = 0; at < 100000; at += 1000)
		guest_print_pattern(g, at, 1000);
	tclient_expect_pattern(world_client(w, 0, 0), 0, 100000);
	world_check_console(w, 0, 0);
	/* The second has not missed anything that nobody saw. */
	tclient_close(&w->client[0]);
	daemon_log_wait(&w->daemon, "client", 2);
	world_client(w, 1, 0);
	world_check_console(w, 0, 1);
	world_end(w);
}

/* More than the scrollback holds: what is left is the end of it. */
static void more_output_than_scrollback(void **state)
{
	struct world *w = *state;
	char *seen = malloc(MIB);
	size_t len;

	must(seen != NULL, "out of memory");
	world_daemon(w, 1, DAEMON_OPTIONS("--notices", "off",
					  "--scrollback-size", "64k"));
	world_qemu(w, 0, GUEST_FEATURES);
	guest_print_pattern(&w->guest[0], 0, 300000);
	world_client(w, 0, 0);
	len = tclient_read_quiet(&w->client[0], seen, MIB, 300);
	must(len > 60000 && len <= 65536, "%zu bytes are left", len);
	pattern_check(seen, 300000 - len, len, "client");
	free(seen);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Typed before the guest is ready: it waits, and arrives. */
static void t_46_input_before_the_guest_is_ready(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_quiet_daemon(w, 1);
	world_client(w, 0, 0);
	tclient_type(&w->client[0], "no front-end yet,");
	guest_like_qemu(g, 64);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	fe_qemu_realize(fe, g, ~0ULL);
	tclient_type(&w->client[0], "no rings yet,");
	fe_qemu_start(fe, g, GUEST_FEATURES);
	tclient_type(&w->client[0], "no buffers yet,");
	fe_barrier(fe);
	/* Nor any DEVICE_READY before them. */
	guest_fill(g, RX);
	guest_expect_text(g, "no front-end yet,no rings yet,no buffers yet,");
	guest_boot(g);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void paste_of_1_mib(void **state)
{
	struct world *w = *state;

	world_simple(w);
	pump_paste(&w->client[0], &w->guest[0], 0, MIB);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void print_of_8_mib(void **state)
{
	struct world *w = *state;

	world_simple(w);
	/* a client the worker does not know yet holds nothing back for it */
	world_check_console(w, 0, 0);
	pump_print(&w->guest[0], w->client, 1, 0, 8 * MIB, 4096);
	pump_print(&w->guest[0], w->client, 1, 8 * MIB, 100000, 16);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Every byte value, both ways; ^C and ^] are the guest's. */
static void t_45_every_byte_is_data(void **state)
{
	struct world *w = *state;
	unsigned char all[256];

	world_simple(w);
	for (unsigned int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	tclient_send(&w->client[0], all, sizeof(all));
	guest_expect_input(&w->guest[0], all, sizeof(all));
	guest_print(&w->guest[0], all, sizeof(all));
	tclient_expect(&w->client[0], all, sizeof(all));
	tclient_type(&w->client[0], "\x03");
	guest_expect_text(&w->guest[0], "\x03");
	tclient_type(&w->client[0], "\x1d");
	guest_expect_text(&w->guest[0], "\x1d");
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Input that is there at once is one used element, not one a byte. */
static void t_46_one_used_element_for_all_input(void **state)
{
	struct world *w = *state;
	struct gring *rx = &w->guest[0].ring[RX];
	char text[2000];
	struct gused used;

	world_simple(w);
	memset(text, 'i', sizeof(text));
	for (unsigned int i = 0; i < 20; i++) {
		tclient_send(&w->client[0], text, sizeof(text));
		must(gring_wait(rx, &used, WAIT_MS), "no input");
		must(used.len == sizeof(text), "the first of it has %u bytes",
		     used.len);
		gring_add_own(rx, rx->buf_size, true);
		gring_kick(rx);
	}
	world_end(w);
}

/* Kicks with nothing to read do not use up buffers. */
static void t_46_buffers_survive_idle_kicks(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[RX];
	struct gused used;

	world_simple(w);
	for (unsigned int i = 0; i < 1000; i++) {
		gring_kick_anyway(rx);
		if (i % 10 == 0)
			fe_barrier(&w->fe[0]);
	}
	must(gring_device_idx(rx) == rx->used_idx, "buffers came back");
	/* Each of them is still good for input. */
	for (uint16_t i = 0; i < rx->num; i++) {
		tclient_type(&w->client[0], "k");
		must(gring_wait(rx, &used, WAIT_MS) && used.len == 1,
		     "buffer %u is lost", i);
	}
	guest_fill(g, RX);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* A backlog comes out in the order in which it went in. */
static void t_46_backlog_in_order(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	char line[32];

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "line %u\r\n", i);
		guest_print_text(g, line);
	}
	world_client(w, 0, 0);
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "line %u\r\n", i);
		tclient_expect_text(&w->client[0], line);
	}
	world_end(w);
}

/* Neither flood makes the worker grow. */
static void t_46_no_queue_without_bound(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	char flood[65536];
	long before;

	world_daemon(w, 1, DAEMON_OPTIONS("--notices", "off", "--overflow",
					  "drop-oldest"));
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	guest_print_pattern(g, 0, MIB);
	before = process_rss_kb(w->worker[0]);
	for (unsigned int i = 0; i < 64; i++)
		guest_print_pattern(g, 0, MIB);
	/* Now input, with no buffer to put it in. */
	fe_stop_ring(&w->fe[0], &g->ring[RX]);
	memset(flood, 'f', sizeof(flood));
	for (unsigned int i = 0; i < 256; i++)
		tclient_send_some(&w->client[0], flood, sizeof(flood));
	fe_barrier(&w->fe[0]);
	must(process_rss_kb(w->worker[0]) < before + 1024,
	     "the worker grew from %ld to %ld KiB", before,
	     process_rss_kb(w->worker[0]));
	world_end(w);
}

/* UML and a guest with two queues only. */
static void single_port_guests(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 2);
	world_qemu(w, 0, F_VERSION_1);
	world_uml(w, 1, F_VERSION_1 | F_EVENT_IDX);
	world_client(w, 0, 0);
	world_client(w, 1, 1);
	for (unsigned int i = 0; i < 2; i++) {
		world_check_console(w, i, i);
		pump_print(&w->guest[i], &w->client[i], 1, 0, 300000, 1000);
		pump_paste(&w->client[i], &w->guest[i], 0, 300000);
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(output_before_the_first_client),
		WORLD_TEST(more_output_than_scrollback),
		WORLD_TEST(t_46_input_before_the_guest_is_ready),
		WORLD_TEST(paste_of_1_mib),
		WORLD_TEST(print_of_8_mib),
		WORLD_TEST(t_45_every_byte_is_data),
		WORLD_TEST(t_46_one_used_element_for_all_input),
		WORLD_TEST(t_46_buffers_survive_idle_kicks),
		WORLD_TEST(t_46_backlog_in_order),
		WORLD_TEST(t_46_no_queue_without_bound),
		WORLD_TEST(single_port_guests),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
