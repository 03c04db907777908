/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/half_closed.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>

#include "supervisor/closer.h"
#include "supervisor/supervise.h"

#define FIRST_LOOK_US	500
#define LAST_LOOK_US	1000000

static void look_again(struct console *c, unsigned int us)
{
	const struct timeval tv = {
		.tv_sec = us / 1000000,
		.tv_usec = us % 1000000,
	};

	c->half_closed_us = us;
	event_add(c->half_closed_timer, &tv);
}

/* Its input has ended, and we have not shut it down yet. */
static bool half_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLRDHUP) &&
	       !(p.revents & (POLLHUP | POLLERR));
}

static void half_closed_cb(evutil_socket_t unused, short what, void *arg)
{
	struct console *c = arg;
	unsigned int us = c->half_closed_us * 2;
	bool any = false;

	(void)unused;
	(void)what;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		uint64_t id;
		int fd = fdstore_get(&c->store, FD_CLIENT, i, &id);

		if (fd < 0 || c->shut_down[i] == id || !half_closed(fd))
			continue;
		if (tcp_peer_closed(&c->client_ends[i]) &&
		    closer_shut_down(c->index, fd))
			c->shut_down[i] = id;
		else
			any = true;
	}
	if (any)
		look_again(c, us < LAST_LOOK_US ? us : LAST_LOOK_US);
}

int half_closed_init(struct console *c)
{
	c->half_closed_timer = evtimer_new(c->supervisor->base,
					   half_closed_cb, c);
	return c->half_closed_timer ? 0 : -ENOMEM;
}

void half_closed_noticed(struct console *c)
{
	look_again(c, FIRST_LOOK_US);
}
