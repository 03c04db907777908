/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * kill -9 of the supervisor, at any time: no worker outlives it, the caretaker
 * cleans up, and where that was killed as well the next start does. To be gone
 * within a second is asserted as ten.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/command.h"
#include "tests/lib/world.h"

#define GONE_MS		10000
#define CONSOLES	20

/* Processes, and @sockets or not. Returns the milliseconds that took. */
static double expect_all_gone(struct world *w, bool sockets)
{
	uint64_t since = mono_us();
	uint64_t deadline = wait_until(GONE_MS);
	double ms;

	must(WIFSIGNALED(daemon_wait(&w->daemon, GONE_MS)), "not killed");
	command_no_orphans((unsigned int)wait_left(deadline));
	ms = (double)(mono_us() - since) / 1e3;
	for (unsigned int i = 0; i < w->daemon.consoles; i++)
		must((access(daemon_sock(&w->daemon, i), F_OK) == 0) ==
		     sockets, "%s is %s", daemon_sock(&w->daemon, i),
		     sockets ? "gone" : "left");
	return ms;
}

static void start_many(struct world *w)
{
	daemon_start(&w->daemon, CONSOLES, NULL);
	for (unsigned int i = 0; i < CONSOLES; i++)
		daemon_worker(&w->daemon, i, 0);
}

static void quiet(void **state)
{
	struct world *w = *state;

	start_many(w);
	kill(w->daemon.pid, SIGKILL);
	printf("gone after %.1f ms\n", expect_all_gone(w, false));
}

/* Some at work, some stopped: none of them hears anything. */
static void busy_and_stopped(void **state)
{
	struct world *w = *state;
	char buf[1000] = "";

	world_quiet_daemon(w, 4);
	for (unsigned int i = 0; i < 4; i++) {
		world_qemu(w, i, GUEST_FEATURES);
		world_client(w, i, i);
		world_check_console(w, i, i);
		if (i % 2)
			process_stop(w->worker[i]);
		for (unsigned int n = 0; n < 40; n++)
			guest_print_start(&w->guest[i], buf, sizeof(buf));
	}
	kill(w->daemon.pid, SIGKILL);
	for (unsigned int i = 0; i < 4; i++) {
		fe_expect_end(&w->fe[i]);
		tclient_expect_end(&w->client[i]);
	}
	expect_all_gone(w, false);
}

/* In the middle of starting workers, between clone and exec as well. */
static void while_workers_start(void **state)
{
	struct world *w = *state;
	double worst = 0;

	for (unsigned int i = 0; i < 20; i++) {
		double ms;

		start_many(w);
		for (unsigned int c = 0; c < CONSOLES; c++)
			kill(daemon_worker(&w->daemon, c, 0), SIGKILL);
		usleep(i * 300);
		kill(w->daemon.pid, SIGKILL);
		ms = expect_all_gone(w, false);
		worst = ms > worst ? ms : worst;
		daemon_destroy(&w->daemon);
	}
	printf("gone after %.1f ms at most\n", worst);
}

static pid_t caretaker(const struct world *w)
{
	pid_t pid = process_child(w->daemon.pid, "/vhost-device-console", "-b");

	must(pid != 0, "no caretaker");
	return pid;
}

/* What is left behind are sockets that nobody answers on. */
static void caretaker_killed_too(void **state)
{
	struct world *w = *state;

	w->workers_die = true;
	world_quiet_daemon(w, 2);
	for (unsigned int i = 0; i < 2; i++)
		world_qemu(w, i, GUEST_FEATURES);
	kill(caretaker(w), SIGKILL);
	kill(w->daemon.pid, SIGKILL);
	expect_all_gone(w, true);
	daemon_start_again(&w->daemon);
	must(daemon_log_count(&w->daemon, "replacing a socket") == 2,
	     "the sockets were not replaced");
	for (unsigned int i = 0; i < 2; i++) {
		fe_close(&w->fe[i]);
		guest_destroy(&w->guest[i]);
		world_qemu(w, i, GUEST_FEATURES);
		world_client(w, i, i);
		world_check_console(w, i, i);
	}
	world_end(w);
}

/* Killed alone, it is missed only at the end, by a daemon that was root. */
static void caretaker_killed_first(void **state)
{
	struct world *w = *state;

	world_simple(w);
	kill(caretaker(w), SIGKILL);
	world_check_console(w, 0, 0);
	kill(w->daemon.pid, SIGTERM);
	must(daemon_wait(&w->daemon, GONE_MS) == 0, "the end was not orderly");
	command_no_orphans(GONE_MS);
	daemon_start_again(&w->daemon);
	daemon_stop(&w->daemon, GONE_MS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(quiet),
		WORLD_TEST(busy_and_stopped),
		WORLD_TEST(while_workers_start),
		WORLD_TEST(caretaker_killed_too),
		WORLD_TEST(caretaker_killed_first),
	};

	world_filter(argc, argv);
	command_adopt_orphans();
	return cmocka_run_group_tests_name("orphans", tests, NULL, NULL);
}
