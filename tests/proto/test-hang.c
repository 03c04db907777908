/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Workers that hang are noticed, killed and resumed; those that do not are
 * left alone, whatever happens to the supervisor. Times are asserted at ten
 * times what they are to be, and printed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/world.h"

#define BUSY_MS		5000
#define IDLE_MS		30000
#define WAKE_S		10		/* an idle worker's undisturbed sleep */
#define TIMES		10
#define TEST_S		320		/* more than what is asserted */
#define HUNG		"did not answer and was killed"

static int setup(void **state)
{
	int err = world_setup(state);

	alarm(TEST_S);
	return err;
}

static void start(struct world *w)
{
	world_simple(w);
	w->workers_die = true;
	world_check_console(w, 0, 0);
}

/* How often it was put to sleep: of an idle process, how often it was woken. */
static unsigned int switches(pid_t pid)
{
	char path[64], line[128];
	unsigned int n, found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	must(f != NULL, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		found += sscanf(line, "voluntary_ctxt_switches: %u", &n) == 1;
	fclose(f);
	must(found == 1, "%s has no such line", path);
	return n;
}

/* Its worker, which hangs since @since, is replaced, and not for nothing. */
static void expect_noticed(struct world *w, const char *how, uint64_t since,
			   unsigned int ms)
{
	pid_t pid = w->worker[0];
	uint64_t deadline = wait_until(TIMES * ms);

	while ((w->worker[0] = process_child(w->daemon.pid,
					     "vhost-device-console-worker",
					     "console=0")) == pid ||
	       w->worker[0] == 0) {
		must(wait_left(deadline) > 0, "%s: not noticed", how);
		wait_pause();
	}
	printf("%s: replaced after %.1f s\n", how,
	       (double)(mono_us() - since) / 1e6);
	must(daemon_log_count(&w->daemon, HUNG) > 0, "no line says so");
}

/* One of two: the other one is well, and sleeps meanwhile. */
static void stopped_idle(void **state)
{
	struct world *w = *state;
	unsigned int before, woken;
	uint64_t since;
	double s;

	world_quiet_daemon(w, 2);
	for (unsigned int i = 0; i < 2; i++) {
		world_qemu(w, i, GUEST_FEATURES);
		world_client(w, i, i);
		world_await_client(w, i, i);
	}
	w->workers_die = true;
	for (unsigned int i = 0; i < 2; i++)
		world_check_console(w, i, i);
	before = switches(w->worker[1]);
	process_stop(w->worker[0]);
	since = mono_us();
	expect_noticed(w, "stopped, idle", since, IDLE_MS);
	woken = switches(w->worker[1]) - before;
	s = (double)(mono_us() - since) / 1e6;
	printf("idle: woken %u times in %.1f s\n", woken, s);
	must(woken <= TIMES * (1 + s / WAKE_S), "that is too often");
	for (unsigned int i = 0; i < 2; i++)
		world_check_console(w, i, i);
	world_end(w);
}

/* Each of them is work: what it was is done by the next one. */
static void stopped_with_a_kick_pending(void **state)
{
	struct world *w = *state;
	uint64_t since;

	start(w);
	process_stop(w->worker[0]);
	guest_print_start(&w->guest[0], "nobody hears", 12);
	since = mono_us();
	expect_noticed(w, "stopped, kick pending", since, BUSY_MS);
	tclient_expect_text(&w->client[0], "nobody hears");
	gring_expect(&w->guest[0].ring[TX], 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void stopped_with_input_pending(void **state)
{
	struct world *w = *state;
	uint64_t since;

	start(w);
	process_stop(w->worker[0]);
	tclient_type(&w->client[0], "hello?");
	since = mono_us();
	expect_noticed(w, "stopped, input pending", since, BUSY_MS);
	guest_expect_text(&w->guest[0], "hello?");
	world_check_console(w, 0, 0);
	world_end(w);
}

static void stopped_with_a_message_pending(void **state)
{
	struct world *w = *state;
	struct fe_msg reply;
	uint64_t since;

	start(w);
	process_stop(w->worker[0]);
	fe_tell(&w->fe[0], fe_msg(FE_GET_FEATURES));
	since = mono_us();
	expect_noticed(w, "stopped, message pending", since, BUSY_MS);
	must(fe_recv(&w->fe[0], &reply) && reply.request == FE_GET_FEATURES,
	     "no answer");
	world_check_console(w, 0, 0);
	world_end(w);
}

/* At any instruction, with a guest that prints all it can. */
static void stopped_under_load(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	char buf[4096];
	uint64_t at = 0, got = 0;

	start(w);
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t since, deadline = wait_until(TIMES * BUSY_MS);
		pid_t pid = w->worker[0];

		pump_print(g, w->client, 1, at, 1000000, 1000);
		at = got += 1000000;
		for (unsigned int n = 0; n < 40; n++, at += 1000) {
			pattern_fill(buf, at, 1000);
			guest_print_start(g, buf, 1000);
		}
		kill(pid, SIGSTOP);
		since = mono_us();
		while (gring_outstanding(&g->ring[TX]) > 0) {
			must(wait_left(deadline) > 0, "not noticed");
			guest_print_collect(g);
			wait_pause();
		}
		tclient_expect_pattern(&w->client[0], got, at - got);
		got = at;
		/* It may have done all before it stopped. */
		expect_noticed(w, "stopped under load", since, IDLE_MS);
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

/* What it cannot take is no reason to be asked, or worse, all the time. */
static void work_that_has_to_wait(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_simple(w);
	world_check_console(w, 0, 0);
	fe_stop_ring(&w->fe[0], &g->ring[RX]);
	tclient_type(&w->client[0], "later");
	wait_time(12000);
	fe_start_ring(&w->fe[0], &g->ring[RX], g->ring[RX].used_idx);
	guest_expect_text(g, "later");
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Nobody could answer it: it was not there. */
static void supervisor_stopped(void **state)
{
	struct world *w = *state;

	world_simple(w);
	for (unsigned int i = 0; i < 2; i++) {
		world_check_console(w, 0, 0);
		process_stop(w->daemon.pid);
		/* Workers go on without it. */
		world_check_console(w, 0, 0);
		wait_time(6000);
		kill(w->daemon.pid, SIGCONT);
		wait_time(500);
	}
	world_check_console(w, 0, 0);
	must(daemon_log_count(&w->daemon, HUNG) == 0, "an innocent was killed");
	world_end(w);
}

/* All of us, the way a suspended machine or a frozen container is. */
static void everyone_stopped(void **state)
{
	struct world *w = *state;

	world_simple(w);
	for (unsigned int i = 0; i < 2; i++) {
		process_stop(w->worker[0]);
		guest_print_start(&w->guest[0], "hello", 5);
		wait_time(1500);	/* it is asked */
		process_stop(w->daemon.pid);
		wait_time(4000);
		kill(w->daemon.pid, SIGCONT);
		kill(w->worker[0], SIGCONT);
		tclient_expect_text(&w->client[0], "hello");
		gring_expect(&w->guest[0].ring[TX], 0);
	}
	wait_time(4000);
	must(daemon_log_count(&w->daemon, HUNG) == 0, "an innocent was killed");
	world_end(w);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(stopped_idle),
		TEST(stopped_with_a_kick_pending),
		TEST(stopped_with_input_pending),
		TEST(stopped_with_a_message_pending),
		TEST(stopped_under_load),
		TEST(work_that_has_to_wait),
		TEST(supervisor_stopped),
		TEST(everyone_stopped),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("hang", tests, NULL, NULL);
}
