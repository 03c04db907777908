/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/worker_log.h"

#include <errno.h>
#include <event2/event.h>

#include "common/fd.h"
#include "supervisor/supervise.h"

static void hear(struct console *c)
{
	struct worker *w = &c->worker;
	int64_t pause = log_stream_read(&w->log, &c->log_quota, (int)c->index);

	if (pause)
		event_del(w->log_event);
	if (pause > 0) {
		const struct timeval tv = {
			.tv_sec = (time_t)(pause / 1000000),
			.tv_usec = (suseconds_t)(pause % 1000000),
		};

		event_add(c->log_timer, &tv);
	}
}

static void worker_log_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	hear(arg);
}

/* Some of it may have been read before the pause. */
static void log_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	(void)fd;
	(void)what;
	event_add(c->worker.log_event, NULL);
	hear(c);
}

int worker_log_init(struct console *c)
{
	c->log_timer = evtimer_new(c->supervisor->base, log_timer_cb, c);
	return c->log_timer ? 0 : -ENOMEM;
}

int worker_log_open(struct console *c)
{
	struct worker *w = &c->worker;
	int end = log_stream_open(&w->log);

	if (end < 0)
		return end;
	w->log_event = event_new(c->supervisor->base, w->log.fd,
				 EV_READ | EV_PERSIST, worker_log_cb, c);
	if (w->log_event && !event_add(w->log_event, NULL))
		return end;
	fd_close(&end);
	worker_log_close(c);
	return -ENOMEM;
}

void worker_log_close(struct console *c)
{
	struct worker *w = &c->worker;

	event_del(c->log_timer);
	if (w->log_event)
		event_free(w->log_event);
	w->log_event = NULL;
	log_stream_close(&w->log, &c->log_quota, (int)c->index);
}
