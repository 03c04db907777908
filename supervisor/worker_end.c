/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/worker_end.h"

#include <stdio.h>

#include "common/mono.h"
#include "supervisor/attach.h"
#include "supervisor/filter.h"
#include "supervisor/statefd.h"
#include "supervisor/supervise.h"
#include "supervisor/worker.h"

static const char *step_text(struct restart_step step, char *out, size_t size)
{
	unsigned int ms = (unsigned int)(step.delay_us / 1000);

	switch (step.action) {
	case RESTART_NONE:
		snprintf(out, size, "no other follows");
		break;
	case RESTART_RESUME:
		snprintf(out, size, "resuming in %u ms", ms);
		break;
	case RESTART_RESUME_WITHOUT_CHAIN:
		snprintf(out, size, "resuming without the open chains in %u ms",
			 ms);
		break;
	case RESTART_CLEAN_SLATE:
		snprintf(out, size, "its front-end is disconnected, starting "
			 "anew in %u ms", ms);
		break;
	case RESTART_PARK:
		snprintf(out, size, "the console is parked, next try in %u s",
			 ms / 1000);
		break;
	}
	return out;
}

static void log_death(struct console *c, const char *what,
		      const struct restart_death *death,
		      struct restart_step step)
{
	static const char fmt[] = "console %u: worker %d %s after %.1f s; %s";
	double age = (double)death->age / 1e6;
	char next[96];

	step_text(step, next, sizeof(next));
	if (step.action == RESTART_PARK)
		log_error(fmt, c->index, (int)c->worker.pid, what, age, next);
	else if (death->cause == CAUSE_KILLED)
		/* The policy bounds the others. */
		log_write_limited(&c->died_limit, LOG_WARN, fmt, c->index,
				  (int)c->worker.pid, what, age, next);
	else
		log_warn(fmt, c->index, (int)c->worker.pid, what, age, next);
}

/* Its state is not given to another as it is. */
static bool is_doubtful(enum cause cause)
{
	return cause == CAUSE_CORRUPT || cause == CAUSE_HUNG;
}

static void take_step(struct console *c, enum cause cause,
		      struct restart_step step)
{
	switch (step.action) {
	case RESTART_NONE:
		c->worker.state = WORKER_GONE;
		return;
	case RESTART_RESUME_WITHOUT_CHAIN:
		c->skip = ++c->skips;
		__attribute__((fallthrough));
	case RESTART_RESUME:
		c->worker.state = WORKER_DOWN;
		if (is_doubtful(cause) && c->plan == STATE_KEEP)
			c->plan = STATE_COPY;
		break;
	case RESTART_CLEAN_SLATE:
		c->worker.state = WORKER_DOWN;
		c->plan = STATE_FRESH;
		c->skip = 0;
		c->reset = true;
		attach_reset_frontend(c);
		break;
	case RESTART_PARK:
		c->worker.state = WORKER_PARKED;
		c->reset = true;
		c->plan = STATE_FRESH;
		c->skip = 0;
		attach_reset(c);
		break;
	}
	if (step.delay_us)
		worker_start_in(c, step.delay_us);
	else
		worker_start(c);
}

/* What the old worker could still count shows whether it got on. */
static bool made_progress(const struct console *c)
{
	return statefd_progress(c->state) != c->worker.progress;
}

const char *worker_end_text(const siginfo_t *info, int state, char *out,
			    size_t size)
{
	unsigned int call = statefd_refused_call(state);
	char name[32];

	if (info->si_code != CLD_EXITED ||
	    info->si_status != WORKER_EXIT_PROOF || !call)
		return cause_text(info, out, size);
	filter_call_name(call - 1, name, sizeof(name));
	snprintf(out, size, "needs system call %s, which its filter refuses",
		 name);
	return out;
}

/* Of one that has served, which is more than starting: it says so wrongly. */
static bool is_a_lie(const struct worker *w, enum cause cause)
{
	return w->state == WORKER_READY &&
	       (cause == CAUSE_NOT_STARTED || cause == CAUSE_CANNOT_RUN);
}

void worker_ended(struct console *c, const siginfo_t *info)
{
	struct worker *w = &c->worker;
	struct restart_death death = {
		.cause = cause_of(info),
		.now = mono_us(),
		.progress = made_progress(c),
	};
	char text[96];
	const char *what = worker_end_text(info, c->state, text, sizeof(text));

	death.age = death.now - w->started_us;
	if (death.cause == CAUSE_ASKED)
		death.cause = CAUSE_FAILED;
	if (is_a_lie(w, death.cause))
		death.cause = CAUSE_CORRUPT;
	if (w->hung && death.cause == CAUSE_KILLED) {
		death.cause = CAUSE_HUNG;
		what = "did not answer and was killed";
	} else if (w->condemned && death.cause != CAUSE_STATE) {
		/*
		 * It may have been faster than its end; of what it says then
		 * only that its state is bad counts.
		 */
		death.cause = CAUSE_CORRUPT;
	}
	worker_clear(c);
	if (c->supervisor->ending) {
		w->state = WORKER_GONE;
		supervise_worker_gone(c->supervisor);
	} else {
		struct restart_step step = restart_next(&c->history, &death);

		log_death(c, what, &death, step);
		take_step(c, death.cause, step);
	}
}
