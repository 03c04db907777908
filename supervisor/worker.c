/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mono.h"
#include "supervisor/jobctl.h"
#include "supervisor/spawn.h"
#include "supervisor/statefd.h"
#include "supervisor/supervise.h"
#include "supervisor/turn.h"
#include "supervisor/worker_end.h"
#include "supervisor/worker_link.h"
#include "supervisor/worker_log.h"

/* Until the next look whether the last one's fds are closed. */
#define BEHIND_US	5000

/* Between a worker's end of the control socket and its own. */
static const struct timeval hang_up_time = { .tv_sec = 1 };

static void worker_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	(void)fd;
	(void)what;
	if (c->worker.pidfd >= 0)
		worker_condemn(c, "closed its control socket and went on");
	else
		worker_start(c);
}

int worker_init(struct console *c)
{
	c->worker_timer = evtimer_new(c->supervisor->base, worker_timer_cb, c);
	return c->worker_timer ? worker_log_init(c) : -ENOMEM;
}

void worker_clear(struct console *c)
{
	struct worker *w = &c->worker;

	event_del(c->worker_timer);
	link_close(c);
	worker_log_close(c);
	if (w->pidfd_event)
		event_free(w->pidfd_event);
	fd_close(&w->pidfd);
	*w = (struct worker){ .pidfd = -1, .control = -1, .log = { .fd = -1 },
			      .pid = w->pid };
	turn_leave(c);
	jobctl_paused(c->supervisor);
}

static void worker_died_cb(evutil_socket_t pidfd, short what, void *arg)
{
	siginfo_t info = { .si_pid = 0 };

	(void)what;
	if (!waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) &&
	    info.si_pid)
		worker_ended(arg, &info);
}

/* Carries out the plan for the state. The old memfd stays if this fails. */
static int prepare_state(struct console *c)
{
	uint64_t size = c->supervisor->options->scrollback_size;
	int fd;

	if (c->plan == STATE_KEEP)
		return 0;
	fd = c->plan == STATE_COPY ? statefd_copy(c->state, size) :
	     statefd_new(size);
	if (fd < 0)
		return fd;
	fd_close(&c->state);
	c->state = fd;
	c->plan = STATE_KEEP;
	return 0;
}

/* A worker that runs, but that the loop could not take in. */
static void reap(struct worker *w)
{
	siginfo_t info;

	syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
	waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED);
}

static int launch(struct console *c, int control, int log)
{
	const struct supervisor *s = c->supervisor;
	const struct spawn spawn = {
		.program = s->program,
		.null = s->null,
		.log = log,
		.control = control,
		.state = c->state,
		.filter = s->filter,
		.proof = s->proof,
		.namespaces = s->namespaces,
		.console = c->index,
		.socket_path = c->socket.path,
	};
	struct worker *w = &c->worker;

	w->progress = statefd_progress(c->state);
	w->started_us = mono_us();
	w->pid = spawn_worker(&spawn, &w->pidfd);
	if (w->pid < 0)
		return w->pid;
	w->state = WORKER_STARTING;
	watchdog_expect(&w->watchdog, WATCHDOG_START + s->table.count / 4,
			c->index);
	w->pidfd_event = event_new(s->base, w->pidfd, EV_READ | EV_PERSIST,
				   worker_died_cb, c);
	if (!w->pidfd_event || event_add(w->pidfd_event, NULL)) {
		reap(w);
		return -ENOMEM;
	}
	return 0;
}

static int start(struct console *c)
{
	int control[2];
	int log, err = prepare_state(c);

	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0, control))
		return -errno;
	log = worker_log_open(c);
	err = log < 0 ? log : launch(c, control[1], log);
	fd_close(&log);
	fd_close(&control[1]);
	if (err) {
		fd_close(&control[0]);
		return err;
	}
	err = link_open(c, control[0]);
	if (err)
		reap(&c->worker);
	return err;
}

void worker_start_in(struct console *c, uint64_t delay_us)
{
	const struct timeval delay = {
		.tv_sec = (time_t)(delay_us / 1000000),
		.tv_usec = (suseconds_t)(delay_us % 1000000),
	};

	event_add(c->worker_timer, &delay);
}

void worker_start(struct console *c)
{
	struct restart_death death = { .cause = CAUSE_NOT_STARTED };
	int err;

	/* Each start leaves another control socket to close. */
	if (fdstore_is_behind(&c->store)) {
		worker_start_in(c, BEHIND_US);
		return;
	}
	err = start(c);
	if (!err)
		return;
	worker_clear(c);
	death.now = mono_us();
	c->worker.state = WORKER_DOWN;
	log_write_limited(&c->died_limit, LOG_ERROR,
			  "console %u: cannot start a worker: %s", c->index,
			  strerror(-err));
	worker_start_in(c, restart_next(&c->history, &death).delay_us);
}

void worker_stop(struct console *c)
{
	struct worker *w = &c->worker;

	event_del(c->worker_timer);
	if (w->control < 0) {
		w->state = WORKER_GONE;
		return;
	}
	w->stop_owed = true;
	link_pump(c);
}

void worker_pause(struct console *c)
{
	if (c->worker.control < 0)
		return;
	c->worker.continue_owed = false;
	c->worker.pause_owed = true;
	link_pump(c);
}

void worker_continue(struct console *c)
{
	if (c->worker.control < 0)
		return;
	c->worker.pause_owed = false;
	c->worker.continue_owed = true;
	link_pump(c);
}

void worker_kill(struct console *c)
{
	if (c->worker.pidfd >= 0)
		syscall(SYS_pidfd_send_signal, c->worker.pidfd, SIGKILL, NULL,
			0);
}

/* Nothing it says counts any more. */
static void end(struct console *c)
{
	c->worker.condemned = true;
	event_del(c->worker.read_event);
	worker_kill(c);
}

void worker_condemn(struct console *c, const char *why)
{
	if (c->worker.condemned)
		return;
	log_write_limited(&c->died_limit, LOG_ERROR,
			  "console %u: worker %d %s: killing it", c->index,
			  (int)c->worker.pid, why);
	end(c);
}

void worker_hangs(struct console *c)
{
	c->worker.hung = true;
	end(c);
}

void worker_ping(struct console *c)
{
	c->worker.ping++;
	c->worker.ping_owed = true;
	link_pump(c);
}

int worker_pong(struct console *c, uint64_t id)
{
	struct worker *w = &c->worker;

	if (w->state != WORKER_STARTED && w->state != WORKER_READY)
		return -EINVAL;
	if (id != w->ping || !watchdog_heard(&w->watchdog))
		return -EINVAL;
	/* It has come up; what its guest can do to it begins here. */
	if (w->state == WORKER_STARTED)
		watchdog_expect(&w->watchdog, WATCHDOG_ANSWER, c->index);
	return 0;
}

void worker_hung_up(struct console *c)
{
	event_add(c->worker_timer, &hang_up_time);
}

int worker_ready(struct console *c)
{
	struct worker *w = &c->worker;

	if (w->state != WORKER_STARTED)
		return -EINVAL;
	w->state = WORKER_READY;
	watchdog_heard(&w->watchdog);
	c->reset = false;
	c->skip = 0;
	turn_leave(c);
	log_debug("console %u: worker %d ready after %" PRIu64 " us", c->index,
		  (int)w->pid, mono_us() - w->started_us);
	return 0;
}
