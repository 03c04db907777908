/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/watch.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>

#include "common/mono.h"
#include "supervisor/closer.h"
#include "supervisor/statefd.h"
#include "supervisor/supervise.h"
#include "supervisor/worker.h"

#define SOURCES_MAX	(1 + CONSOLE_RINGS + CLIENTS_MAX + 1)

_Static_assert(SOURCES_MAX <= 32, "each has a bit in watchdog_look.pending");

static const struct timeval tick = {
	.tv_sec = WATCHDOG_TICK_US / 1000000,
	.tv_usec = WATCHDOG_TICK_US % 1000000,
};

/* Where a peer's word waits for the worker. Nothing of it is read here. */
static uint32_t pending(const struct fdstore *store)
{
	static const enum fd_kind kinds[] = { FD_FRONTEND, FD_KICK, FD_CLIENT,
					      FD_TERM_IN };
	struct pollfd p[SOURCES_MAX];
	unsigned int n = 0;
	uint32_t bits = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (unsigned int i = 0; i < fd_kind_places(kinds[k]); i++)
			p[n++] = (struct pollfd){
				.fd = fdstore_get_pollable(store, kinds[k],
							   i),
				.events = POLLIN,
			};
	if (poll(p, n, 0) <= 0)
		return 0;
	for (unsigned int i = 0; i < n; i++)
		if (p[i].revents)
			bits |= UINT32_C(1) << i;
	return bits;
}

static bool is_watched(const struct console *c)
{
	if (c->worker.condemned)
		return false;
	switch (c->worker.state) {
	case WORKER_STARTING:
		/* Else it waits for us. */
		return c->turn != TURN_WAITING;
	case WORKER_STARTED:
	case WORKER_READY:
		return true;
	default:
		return false;
	}
}

static void watch(struct console *c)
{
	const struct watchdog_look look = {
		.pulse = statefd_pulse(c->state),
		.pending = pending(&c->store),
	};

	switch (watchdog_tick(&c->worker.watchdog, &look)) {
	case WATCHDOG_NONE:
		break;
	case WATCHDOG_ASK:
		worker_ping(c);
		break;
	case WATCHDOG_KILL:
		worker_hangs(c);
		break;
	}
}

static void watch_cb(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	(void)what;
	closer_retry();
	if (!watchdog_in_time(&s->watched_us, mono_us()) || s->ending)
		return;
	for (unsigned int i = 0; i < s->table.count; i++)
		if (is_watched(&s->table.console[i]))
			watch(&s->table.console[i]);
}

int watch_init(struct supervisor *s)
{
	s->watched_us = mono_us();
	s->watch_timer = event_new(s->base, -1, EV_PERSIST, watch_cb, s);
	if (!s->watch_timer || event_add(s->watch_timer, &tick))
		return -ENOMEM;
	return 0;
}
