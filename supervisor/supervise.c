/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/supervise.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "supervisor/accept.h"
#include "supervisor/closer.h"
#include "supervisor/half_closed.h"
#include "supervisor/jobctl.h"
#include "supervisor/turn.h"
#include "supervisor/watch.h"
#include "supervisor/worker.h"
#include "supervisor/worker_link.h"

/* For workers to flush and end; then, when killed, to be gone. */
static const struct timeval stop_time = { .tv_usec = 500000 };
static const struct timeval kill_time = { .tv_usec = 200000 };

static void log_cb(int severity, const char *msg)
{
	log_write(severity >= EVENT_LOG_WARN ? LOG_WARN : LOG_DEBUG,
		  "libevent: %s", msg);
}

static void signal_cb(evutil_socket_t sig, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)what;
	if (sig == SIGHUP && s->options->backend == BACKEND_NETWORK)
		return;
	supervise_end(s, strsignal((int)sig));
}

static void end_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	(void)what;
	if (s->killed) {
		event_base_loopbreak(s->base);
		return;
	}
	s->killed = true;
	for (unsigned int i = 0; i < s->table.count; i++)
		worker_kill(&s->table.console[i]);
	event_add(s->end_timer, &kill_time);
}

static unsigned int count_frontends(const struct supervisor *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->table.count; i++)
		n += fdstore_count(&s->table.console[i].store, FD_FRONTEND);
	return n;
}

void supervise_worker_gone(struct supervisor *s)
{
	for (unsigned int i = 0; i < s->table.count; i++)
		if (s->table.console[i].worker.state != WORKER_GONE)
			return;
	event_base_loopbreak(s->base);
}

void supervise_end(struct supervisor *s, const char *why)
{
	unsigned int n = count_frontends(s);

	if (s->ending)
		return;
	s->ending = true;
	if (n)
		log_warn("ending (%s): %u %s left without console device", why,
			 n, n == 1 ? "guest is" : "guests are");
	else
		log_info("ending (%s)", why);
	for (unsigned int i = 0; i < s->table.count; i++) {
		accept_stop(&s->table.console[i]);
		worker_stop(&s->table.console[i]);
	}
	event_add(s->end_timer, &stop_time);
	supervise_worker_gone(s);
}

static int init_signals(struct supervisor *s)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]);
	     i++) {
		s->signal_event[i] = evsignal_new(s->base, signals[i],
						  signal_cb, s);
		if (!s->signal_event[i] || event_add(s->signal_event[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

static int init_console(struct supervisor *s, struct console *c)
{
	int err = worker_init(c);

	if (!err)
		err = link_init(c);
	if (!err)
		err = half_closed_init(c);
	if (!err)
		err = turn_init(c, s->base);
	if (!err)
		err = accept_start(c, s->base);
	return err;
}

static int init(struct supervisor *s)
{
	struct event_config *config;
	int err = closer_start(s->table.count);

	if (err)
		return err;
	err = -ENOMEM;
	event_set_log_callback(log_cb);
	config = event_config_new();
	if (config) {
		event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
		s->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (s->base)
		s->end_timer = evtimer_new(s->base, end_timer_cb, s);
	if (s->end_timer)
		err = init_signals(s);
	if (!err)
		err = jobctl_init(s);
	if (!err)
		err = watch_init(s);
	for (unsigned int i = 0; !err && i < s->table.count; i++)
		err = init_console(s, &s->table.console[i]);
	return err;
}

/* Signals were kept back until someone hears them. */
static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int supervise(struct supervisor *s)
{
	int err = init(s);

	if (err) {
		log_error("event loop: %s", strerror(-err));
		return err;
	}
	unblock_signals();
	for (unsigned int i = 0; i < s->table.count; i++)
		worker_start(&s->table.console[i]);
	while (!event_base_got_break(s->base))
		event_base_dispatch(s->base);
	return 0;
}
