/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker killed at each place there is: before and after each system call of
 * a run, and at each STATE_POINT() between two stores; and then its successor,
 * at each place of its own start.
 *
 * All places take some minutes. By default every so-manieth is tried, another
 * choice each time; VDC_SWEEP=all tries all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/require.h"
#include "tests/lib/tracer.h"
#include "tests/proto/sweep.h"

#define RUNS_DEFAULT	250		/* of each kind of each scenario */
#define PROBES		32
#define HANG_S		100

static struct tracer *tracer;
static unsigned int aimed_at[2];

static void show_where(void)
{
	fprintf(stderr, "killed %u times, at stop %u of the first, %u of the second; last %s\n",
		tracer_kills(tracer), aimed_at[0], aimed_at[1],
		tracer_where(tracer));
}

/* The daemon whose workers have the points, in the same build folder. */
static void use_daemon_with_points(void)
{
	static bool done;
	char path[4096];
	const char *slash = strrchr(daemon_path(), '/');

	if (done)
		return;
	done = true;
	must(slash != NULL, "no folder in %s", daemon_path());
	snprintf(path, sizeof(path), "%.*s/tests/points/daemon",
		 (int)(slash - daemon_path()), daemon_path());
	setenv("VDC_DAEMON", path, 1);
}

/* A worker that dies at stop @first, and how many its successor's start has. */
struct probe {
	unsigned int first;
	unsigned int places;
};

struct sweep {
	struct sweep_run run;
	void (*scenario)(struct sweep_run *run);
	unsigned int places;		/* stops of a run that is left alone */
	struct probe probe[PROBES];
	unsigned int start_places;	/* the most of all probes */
	unsigned int tried, hit;
};

/* One run; the worker dies at these stops, if it comes to them. */
static void run_once(struct sweep *s, unsigned int first, unsigned int second)
{
	alarm(HANG_S);
	aimed_at[0] = first;
	aimed_at[1] = second;
	tracer_arm(tracer, first, second);
	s->scenario(&s->run);
	tracer_disarm(tracer);
	must(tracer_strange_end(tracer) == 0,
	     "a worker ended by itself: wait status 0x%x",
	     tracer_strange_end(tracer));
}

/* A run after others, and starts that find one or another thing to resume. */
static void find_places(struct sweep *s)
{
	run_once(s, 0, 0);
	run_once(s, 0, 0);
	s->places = tracer_stops(tracer);
	for (unsigned int i = 0; i < PROBES; i++) {
		struct probe *p = &s->probe[i];

		p->first = 1 + s->places * i / PROBES;
		run_once(s, p->first, 0);
		p->places = tracer_start_stops(tracer);
		if (p->places > s->start_places)
			s->start_places = p->places;
	}
	must(s->places > 100 && s->start_places > 50, "%u and %u places",
	     s->places, s->start_places);
}

static unsigned int stride(unsigned int places)
{
	const char *all = getenv("VDC_SWEEP");

	if (all != NULL && strcmp(all, "all") == 0)
		return 1;
	return (places + RUNS_DEFAULT - 1) / RUNS_DEFAULT;
}

static void try(struct sweep *s, unsigned int first, unsigned int second)
{
	run_once(s, first, second);
	s->tried++;
	s->hit += tracer_kills(tracer) == (second > 0 ? 2u : 1u);
}

static void report(struct sweep *s, const char *what, unsigned int places,
		   unsigned int step, uint64_t since)
{
	printf("%s: %u of %u places, every %u., %u of them reached, %.1f s\n",
	       what, s->tried, places, step, s->hit,
	       (double)(mono_us() - since) / 1e6);
	fflush(stdout);
	/* A run may be a little shorter than the one that was measured. */
	must(s->hit >= s->tried * 9 / 10, "only %u of %u places were reached",
	     s->hit, s->tried);
	s->tried = s->hit = 0;
}

static void sweep_places(struct sweep *s)
{
	unsigned int step = stride(s->places);
	uint64_t since = mono_us();

	for (unsigned int n = 1 + (unsigned int)since % step; n <= s->places;
	     n += step)
		try(s, n, 0);
	report(s, "a run", s->places, step, since);
}

/* A place to die first, for a successor that will come to its stop @n. */
static unsigned int choose_first(const struct sweep *s, unsigned int n,
				 unsigned int choice)
{
	unsigned int i = choice % PROBES;

	while (s->probe[i].places < n)
		i = (i + 1) % PROBES;
	return s->probe[i].first;
}

static void sweep_starts(struct sweep *s)
{
	unsigned int step = stride(s->start_places);
	uint64_t since = mono_us();

	for (unsigned int n = 1 + (unsigned int)since % step;
	     n <= s->start_places; n += step)
		try(s, choose_first(s, n, n * 7 + (unsigned int)since), n);
	report(s, "a successor's start", s->start_places, step, since);
}

static void sweep(void **state, void (*scenario)(struct sweep_run *run),
		  const char *overflow, const char *scrollback)
{
	struct world *w = *state;
	struct sweep s = { .run.w = w, .scenario = scenario };

	use_daemon_with_points();
	tracer = tracer_new();
	w->workers_die = true;
	must_set_hook(show_where);
	daemon_start(&w->daemon, 1,
		     DAEMON_OPTIONS("--overflow", overflow,
				    "--scrollback-size", scrollback));
	if (!tracer_works(tracer)) {
		world_teardown(state);
		test_skip("permit ptrace(2) of one's own processes");
	}
	daemon_worker(&w->daemon, 0, 0);
	log_tail_open(&s.run.log, w->daemon.log);
	find_places(&s);
	sweep_places(&s);
	sweep_starts(&s);
	log_tail_close(&s.run.log);
	world_end(w);
	tracer_free(tracer);
}

static void qemu_guest(void **state)
{
	sweep(state, sweep_qemu, "wait:2000", "4k");
}

static void uml_guest(void **state)
{
	sweep(state, sweep_uml, "wait:2000", "4k");
}

static void reader_who_is_skipped(void **state)
{
	sweep(state, sweep_skip, "drop-oldest", "64k");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(qemu_guest),
		WORLD_TEST(uml_guest),
		WORLD_TEST(reader_who_is_skipped),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
