/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/require.h"
#include "tests/lib/tracer.h"
#include "tests/proto/sweep-places.h"

#define STEPS_MAX	64
#define LOOKS		5		/* at runs that are left alone */
#define PROBES		4		/* of successors' starts */
#define MISSED_MAX	100		/* one place of a start in so many */
#define LESS_MAX	5		/* one place of a run in so many */
#define HANG_S		100

struct step {
	const char *name;
	unsigned int least, most;	/* stops in runs that are left alone */
	unsigned int points;		/* ... among them, in the last one */
	unsigned int start;		/* stops of the longest start in it */
	unsigned int before;		/* ... after a death at this stop */
	struct places first;		/* where a worker dies */
	struct places second;		/* ... and its successor, on its start */
	unsigned int aim[2];
};

enum mode { WARM_UP, LOOK, PROBE, TOGETHER, ALONE };

struct sweep {
	struct sweep_run run;
	void (*scenario)(struct sweep_run *run);
	struct tracer *tracer;
	struct rnd rnd;
	struct step step[STEPS_MAX];
	unsigned int n, at;		/* steps, and the next one */
	enum mode mode;
	bool taken;			/* this run is one place's own */
	unsigned int turn;		/* of this mode */
	unsigned int runs, kills;
	unsigned int at_point, at_call;
};

static struct sweep sweep_now;

static void show_where(void)
{
	const struct sweep *s = &sweep_now;
	const struct step *step = &s->step[s->at > 0 ? s->at - 1 : 0];

	fprintf(stderr,
		"in '%s': killed %u times, aimed at stops %u and %u; last %s\n",
		step->name, tracer_kills(s->tracer), step->aim[0],
		step->aim[1], tracer_where(s->tracer));
	daemon_log_show("the daemon's log", s->run.w->daemon.log);
}

static void note_swept(struct sweep *s, struct step *step,
		       const struct tracer_step *was)
{
	s->kills += was->kills;
	/* One that came to its end has told how short the step can be. */
	if (step->aim[0] != 0 && was->kills == 0 &&
	    was->stops < step->first.sure)
		places_sure(&step->first, was->stops);
	if (step->aim[0] != 0)
		places_tried(&step->first, step->aim[0], was->kills > 0);
	if (step->aim[1] != 0)
		places_tried(&step->second, step->aim[1], was->kills > 1);
	for (unsigned int i = 0; i < was->kills; i++)
		*(was->at_point[i] ? &s->at_point : &s->at_call) += 1;
}

static void note_step(struct sweep *s, struct step *step,
		      const struct tracer_step *was)
{
	switch (s->mode) {
	case LOOK:
		if (s->turn == 0 || was->stops < step->least)
			step->least = was->stops;
		if (was->stops > step->most)
			step->most = was->stops;
		step->points = was->points;
		break;
	case PROBE:
		if (was->start_stops > step->start) {
			step->start = was->start_stops;
			step->before = step->aim[0];
		}
		break;
	case TOGETHER:
	case ALONE:
		note_swept(s, step, was);
		break;
	default:
		break;
	}
}

static void take_one_alone(struct sweep *s, struct step *step)
{
	if (s->taken)
		return;
	step->aim[0] = places_take_hard(&step->first);
	if (step->aim[0] == 0)
		step->aim[1] = places_take_hard(&step->second);
	s->taken = step->aim[0] != 0 || step->aim[1] != 0;
}

static void choose_aim(struct sweep *s, struct step *step)
{
	step->aim[0] = step->aim[1] = 0;
	switch (s->mode) {
	case WARM_UP:
		break;
	case LOOK:
		step->aim[0] = TRACER_NEVER;
		break;
	case PROBE:
		step->aim[0] = 1 + step->least * s->turn / PROBES;
		step->aim[1] = TRACER_NEVER;
		break;
	case TOGETHER:
		step->aim[1] = places_take(&step->second, &s->rnd);
		if (!places_again(&step->second, step->aim[1]))
			step->aim[0] = places_take(&step->first, &s->rnd);
		break;
	case ALONE:
		take_one_alone(s, step);
		break;
	}
}

/* Where the worker dies for the sake of its successor's death alone. */
static unsigned int first_aim(const struct step *step)
{
	return step->aim[0] == 0 && step->aim[1] != 0 ? step->before :
							step->aim[0];
}

void sweep_step(struct sweep_run *run, const char *name)
{
	struct sweep *s = run->sweep;
	struct step *step = &s->step[s->at];
	struct tracer_step was;

	must(s->at < STEPS_MAX, "too many steps");
	alarm(HANG_S);
	if (name != NULL) {
		step->name = name;
		choose_aim(s, step);
		was = tracer_next(s->tracer, first_aim(step), step->aim[1]);
	} else {
		was = tracer_next(s->tracer, 0, 0);
	}
	must(tracer_strange_end(s->tracer) == 0,
	     "a worker ended by itself: wait status 0x%x",
	     tracer_strange_end(s->tracer));
	if (s->at > 0)
		note_step(s, step - 1, &was);
	s->at++;
}

static void run_in_mode(struct sweep *s, enum mode mode, unsigned int turns)
{
	s->mode = mode;
	for (s->turn = 0; s->turn < turns; s->turn++) {
		s->at = 0;
		s->taken = false;
		s->scenario(&s->run);
		sweep_step(&s->run, NULL);
		must(s->n == 0 || s->n == s->at - 1, "%u steps, not %u",
		     s->at - 1, s->n);
		s->n = s->at - 1;
		s->runs++;
	}
}

static bool wants_all(void)
{
	const char *which = getenv("VDC_SWEEP");

	return which != NULL && strcmp(which, "all") == 0;
}

/* A step in which a start has so many stops, or the one with most. */
static struct step *step_with_start(struct sweep *s, unsigned int place)
{
	unsigned int i = rnd_below(&s->rnd, s->n);

	while (s->step[i].start < place)
		i = (i + 1) % s->n;
	return &s->step[i];
}

static unsigned int longest_start(const struct sweep *s)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < s->n; i++)
		if (s->step[i].start > most)
			most = s->step[i].start;
	return most;
}

/* Each place of a start in some step, or in every one. */
static void list_places(struct sweep *s)
{
	unsigned int starts = longest_start(s);

	for (unsigned int i = 0; i < s->n; i++) {
		struct step *step = &s->step[i];

		for (unsigned int k = 1; k <= step->most; k++)
			places_add(&step->first, k);
		places_sure(&step->first, step->least);
		for (unsigned int k = 1; wants_all() && k <= step->start; k++)
			places_add(&step->second, k);
	}
	for (unsigned int k = 1; !wants_all() && k <= starts; k++)
		places_add(&step_with_start(s, k)->second, k);
}

struct left {
	unsigned int easy, hard;
};

static struct left places_left(const struct sweep *s)
{
	struct left left = { 0, 0 };

	for (unsigned int i = 0; i < s->n; i++) {
		const struct step *step = &s->step[i];

		left.easy += places_easy(&step->first) +
			     places_easy(&step->second);
		left.hard += step->first.hard + step->second.hard;
	}
	return left;
}

static unsigned int sure_places(const struct sweep *s)
{
	unsigned int sure = 0;

	for (unsigned int i = 0; i < s->n; i++)
		sure += s->step[i].first.sure;
	return sure;
}

/*
 * No two runs are the same: how much of a step is in all of them is known at
 * the end, and that has to be near to what it seemed to be.
 */
static void report(const struct sweep *s, unsigned int expected, uint64_t us)
{
	unsigned int all = 0, reached = 0, sure_reached = 0, points = 0;
	unsigned int starts = 0, starts_reached = 0, sure = sure_places(s);

	for (unsigned int i = 0; i < s->n; i++) {
		const struct step *step = &s->step[i];

		all += step->first.all;
		reached += step->first.reached;
		sure_reached += step->first.sure_reached;
		starts += step->second.all;
		starts_reached += step->second.reached;
		points += step->points;
	}
	printf("%u kills in %u runs of %u steps, %.1f s: %u at system calls, %u between stores, where a run has %u places\n",
	       s->kills, s->runs, s->n, (double)us / 1e6, s->at_call,
	       s->at_point, points);
	printf("a run: killed at %u of the %u places that every run has, and at %u of %u others\n",
	       sure_reached, sure, reached - sure_reached, all - sure);
	printf("a successor's start: killed at %u of %u places\n",
	       starts_reached, starts);
	fflush(stdout);
	must(sure_reached == sure, "not every place was reached");
	must(sure >= expected - expected / LESS_MAX,
	     "every run has %u places, not %u", sure, expected);
	must(starts - starts_reached <= starts / MISSED_MAX,
	     "only %u of %u places of a start were reached", starts_reached,
	     starts);
}

static void sweep_all(struct sweep *s)
{
	uint64_t since = mono_us();
	unsigned int expected;

	run_in_mode(s, WARM_UP, 1);
	run_in_mode(s, LOOK, LOOKS);
	run_in_mode(s, PROBE, PROBES);
	list_places(s);
	expected = sure_places(s);
	must(expected > 500, "only %u places", expected);
	while (places_left(s).easy > 0)
		run_in_mode(s, TOGETHER, 1);
	while (places_left(s).hard > 0)
		run_in_mode(s, ALONE, 1);
	report(s, expected, mono_us() - since);
}

void sweep(void **state, void (*scenario)(struct sweep_run *run),
	   const char *overflow, const char *scrollback)
{
	struct world *w = *state;
	struct sweep *s = &sweep_now;

	*s = (struct sweep){ .run.w = w, .run.sweep = s,
			     .scenario = scenario, .rnd.state = mono_us() };
	/* its workers have the points */
	setenv("VDC_DAEMON", daemon_beside("tests/points/daemon"), 1);
	s->tracer = tracer_new();
	w->workers_die = true;
	must_set_hook(show_where);
	daemon_start(&w->daemon, 1,
		     DAEMON_OPTIONS("--overflow", overflow,
				    "--scrollback-size", scrollback,
				    "--log-level", "debug"));
	if (!tracer_works(s->tracer)) {
		world_teardown(state);
		test_skip("permit ptrace(2) of one's own processes");
	}
	daemon_worker(&w->daemon, 0, 0);
	log_tail_open(&s->run.log, w->daemon.log);
	sweep_all(s);
	log_tail_close(&s->run.log);
	world_end(w);
	tracer_free(s->tracer);
}
