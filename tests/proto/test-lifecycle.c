/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/world.h"

#define NOTICE		"\r\n[vhost-device-console: "

static void second_front_end_is_refused(void **state)
{
	struct world *w = *state;
	struct frontend other;

	world_simple(w);
	for (unsigned int i = 0; i < 10; i++) {
		fe_open(&other, daemon_sock(&w->daemon, 0));
		fe_expect_end(&other);
		fe_close(&other);
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

/* The front-end goes, the clients stay and are told. */
static void reconnect_with_a_notice(void **state)
{
	struct world *w = *state;
	char text[400];

	world_daemon(w, 1, NULL);
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	guest_print_text(&w->guest[0], "first guest");
	tclient_read_to(&w->client[0], "first guest", text, sizeof(text));
	for (unsigned int i = 0; i < 3; i++) {
		guest_print_text(&w->guest[0], "last words");
		fe_close(&w->fe[0]);
		tclient_expect_text(&w->client[0], "last words");
		tclient_expect_text(&w->client[0], NOTICE);
		tclient_read_to(&w->client[0], "]", text, sizeof(text));
		world_next_qemu(w, 0, GUEST_FEATURES);
		guest_print_text(&w->guest[0], "next guest");
		tclient_read_to(&w->client[0], "next guest", text,
				sizeof(text));
		tclient_type(&w->client[0], "typed");
		guest_expect_text(&w->guest[0], "typed");
	}
	world_end(w);
}

static void reconnect_without_notices(void **state)
{
	struct world *w = *state;

	world_simple(w);
	for (unsigned int i = 0; i < 20; i++) {
		world_check_console(w, 0, 0);
		/* Half the guests have output that nobody has seen yet. */
		if (i % 2 == 0)
			guest_print_text(&w->guest[0], "unseen");
		world_next_qemu(w, 0, GUEST_FEATURES);
		if (i % 2 == 0)
			tclient_expect_text(&w->client[0], "unseen");
	}
	world_end(w);
}

/* Who came and who went, each with its console. */
static void attach_and_detach_are_logged(void **state)
{
	struct world *w = *state;
	unsigned int lines;
	char peer[32];

	world_quiet_daemon(w, 2);
	world_qemu(w, 1, GUEST_FEATURES);
	lines = daemon_log_count(&w->daemon, "console 1");
	must(lines > 0, "nothing about the front-end");
	world_client(w, 0, 1);
	snprintf(peer, sizeof(peer), "127.0.0.1:%u ",
		 tclient_port(&w->client[0]));
	daemon_log_wait(&w->daemon, peer, 1);
	tclient_close(&w->client[0]);
	daemon_log_wait(&w->daemon, peer, 2);
	must(daemon_log_count(&w->daemon, "console 1") >= lines + 2,
	     "the client's lines do not name the console");
	lines = daemon_log_count(&w->daemon, "console 1");
	fe_close(&w->fe[1]);
	daemon_log_wait(&w->daemon, "console 1", lines + 1);
	world_end(w);
}

/* One that is gone before it is accepted has an address all the same. */
static void a_client_that_resets_at_once(void **state)
{
	struct world *w = *state;
	const struct linger now = { 1, 0 };
	char peer[32];

	world_quiet_daemon(w, 1);
	must(!kill(w->daemon.pid, SIGSTOP), "SIGSTOP");
	world_client(w, 0, 0);
	snprintf(peer, sizeof(peer), "127.0.0.1:%u ",
		 tclient_port(&w->client[0]));
	must(!setsockopt(w->client[0].fd, SOL_SOCKET, SO_LINGER, &now,
			 sizeof(now)), "SO_LINGER");
	tclient_close(&w->client[0]);
	must(!kill(w->daemon.pid, SIGCONT), "SIGCONT");
	daemon_log_wait(&w->daemon, peer, 2);
	world_end(w);
}

/* The last words count the guests that lose their console. */
static void stop_tells_how_many_guests_are_left(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 3);
	world_qemu(w, 0, GUEST_FEATURES);
	world_uml(w, 2, GUEST_FEATURES);
	must(daemon_log_count(&w->daemon, "2 guests") == 0, "too early");
	world_end(w);
	must(daemon_log_count(&w->daemon, "2 guests") == 1, "not said");
}

/* The channel is never read: nothing waits for it. */
static void t_08_backend_channel_is_not_read(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	int first;

	world_simple(w);
	for (unsigned int i = 0; i < 5; i++) {
		world_check_console(w, 0, 0);
		fe_qemu_stop(fe, &w->guest[0]);
		fe_barrier(fe);
		fe_qemu_start(fe, &w->guest[0], GUEST_FEATURES);
	}
	fe_expect_no_request(fe);
	/* A second channel replaces the first. */
	first = fe->backend;
	fe->backend = -1;
	fe_set_backend_channel(fe);
	fe_barrier(fe);
	must(wait_fd(first, POLLIN, wait_until(WAIT_MS)) &&
	     read(first, &(char){ 0 }, 1) == 0, "the old channel stays open");
	close(first);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* The device forgets all of a session but the console's own. */
static void reset_device(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_simple(w);
	for (unsigned int i = 0; i < 5; i++) {
		world_check_console(w, 0, 0);
		fe_ok(fe, fe_msg(FE_RESET_DEVICE));
		must(fe_get(fe, FE_GET_STATUS) == 0, "status after a reset");
		for (unsigned int r = 0; r < RINGS; r++)
			gring_reset(&g->ring[r], 0);
		fe_qemu_start(fe, g, GUEST_FEATURES);
		guest_boot(g);
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(second_front_end_is_refused),
		WORLD_TEST(reconnect_with_a_notice),
		WORLD_TEST(reconnect_without_notices),
		WORLD_TEST(attach_and_detach_are_logged),
		WORLD_TEST(a_client_that_resets_at_once),
		WORLD_TEST(stop_tells_how_many_guests_are_left),
		WORLD_TEST(t_08_backend_channel_is_not_read),
		WORLD_TEST(reset_device),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
