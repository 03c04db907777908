/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/accept.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "supervisor/attach.h"

#define ACCEPTS_PER_PASS	8

/* How long a listener rests after an error that would only come again. */
static const struct timeval rest_time = { .tv_usec = 100000 };

static bool passes(int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
		return true;
	default:
		return false;
	}
}

static void rest(struct console *c, struct event *ev)
{
	event_del(ev);
	event_add(c->accept_timer, &rest_time);
}

static void attach_either(struct console *c, int listener, int fd,
			  const struct sockaddr_in *from)
{
	if (listener == c->client_listener)
		attach_client(c, fd, from);
	else
		attach_frontend(c, fd);
}

static void accept_some(struct console *c, int listener, struct event *ev)
{
	for (int i = 0; i < ACCEPTS_PER_PASS; i++) {
		struct sockaddr_in from = { 0 };
		socklen_t len = sizeof(from);
		int fd;

		if (fdstore_is_behind(&c->store)) {
			rest(c, ev);
			return;
		}
		fd = accept4(listener, (struct sockaddr *)&from, &len,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			attach_either(c, listener, fd, &from);
			continue;
		}
		if (!passes(errno)) {
			log_write_limited(&c->accept_limit, LOG_ERROR,
					  "console %u: accept: %s", c->index,
					  strerror(errno));
			rest(c, ev);
		}
		return;
	}
}

static void accept_frontend_cb(evutil_socket_t listener, short what, void *arg)
{
	struct console *c = arg;

	(void)what;
	accept_some(c, listener, c->frontend_event);
}

static void accept_client_cb(evutil_socket_t listener, short what, void *arg)
{
	struct console *c = arg;

	(void)what;
	accept_some(c, listener, c->client_event);
}

static void accept_again_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	(void)fd;
	(void)what;
	event_add(c->frontend_event, NULL);
	if (c->client_event)
		event_add(c->client_event, NULL);
}

int accept_start(struct console *c, struct event_base *base)
{
	const short what = EV_READ | EV_PERSIST;

	c->accept_timer = evtimer_new(base, accept_again_cb, c);
	c->frontend_event = event_new(base, c->frontend_listener, what,
				      accept_frontend_cb, c);
	if (!c->accept_timer || !c->frontend_event ||
	    event_add(c->frontend_event, NULL))
		return -ENOMEM;
	if (c->client_listener < 0)
		return 0;
	c->client_event = event_new(base, c->client_listener, what,
				    accept_client_cb, c);
	if (!c->client_event || event_add(c->client_event, NULL))
		return -ENOMEM;
	return 0;
}

void accept_stop(struct console *c)
{
	event_del(c->accept_timer);
	event_del(c->frontend_event);
	if (c->client_event)
		event_del(c->client_event);
}
