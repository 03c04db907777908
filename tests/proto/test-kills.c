/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * After thousands of kills supervisor and worker have what they had after ten:
 * descriptors, maps, memory.
 *
 * VDC_KILLS (1000) says how many; the promise is about 10000.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/world.h"

#define KILLS		1000
#define WARM_UP		10
#define CRASHES		5		/* more would be too many */
#define HANG_S		100

/* What an allocator and a random address space make different. */
#define SLACK_KB	512
#define SLACK_MAPS	2

struct figures {
	long fds;
	long maps;
	long vm_kb;
	long rss_kb;
};

/* -1 for what only root may know of a worker. */
static struct figures figures(pid_t pid)
{
	return (struct figures){
		.fds = process_fds_settled(pid),
		.maps = process_maps(pid),
		.vm_kb = process_vm_kb(pid),
		.rss_kb = process_rss_kb(pid),
	};
}

static void show(const char *who, unsigned int kills, struct figures f)
{
	printf("%s after %u kills: %ld fds, %ld maps, %ld KiB, %ld KiB resident\n",
	       who, kills, f.fds, f.maps, f.vm_kb, f.rss_kb);
}

static void expect_same(const char *who, struct figures was, struct figures is)
{
	must(is.fds == was.fds, "%s: %ld fds, then %ld", who, was.fds, is.fds);
	must(labs(is.maps - was.maps) <= SLACK_MAPS, "%s: %ld maps, then %ld",
	     who, was.maps, is.maps);
	must(labs(is.vm_kb - was.vm_kb) <= SLACK_KB, "%s: %ld KiB, then %ld",
	     who, was.vm_kb, is.vm_kb);
	must(is.rss_kb - was.rss_kb <= SLACK_KB,
	     "%s: %ld KiB resident, then %ld", who, was.rss_kb, is.rss_kb);
}

static unsigned int kills_wanted(void)
{
	const char *text = getenv("VDC_KILLS");

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) : KILLS;
}

/* New descriptors for the store, with a worker that may be dead by then. */
static void new_notifiers(struct world *w, enum ring_role ring)
{
	struct gring *r = &w->guest[0].ring[ring];

	fe_stop_ring(&w->fe[0], r);
	fe_start_ring(&w->fe[0], r, r->used_idx);
	gring_kick_anyway(r);
}

static void a_visitor(struct world *w)
{
	tclient_open(&w->client[1], w->daemon.port, 0);
	tclient_type(&w->client[1], "visit");
	guest_expect_text(&w->guest[0], "visit");
	tclient_close(&w->client[1]);
}

static void kill_one(struct world *w, unsigned int n, unsigned int all)
{
	int sig = all > CRASHES && n % (all / CRASHES) == 7 ? SIGSEGV : SIGKILL;
	pid_t pid = daemon_worker(&w->daemon, 0, 0);

	if (sig == SIGKILL)
		kill(pid, sig);
	else
		process_fault(pid, sig);
	if (n % 7 == 3)
		new_notifiers(w, n % 2 ? TX : RX);
	if (n % 11 == 5)
		a_visitor(w);
	world_check_console(w, 0, 0);
	w->worker[0] = daemon_worker(&w->daemon, 0, pid);
}

/* Settled: the worker has nothing to do, visitors are gone. */
static void settle(struct world *w)
{
	fe_barrier(&w->fe[0]);
	world_check_console(w, 0, 0);
	wait_time(200);
}

static void same_as_after_ten(void **state)
{
	struct world *w = *state;
	const unsigned int all = kills_wanted();
	struct figures supervisor, worker;
	uint64_t since = mono_us();

	world_simple(w);
	w->workers_die = true;
	for (unsigned int i = 1; i <= WARM_UP; i++)
		kill_one(w, i, WARM_UP);
	a_visitor(w);
	settle(w);
	supervisor = figures(w->daemon.pid);
	worker = figures(w->worker[0]);
	show("supervisor", WARM_UP, supervisor);
	show("worker", WARM_UP, worker);
	for (unsigned int i = WARM_UP + 1; i <= all; i++) {
		kill_one(w, i, all);
		alarm(HANG_S);
	}
	settle(w);
	show("supervisor", all, figures(w->daemon.pid));
	show("worker", all, figures(w->worker[0]));
	printf("%u kills in %.1f s\n", all, (double)(mono_us() - since) / 1e6);
	expect_same("supervisor", supervisor, figures(w->daemon.pid));
	expect_same("worker", worker, figures(w->worker[0]));
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(same_as_after_ten),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("kills", tests, NULL, NULL);
}
