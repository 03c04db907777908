/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * kill -9 of a worker while its guest is quiet or prints slowly: the same
 * connection and the same client go on, and no one can tell.
 */
#include <signal.h>
#include <stdio.h>

#include "tests/lib/world.h"

static void resume(struct world *w)
{
	daemon_kill_worker(&w->daemon, 0, SIGKILL);
}

static void quiet_guest(struct world *w)
{
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	for (unsigned int i = 0; i < 5; i++) {
		resume(w);
		world_check_console(w, 0, 0);
		fe_barrier(&w->fe[0]);
		fe_expect_no_request(&w->fe[0]);
	}
	pump_print(&w->guest[0], w->client, 1, 0, 300000, 1000);
	pump_paste(&w->client[0], &w->guest[0], 0, 300000);
	tclient_expect_quiet(&w->client[0], 20);
	guest_expect_no_input(&w->guest[0], 20);
	guest_ctrl_expect_none(&w->guest[0], 20);
	world_end(w);
}

static void quiet_qemu_guest(void **state)
{
	struct world *w = *state;

	w->workers_die = true;
	world_daemon(w, 1, NULL);
	world_qemu(w, 0, GUEST_FEATURES);
	quiet_guest(w);
}

static void quiet_uml_guest(void **state)
{
	struct world *w = *state;

	w->workers_die = true;
	world_daemon(w, 1, NULL);
	world_uml(w, 0, GUEST_FEATURES & ~F_EVENT_IDX);
	quiet_guest(w);
}

/* Whether the last call got out is not known: one more is harmless. */
static void every_ring_is_called_once(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_simple(w);
	w->workers_die = true;
	world_check_console(w, 0, 0);
	for (unsigned int n = 0; n < 5; n++) {
		fe_barrier(&w->fe[0]);
		for (unsigned int i = 0; i < RINGS; i++)
			gring_calls(&g->ring[i]);
		resume(w);
		fe_barrier(&w->fe[0]);
		for (unsigned int i = 0; i < RINGS; i++)
			must(gring_calls(&g->ring[i]) >= 1,
			     "ring %u: no call", i);
	}
	world_end(w);
}

/* A printer every few milliseconds, kills at any time; both directions. */
static void slow_printer_through_ten_kills(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	unsigned int line = 0;
	char text[40];

	world_simple(w);
	w->workers_die = true;
	for (unsigned int i = 0; i < 10; i++) {
		pid_t worker = daemon_worker(&w->daemon, 0, 0);

		kill(worker, SIGKILL);
		for (unsigned int n = 0; n < 20; n++) {
			snprintf(text, sizeof(text), "line %u\r\n", line++);
			guest_print_text(g, text);
			tclient_expect_text(&w->client[0], text);
			tclient_type(&w->client[0], text);
			guest_expect_text(g, text);
			wait_time(2);
		}
		daemon_worker(&w->daemon, 0, worker);
	}
	tclient_expect_quiet(&w->client[0], 20);
	guest_expect_no_input(g, 20);
	world_end(w);
}

/* What nobody has seen yet survives, and so does what nobody could take. */
static void backlog_and_waiting_input(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	w->workers_die = true;
	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	guest_print_pattern(g, 0, 50000);
	resume(w);
	guest_print_pattern(g, 50000, 50000);
	resume(w);
	tclient_expect_pattern(world_client(w, 0, 0), 0, 100000);
	fe_stop_ring(&w->fe[0], &g->ring[RX]);
	tclient_type(&w->client[0], "no buffers for this");
	resume(w);
	fe_barrier(&w->fe[0]);
	resume(w);
	fe_start_ring(&w->fe[0], &g->ring[RX], g->ring[RX].used_idx);
	guest_expect_text(g, "no buffers for this");
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Stopped rings and their bases, a session that is only half set up. */
static void every_stage_of_a_session(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	w->workers_die = true;
	world_quiet_daemon(w, 1);
	guest_like_qemu(g, 64);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	fe_barrier(fe);
	resume(w);
	fe_qemu_realize(fe, g, ~0ULL);
	resume(w);
	fe_qemu_start(fe, g, GUEST_FEATURES);
	resume(w);
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		resume(w);
		fe_qemu_stop(fe, g);
		resume(w);
		for (unsigned int r = 0; r < RINGS; r++)
			must(fe_stop_ring(fe, &g->ring[r]) ==
			     g->ring[r].used_idx, "base of a stopped ring");
		must(fe_get(fe, FE_GET_STATUS) == STATUS_FEATURES_OK,
		     "status is lost");
		guest_print_start(g, "stopped", 7);
		resume(w);
		fe_qemu_start(fe, g, GUEST_FEATURES);
		gring_expect(&g->ring[TX], 0);
		tclient_expect_text(&w->client[0], "stopped");
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

/* Killed with half a message read, or with the answer not yet written. */
static void in_the_middle_of_a_message(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct gring *tx = &w->guest[0].ring[TX];
	struct fe_msg m = fe_msg_fd(FE_SET_VRING_KICK, TX, tx->kick);
	struct fe_msg reply;

	world_simple(w);
	w->workers_die = true;
	m.fds[0] = tx->kick;
	m.nfds = 1;
	m.flags |= FE_NEED_REPLY;
	for (size_t at = 1; at < FE_HEADER + 8; at++) {
		pid_t worker = daemon_worker(&w->daemon, 0, 0);

		fe_write(fe, &m, at, m.fds, 1);
		wait_time(1);
		kill(worker, SIGKILL);
		fe_write(fe, (char *)&m + at, FE_HEADER + 8 - at, NULL, 0);
		must(fe_recv(fe, &reply) && reply.request == m.request &&
		     reply.flags == FE_REPLY_FLAGS &&
		     fe_msg_get_u64(&reply, 0) == 0, "cut at %zu: no ack", at);
		daemon_worker(&w->daemon, 0, worker);
		world_check_console(w, 0, 0);
	}
	for (unsigned int i = 0; i < 20; i++) {
		pid_t worker = daemon_worker(&w->daemon, 0, 0);

		/* Stopped, it answers none of these; all are answered once. */
		kill(worker, i % 2 == 0 ? SIGSTOP : 0);
		fe_send(fe, &m);
		fe_tell(fe, fe_msg(FE_GET_FEATURES));
		kill(worker, SIGKILL);
		fe_tell(fe, fe_msg(FE_GET_QUEUE_NUM));
		must(fe_recv(fe, &reply) && reply.request == m.request &&
		     fe_msg_get_u64(&reply, 0) == 0, "ack");
		must(fe_recv(fe, &reply) && reply.request == FE_GET_FEATURES,
		     "features");
		must(fe_recv(fe, &reply) && reply.request == FE_GET_QUEUE_NUM,
		     "queue number");
		daemon_worker(&w->daemon, 0, worker);
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Several clients, one of them half-closed, one that comes while it is dead. */
static void clients_of_all_kinds(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_simple(w);
	w->workers_die = true;
	for (unsigned int i = 1; i < 3; i++) {
		world_client(w, i, 0);
		world_await_client(w, 0, i);
	}
	tclient_half_close(&w->client[1]);
	for (unsigned int i = 0; i < 5; i++) {
		resume(w);
		world_client(w, 3, 0);
		tclient_type(&w->client[3], "new");
		guest_expect_text(g, "new");
		guest_print_text(g, "for all of you");
		for (unsigned int c = 0; c < 4; c++)
			tclient_expect_text(&w->client[c], "for all of you");
		tclient_close(&w->client[3]);
	}
	for (unsigned int c = 0; c < 3; c++)
		tclient_expect_quiet(&w->client[c], 10);
	world_end(w);
}

/* The front-end goes while there is no worker. */
static void front_end_leaves_meanwhile(void **state)
{
	struct world *w = *state;

	world_simple(w);
	w->workers_die = true;
	for (unsigned int i = 0; i < 5; i++) {
		kill(daemon_worker(&w->daemon, 0, 0), SIGKILL);
		world_next_qemu(w, 0, GUEST_FEATURES);
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(quiet_qemu_guest),
		WORLD_TEST(quiet_uml_guest),
		WORLD_TEST(every_ring_is_called_once),
		WORLD_TEST(slow_printer_through_ten_kills),
		WORLD_TEST(backlog_and_waiting_input),
		WORLD_TEST(every_stage_of_a_session),
		WORLD_TEST(in_the_middle_of_a_message),
		WORLD_TEST(clients_of_all_kinds),
		WORLD_TEST(front_end_leaves_meanwhile),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}
