/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker killed at each place there is: before and after each system call of
 * a run, and at each STATE_POINT() between two stores; and then its successor,
 * at each place of its own start.
 *
 * All places take a quarter of an hour: VDC_SWEEP=all tries them. By default a
 * few of each kind are, chosen anew each time; a kind is the call or point and
 * the one before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/require.h"
#include "tests/lib/tracer.h"
#include "tests/lib/unit.h"
#include "tests/proto/sweep.h"

/* Places of a kind that are tried; before or after a call, and at a point. */
#define CALLS_OF_A_KIND		1
#define POINTS_OF_A_KIND	4
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

/* Places by what they are, so that few of them stand for all. */
struct plan {
	uint64_t kind[TRACER_STOPS];
	unsigned int n;			/* places from 1 on */
	bool seen[TRACER_STOPS];
	bool chosen[TRACER_STOPS];
};

struct sweep {
	struct sweep_run run;
	void (*scenario)(struct sweep_run *run);
	struct rnd rnd;
	struct plan places;		/* stops of a run that is left alone */
	struct plan start;		/* ... of the longest start of all */
	struct probe probe[PROBES];
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

static void learn(struct plan *plan, bool successor, unsigned int n)
{
	plan->n = n < TRACER_STOPS ? n : TRACER_STOPS - 1;
	for (unsigned int i = 1; i <= plan->n; i++)
		plan->kind[i] = (uint64_t)tracer_kind(tracer, successor,
						      i - 1) << 32 |
				tracer_kind(tracer, successor, i);
}

/* A run after others, and starts that find one or another thing to resume. */
static void find_places(struct sweep *s)
{
	run_once(s, 0, 0);
	run_once(s, 0, 0);
	learn(&s->places, false, tracer_stops(tracer));
	for (unsigned int i = 0; i < PROBES; i++) {
		struct probe *p = &s->probe[i];

		p->first = 1 + s->places.n * i / PROBES;
		run_once(s, p->first, 0);
		p->places = tracer_start_stops(tracer);
		if (p->places > s->start.n)
			learn(&s->start, true, p->places);
	}
	must(s->places.n > 100 && s->start.n > 50, "%u and %u places",
	     s->places.n, s->start.n);
}

static bool wants_all(void)
{
	const char *which = getenv("VDC_SWEEP");

	return which != NULL && strcmp(which, "all") == 0;
}

static bool wants_more(const struct plan *plan, uint64_t kind)
{
	unsigned int most = kind & 1 ? POINTS_OF_A_KIND : CALLS_OF_A_KIND;
	unsigned int n = 0;

	for (unsigned int i = 1; i <= plan->n; i++)
		n += plan->chosen[i] && plan->kind[i] == kind;
	return n < most;
}

/* Goes through all places from a random one on, by a random stride. */
static void choose(struct plan *plan, struct rnd *rnd)
{
	unsigned int at = rnd_below(rnd, plan->n);
	unsigned int step = 1 + rnd_below(rnd, plan->n);

	for (unsigned int i = 0; i < plan->n; i++) {
		at = (at + step) % plan->n;
		while (plan->seen[1 + at])
			at = (at + 1) % plan->n;
		plan->seen[1 + at] = true;
		plan->chosen[1 + at] = wants_all() ||
			wants_more(plan, plan->kind[1 + at]);
	}
}

static void try(struct sweep *s, unsigned int first, unsigned int second)
{
	run_once(s, first, second);
	s->tried++;
	s->hit += tracer_kills(tracer) == (second > 0 ? 2u : 1u);
}

static void report(struct sweep *s, const char *what, unsigned int places,
		   uint64_t since)
{
	printf("%s: %u of %u places tried, %u of them reached, %.1f s\n",
	       what, s->tried, places, s->hit, (double)(mono_us() - since) / 1e6);
	fflush(stdout);
	/* A run may be shorter than the one that was measured. */
	must(s->hit >= s->tried * 3 / 4, "only %u of %u places were reached",
	     s->hit, s->tried);
	s->tried = s->hit = 0;
}

static void sweep_places(struct sweep *s)
{
	uint64_t since = mono_us();

	choose(&s->places, &s->rnd);
	for (unsigned int n = 1; n <= s->places.n; n++)
		if (s->places.chosen[n])
			try(s, n, 0);
	report(s, "a run", s->places.n, since);
}

/* A place to die first, for a successor that will come to its stop @n. */
static unsigned int choose_first(struct sweep *s, unsigned int n)
{
	unsigned int i = rnd_below(&s->rnd, PROBES);

	while (s->probe[i].places < n)
		i = (i + 1) % PROBES;
	return s->probe[i].first;
}

static void sweep_starts(struct sweep *s)
{
	uint64_t since = mono_us();

	choose(&s->start, &s->rnd);
	for (unsigned int n = 1; n <= s->start.n; n++)
		if (s->start.chosen[n])
			try(s, choose_first(s, n), n);
	report(s, "a successor's start", s->start.n, since);
}

static void sweep(void **state, void (*scenario)(struct sweep_run *run),
		  const char *overflow, const char *scrollback)
{
	struct world *w = *state;
	static struct sweep s;

	s = (struct sweep){ .run.w = w, .scenario = scenario,
			    .rnd.state = mono_us() };
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
