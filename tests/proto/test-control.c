/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <string.h>

#include "tests/lib/world.h"

#define NO_PORT		0xffffffff

/* Up to running rings; nothing is said on the control queues yet. */
static void start(struct world *w)
{
	struct frontend *fe = &w->fe[0];

	world_quiet_daemon(w, 1);
	guest_like_qemu(&w->guest[0], 64);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	fe_qemu_realize(fe, &w->guest[0], ~0ULL);
	fe_qemu_start(fe, &w->guest[0], GUEST_FEATURES);
	guest_fill(&w->guest[0], RX);
}

static void expect_console(struct guest *g)
{
	guest_ctrl_expect(g, 0, CTRL_CONSOLE_PORT, 1);
	guest_ctrl_expect(g, 0, CTRL_PORT_OPEN, 1);
}

/* A guest that resumes says PORT_READY, and never DEVICE_READY. */
static void t_18_port_ready_alone(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	start(w);
	guest_fill(g, CTRL_RX);
	guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
	expect_console(g);
	guest_ctrl_send(g, 0, CTRL_PORT_OPEN, 1);
	guest_ctrl_expect_none(g, 50);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void t_47_not_ready(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	start(w);
	guest_fill(g, CTRL_RX);
	guest_ctrl_send(g, NO_PORT, CTRL_DEVICE_READY, 0);
	guest_ctrl_expect_none(g, 50);
	guest_ctrl_send(g, NO_PORT, CTRL_DEVICE_READY, 1);
	guest_ctrl_expect(g, 0, CTRL_PORT_ADD, CTRL_ANY);
	guest_ctrl_send(g, 0, CTRL_PORT_READY, 0);
	guest_ctrl_expect_none(g, 50);
	/* A later try is as good as the first. */
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* A driver that is bound again starts all over. */
static void device_ready_again(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	start(w);
	for (unsigned int i = 0; i < 20; i++)
		guest_boot(g);
	guest_ctrl_expect_none(g, 50);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* One buffer at a time, or none for a while: nothing is lost or moved. */
static void no_control_buffers(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[CTRL_RX];
	struct gused used;
	static const uint16_t order[] = {
		CTRL_PORT_ADD, CTRL_CONSOLE_PORT, CTRL_PORT_OPEN,
	};

	start(w);
	guest_ctrl_send(g, NO_PORT, CTRL_DEVICE_READY, 1);
	guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
	for (unsigned int i = 0; i < 3; i++) {
		uint16_t head = gring_add_own(rx, 8, true);
		uint16_t event;

		gring_kick(rx);
		must(gring_wait(rx, &used, WAIT_MS), "message %u is lost", i);
		memcpy(&event, (char *)gring_buf_ptr(rx, head) + 4, 2);
		must(used.len == 8 && event == order[i],
		     "message %u is %u, %u bytes", i, event, used.len);
	}
	guest_fill(g, CTRL_RX);
	guest_ctrl_expect_none(g, 50);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* @len bytes of a PORT_READY(0, 1) and then of nothing much. */
static void send_length(struct guest *g, uint32_t len)
{
	static const uint8_t ready[8] = { 0, 0, 0, 0, CTRL_PORT_READY, 0, 1 };
	struct gring *tx = &g->ring[CTRL_TX];
	uint16_t head = gring_add_own(tx, len, false);
	uint8_t *byte = gring_buf_ptr(tx, head);

	memset(byte, 0xee, len);
	memcpy(byte, ready, len < 8 ? len : 8);
	gring_kick(tx);
	gring_expect(tx, 0);
}

static void odd_lengths(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	start(w);
	guest_fill(g, CTRL_RX);
	for (uint32_t len = 0; len < 8; len++)
		send_length(g, len);
	guest_ctrl_expect_none(g, 50);
	send_length(g, 9);
	expect_console(g);
	send_length(g, 4096);
	expect_console(g);
	world_end(w);
}

/* In pieces of a byte, through a table. */
static void message_in_pieces(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	static const uint8_t ready[8] = { 0, 0, 0, 0, CTRL_PORT_READY, 0, 1 };
	struct gbuf buf[8];

	start(w);
	guest_fill(g, CTRL_RX);
	memcpy(guest_ptr(g, 0x2000, 8), ready, 8);
	for (unsigned int i = 0; i < 8; i++)
		buf[i] = (struct gbuf){ 0x2000 + i, 1, false };
	gring_add_indirect(&g->ring[CTRL_TX], buf, 8);
	gring_add(&g->ring[CTRL_TX], buf, 8);
	gring_kick(&g->ring[CTRL_TX]);
	gring_expect(&g->ring[CTRL_TX], 0);
	gring_expect(&g->ring[CTRL_TX], 0);
	expect_console(g);
	world_end(w);
}

/* Neither an unknown event nor an unknown port stops the queue. */
static void t_46_unknown_events_and_ports(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	start(w);
	guest_fill(g, CTRL_RX);
	for (uint32_t event = 0; event < 0x10000; event += 997)
		if (event > CTRL_PORT_NAME)
			guest_ctrl_send(g, 0, (uint16_t)event, 1);
	guest_ctrl_send(g, 0, CTRL_PORT_ADD, 1);
	guest_ctrl_send(g, 0, CTRL_PORT_REMOVE, 1);
	guest_ctrl_send(g, 0, CTRL_CONSOLE_PORT, 1);
	guest_ctrl_send(g, 0, CTRL_RESIZE, 1);
	guest_ctrl_send(g, 0, CTRL_PORT_NAME, 1);
	for (unsigned int bit = 0; bit < 32; bit++) {
		guest_ctrl_send(g, 1U << bit, CTRL_PORT_READY, 1);
		guest_ctrl_send(g, 1U << bit, CTRL_PORT_OPEN, 1);
	}
	guest_ctrl_expect_none(g, 50);
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* A flood of requests with no buffer for an answer: bounded, still sane. */
static void flood_without_buffers(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[CTRL_RX];
	struct gused used;
	unsigned int answers = 0;

	start(w);
	for (unsigned int i = 0; i < 2000; i++)
		guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
	guest_fill(g, CTRL_RX);
	while (gring_wait(rx, &used, 100)) {
		must(used.len == 8, "a control message of %u bytes", used.len);
		answers++;
	}
	must(answers >= 2 && answers <= 4000, "%u answers", answers);
	guest_fill(g, CTRL_RX);
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/*
 * What a guest was owed is not for the one that boots next, whose rings start
 * one by one and are enabled as they were.
 */
static void owed_to_the_guest_before(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[CTRL_RX];

	start(w);
	guest_ctrl_send(g, NO_PORT, CTRL_DEVICE_READY, 1);
	for (unsigned int i = 0; i < g->nrings; i++) {
		fe_stop_ring(&w->fe[0], &g->ring[i]);
		gring_reset(&g->ring[i], 0);
	}
	guest_fill(g, CTRL_RX);
	fe_start_ring(&w->fe[0], rx, 0);
	fe_barrier(&w->fe[0]);
	must(gring_device_idx(rx) == 0, "a guest was told before it asked");
	for (unsigned int i = 0; i < g->nrings; i++)
		if (i != CTRL_RX)
			fe_start_ring(&w->fe[0], &g->ring[i], 0);
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_18_port_ready_alone),
		WORLD_TEST(t_47_not_ready),
		WORLD_TEST(device_ready_again),
		WORLD_TEST(no_control_buffers),
		WORLD_TEST(odd_lengths),
		WORLD_TEST(message_in_pieces),
		WORLD_TEST(t_46_unknown_events_and_ports),
		WORLD_TEST(flood_without_buffers),
		WORLD_TEST(owed_to_the_guest_before),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
