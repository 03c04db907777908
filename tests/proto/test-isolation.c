/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest's trouble is not another's.
 */
#include <signal.h>
#include <stdio.h>

#include "common/log.h"
#include "common/mono.h"
#include "tests/lib/world.h"

static void two_consoles(struct world *w)
{
	world_quiet_daemon(w, 2);
	world_qemu(w, 0, GUEST_FEATURES);
	world_uml(w, 1, GUEST_FEATURES);
	for (unsigned int i = 0; i < 2; i++) {
		world_client(w, i, i);
		world_check_console(w, i, i);
	}
}

static void consoles_do_not_mix(void **state)
{
	struct world *w = *state;
	char text[40];

	two_consoles(w);
	for (unsigned int n = 0; n < 200; n++) {
		for (unsigned int i = 0; i < 2; i++) {
			snprintf(text, sizeof(text), "guest %u line %u", i, n);
			guest_print_text(&w->guest[i], text);
			snprintf(text, sizeof(text), "to %u line %u", i, n);
			tclient_type(&w->client[i], text);
		}
		for (unsigned int i = 0; i < 2; i++) {
			snprintf(text, sizeof(text), "guest %u line %u", i, n);
			tclient_expect_text(&w->client[i], text);
			snprintf(text, sizeof(text), "to %u line %u", i, n);
			guest_expect_text(&w->guest[i], text);
		}
	}
	must(w->worker[0] != w->worker[1], "one worker for both");
	world_end(w);
}

static void a_dead_neighbour(void **state)
{
	struct world *w = *state;

	two_consoles(w);
	for (unsigned int n = 0; n < 10; n++) {
		w->worker[0] = daemon_kill_worker(&w->daemon, 0, SIGKILL);
		world_check_console(w, 1, 1);
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

/* The worker of console 0 crashes until it is given up. */
static void park(struct world *w)
{
	uint64_t deadline = wait_until(20000);

	while (daemon_log_count(&w->daemon, "parked") == 0) {
		pid_t pid = process_child(w->daemon.pid,
					  "vhost-device-console-worker",
					  "console=0");

		must(wait_left(deadline) > 0, "neither worker nor end");
		/* One that has just begun does not hear it yet. */
		if (pid != 0)
			kill(pid, SIGSEGV);
		wait_pause();
	}
}

/* Its front-end is let in and out again; next door nothing happens. */
static void a_parked_neighbour(void **state)
{
	struct world *w = *state;
	struct frontend fe;

	two_consoles(w);
	w->workers_die = true;
	park(w);
	must(daemon_log_count(&w->daemon, "parked") == 1, "%u lines say so",
	     daemon_log_count(&w->daemon, "parked"));
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	world_check_console(w, 1, 1);
	fe_expect_end(&w->fe[0]);
	for (unsigned int i = 0; i < 3; i++) {
		fe_open(&fe, daemon_sock(&w->daemon, 0));
		fe_expect_end(&fe);
		fe_close(&fe);
	}
	pump_print(&w->guest[1], &w->client[1], 1, 0, 300000, 1000);
	pump_paste(&w->client[1], &w->guest[1], 0, 300000);
	world_end(w);
}

/* One guest prints all it can to a client that does not read. */
static void a_noisy_neighbour(void **state)
{
	struct world *w = *state;
	char flood[4096] = "";
	struct gring *tx;

	two_consoles(w);
	tx = &w->guest[0].ring[TX];
	for (unsigned int n = 0; n < 300; n++) {
		guest_print_collect(&w->guest[0]);
		while (tx->nfree > 0)
			guest_print_start(&w->guest[0], flood, sizeof(flood));
		world_check_console(w, 1, 1);
	}
	world_end(w);
}

static void refused_front_end(struct world *w, unsigned int console)
{
	struct frontend fe;

	fe_open(&fe, daemon_sock(&w->daemon, console));
	fe_expect_end(&fe);
	fe_close(&fe);
}

/* Its lines are limited, the other's only line is not. */
static void a_neighbour_that_fills_the_log(void **state)
{
	struct world *w = *state;

	two_consoles(w);
	for (unsigned int i = 0; i < 30; i++)
		refused_front_end(w, 0);
	refused_front_end(w, 1);
	daemon_log_wait(&w->daemon, "console 1: front-end (", 1);
	must(daemon_log_count(&w->daemon, "console 0: front-end (") < 30,
	     "not limited");
	world_end(w);
}

/* Whoever connects again and again is named a few hundred times in 10 s. */
static void a_neighbour_that_comes_and_goes(void **state)
{
	struct world *w = *state;
	uint64_t since = mono_us();
	unsigned int lines, most;

	two_consoles(w);
	for (unsigned int i = 0; i < 500; i++) {
		struct tclient c;

		tclient_open(&c, w->daemon.port, 0);
		tclient_reset(&c);
		/* time to be let in */
		world_check_console(w, 0, 0);
	}
	lines = daemon_log_count(&w->daemon, "console 0: client ") -
		daemon_log_count(&w->daemon, " refused: ");
	most = 200 * (1 + (unsigned int)((mono_us() - since) / LOG_LIMIT_US));
	must(lines > 100 && lines <= most, "%u lines", lines);
	tclient_close(&w->client[1]);
	daemon_log_wait(&w->daemon, "console 1: client 127.0.0.1", 2);
	world_client(w, 1, 1);
	world_check_console(w, 1, 1);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(consoles_do_not_mix),
		WORLD_TEST(a_dead_neighbour),
		WORLD_TEST(a_parked_neighbour),
		WORLD_TEST(a_noisy_neighbour),
		WORLD_TEST(a_neighbour_that_fills_the_log),
		WORLD_TEST(a_neighbour_that_comes_and_goes),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}
