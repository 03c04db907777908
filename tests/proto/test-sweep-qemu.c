/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker killed at each place there is, with a guest like one of QEMU:
 * before and after each system call, and at each STATE_POINT() between two
 * stores; and its successor, at each place of its own start.
 *
 * Each place of a start is tried in one step of the run. VDC_SWEEP=all tries
 * all of them in every step.
 */
#include "tests/proto/sweep-moves.h"

#define EMERG_WR	8
#define CONFIG_LEN	12

static void second_client(struct sweep_run *s)
{
	sweep_step(s, "a second client");
	tclient_open(sweep_client(s, 1), s->w->daemon.port, 0);
	sweep_type(s, 1, "second");
	sweep_print(s, "for both");
	tclient_expect_text(sweep_client(s, 1), "for both");
	sweep_step(s, "half a client");
	tclient_half_close(sweep_client(s, 1));
	sweep_print(s, "still for both");
	tclient_expect_text(sweep_client(s, 1), "still for both");
	sweep_step(s, "the end of a client");
	tclient_close(sweep_client(s, 1));
}

static void paste(struct sweep_run *s)
{
	char text[6000];

	pattern_fill(text, 0, sizeof(text));
	sweep_step(s, "a paste");
	tclient_send(sweep_client(s, 0), text, sizeof(text));
	sweep_expect_input(s, text, sizeof(text));
}

static void stop_and_go_on(struct sweep_run *s)
{
	struct guest *g = sweep_guest(s);

	sweep_step(s, "a stop");
	fe_qemu_stop(sweep_frontend(s), g);
	sweep_step(s, "typing to a stopped guest");
	guest_print_start(g, "stopped", 7);
	tclient_type(sweep_client(s, 0), "typed meanwhile");
	sweep_step(s, "going on");
	fe_qemu_start(sweep_frontend(s), g, GUEST_FEATURES);
	gring_expect(&g->ring[TX], 0);
	sweep_spoil_printed(s);
	tclient_expect_text(sweep_client(s, 0), "stopped");
	sweep_expect_text(s, "typed meanwhile");
}

static void reboot(struct sweep_run *s)
{
	struct guest *g = sweep_guest(s);

	sweep_step(s, "a stop to reboot");
	fe_qemu_stop(sweep_frontend(s), g);
	sweep_reset_rings(s);
	sweep_step(s, "a start after it");
	fe_qemu_start(sweep_frontend(s), g, GUEST_FEATURES);
	sweep_boot(s);
	sweep_print(s, "booted again");
	sweep_type(s, 0, "typed again");
}

static void emergency_write(struct sweep_run *s)
{
	uint8_t space[CONFIG_LEN] = { [EMERG_WR] = 'x' };

	sweep_step(s, "an emergency write");
	fe_ok(sweep_frontend(s), fe_msg_config(FE_SET_CONFIG, 0, CONFIG_LEN, 0,
					       space));
	tclient_expect_text(sweep_client(s, 0), "x");
}

/* Half a message, the rest and another one, and both answers. */
static void message_in_pieces(struct sweep_run *s)
{
	struct gring *r = &sweep_guest(s)->ring[TX];
	struct fe_msg m[2] = {
		fe_msg_fd(FE_SET_VRING_KICK, TX, r->kick),
		fe_msg(FE_GET_STATUS),
	};
	const size_t cut[] = { 5, FE_HEADER + 3, FE_HEADER + 10 };
	struct fe_msg reply;

	m[0].flags |= FE_NEED_REPLY;
	sweep_step(s, "messages in pieces");
	fe_send_cut(sweep_frontend(s), m, 2, cut, 3);
	must(fe_recv(sweep_frontend(s), &reply) &&
	     reply.request == FE_SET_VRING_KICK &&
	     fe_msg_get_u64(&reply, 0) == 0, "ack of a message in pieces");
	must(fe_recv(sweep_frontend(s), &reply) &&
	     reply.request == FE_GET_STATUS &&
	     fe_msg_get_u64(&reply, 0) == STATUS_FEATURES_OK, "status");
	sweep_print(s, "kicked anew");
}

/* An index that jumps breaks its ring; the others go on; it can start anew. */
static void broken_ring(struct sweep_run *s)
{
	struct gring *r = &sweep_guest(s)->ring[TX];

	sweep_step(s, "a broken ring");
	fe_enable(sweep_frontend(s), TX, false);
	r->avail_idx = (uint16_t)(r->avail_idx + 1000);
	gring_publish(r);
	fe_enable(sweep_frontend(s), TX, true);
	sweep_type(s, 0, "others go on");
	sweep_step(s, "a ring made whole");
	fe_stop_ring(sweep_frontend(s), r);
	gring_reset(r, 0);
	fe_start_ring(sweep_frontend(s), r, 0);
	sweep_print(s, "whole again");
}

static void run(struct sweep_run *s)
{
	sweep_begin(s, sweep_layout_qemu, false);
	sweep_step(s, "what QEMU asks for");
	fe_qemu_realize(sweep_frontend(s), sweep_guest(s), ~0ULL);
	sweep_step(s, "the start of rings");
	fe_qemu_start(sweep_frontend(s), sweep_guest(s), GUEST_FEATURES);
	sweep_boot(s);
	sweep_expect_text(s, "early");
	sweep_print(s, "hello");
	sweep_print_long(s);
	second_client(s);
	paste(s);
	stop_and_go_on(s);
	reboot(s);
	emergency_write(s);
	message_in_pieces(s);
	broken_ring(s);
	sweep_end(s, 2);
}

static void everywhere(void **state)
{
	sweep(state, run, "wait:2000", "4k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(everywhere),
	};

	return cmocka_run_group_tests_name("sweep-qemu", tests, NULL, NULL);
}
