/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/jobctl.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervise.h"
#include "supervisor/worker.h"

/* What a worker is given to let go of the terminal. */
static const struct timeval pause_time = { .tv_usec = 200000 };
static const struct timeval at_once = { 0 };

struct jobctl {
	struct supervisor *supervisor;
	struct event *stop_event;	/* SIGTSTP */
	struct event *continue_event;	/* SIGCONT */
	struct event *pause_timer;
	bool pausing;
};

static struct console *console(const struct jobctl *j)
{
	return &j->supervisor->table.console[0];
}

/* Stops here until SIGCONT: the signal's own action, not our handler. */
static void stop_self(void)
{
	struct sigaction def = { .sa_handler = SIG_DFL };
	struct sigaction ours;

	sigaction(SIGTSTP, &def, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}

static void take_back(struct jobctl *j)
{
	int err = tty_raw(&j->supervisor->tty);

	if (err)
		log_warn("terminal: %s", strerror(-err));
	worker_continue(console(j));
}

static void paused_cb(evutil_socket_t fd, short what, void *arg)
{
	struct jobctl *j = arg;

	(void)fd;
	(void)what;
	j->pausing = false;
	tty_restore(&j->supervisor->tty);
	stop_self();
	take_back(j);
}

static void let_go(struct jobctl *j)
{
	bool alone = console(j)->worker.control < 0;

	if (j->pausing || j->supervisor->ending)
		return;
	j->pausing = true;
	event_add(j->pause_timer, alone ? &at_once : &pause_time);
	worker_pause(console(j));
}

static void stop_cb(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	let_go(arg);
}

/* Also after a SIGSTOP, which gave no time to let go. */
static void continue_cb(evutil_socket_t sig, short what, void *arg)
{
	struct jobctl *j = arg;

	(void)sig;
	(void)what;
	if (j->pausing)
		return;
	if (tty_is_foreground(&j->supervisor->tty))
		tty_raw(&j->supervisor->tty);
	else
		let_go(j);
}

int jobctl_paused(struct supervisor *supervisor)
{
	struct jobctl *j = supervisor->jobctl;

	if (!j)
		return -EINVAL;
	if (j->pausing)
		event_add(j->pause_timer, &at_once);
	return 0;
}

int jobctl_init(struct supervisor *s)
{
	struct jobctl *j;

	if (s->tty.fd < 0)
		return 0;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	s->jobctl = j;
	j->supervisor = s;
	j->stop_event = evsignal_new(s->base, SIGTSTP, stop_cb, j);
	j->continue_event = evsignal_new(s->base, SIGCONT, continue_cb, j);
	j->pause_timer = evtimer_new(s->base, paused_cb, j);
	if (!j->stop_event || !j->continue_event || !j->pause_timer ||
	    event_add(j->stop_event, NULL) ||
	    event_add(j->continue_event, NULL))
		return -ENOMEM;
	return 0;
}
