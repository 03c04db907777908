/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/worker_link.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "supervisor/closer.h"
#include "supervisor/supervise.h"
#include "supervisor/turn.h"
#include "supervisor/worker.h"
#include "supervisor/worker_msg.h"

#define MESSAGES_PER_PASS	32

/*
 * About as many messages wait in the control socket; what a worker that does
 * not read keeps in flight counts against all who run as the same user.
 */
#define UNREAD_MAX		32
#define MESSAGE_MEMORY		768	/* what the kernel takes for one */

/* Until fds in flight have arrived somewhere, or others are closed. */
static const struct timeval retry = { .tv_usec = 5000 };

static int send_config(struct console *c)
{
	const struct supervisor *s = c->supervisor;
	const struct options *o = s->options;
	bool on_tty = s->tty.fd >= 0;
	struct ctl_msg msg = { .type = CTL_CONFIG };

	msg.config = (struct worker_config){
		.contract = WORKER_CONTRACT,
		.console = c->index,
		.last_id = c->last_id,
		.max_queue_size = o->max_queue_size,
		.max_queue_size_given = o->max_queue_size_given,
		.overflow = o->overflow,
		.wait_ms = o->wait_ms,
		/* Who must lose no byte wants none of ours in between. */
		.notices = o->notices && o->overflow != OVERFLOW_BLOCK,
		.escape = on_tty ? o->escape : ESCAPE_NONE,
		.reset = c->reset,
		.skip = c->skip,
		.sandbox = o->sandbox,
		.log_level = log_get_level(),
	};
	return ctl_send(c->worker.control, &msg, NULL, 0);
}

static int send_plain(struct console *c, enum ctl_type type)
{
	const struct ctl_msg msg = { .type = type };

	return ctl_send(c->worker.control, &msg, NULL, 0);
}

static int send_ack(struct console *c)
{
	const struct ctl_msg msg = {
		.type = CTL_ACK,
		.id = c->worker.ack_id,
		.error = c->worker.ack_error,
	};

	return ctl_send(c->worker.control, &msg, NULL, 0);
}

static int send_ping(struct console *c)
{
	const struct ctl_msg msg = { .type = CTL_PING, .id = c->worker.ping };
	int err = ctl_send(c->worker.control, &msg, NULL, 0);

	if (!err)
		c->worker.ping_owed = false;
	return err;
}

static int send_owed(struct console *c, enum ctl_type type, bool *owed)
{
	int err = send_plain(c, type);

	if (!err)
		*owed = false;
	return err;
}

/* Each fd that the worker lacks; then, the first time, the start. */
static int send_fds(struct console *c)
{
	struct worker *w = &c->worker;
	struct fdstore_ref ref;

	while (!fdstore_next(&c->store, &ref)) {
		const struct ctl_msg msg = {
			.type = CTL_FD,
			.kind = ref.kind,
			.index = ref.index,
			.id = ref.id,
		};
		int err;

		if (w->state == WORKER_STARTING && !turn_take(c))
			return 0;
		err = ctl_send(w->control, &msg, &ref.fd, 1);
		if (err)
			return err;
		fdstore_handed(&c->store, &ref);
	}
	if (w->state == WORKER_STARTING) {
		int err = send_plain(c, CTL_START);

		if (err)
			return err;
		w->state = WORKER_STARTED;
	}
	return 0;
}

static int send_due(struct console *c)
{
	struct worker *w = &c->worker;
	int err = 0;

	if (!w->configured) {
		err = send_config(c);
		if (err)
			return err;
		w->configured = true;
	}
	if (w->ack_owed) {
		err = send_ack(c);
		if (err)
			return err;
		w->ack_owed = false;
	}
	if (w->stop_owed)
		return send_owed(c, CTL_STOP, &w->stop_owed);
	if (w->pause_owed)
		err = send_owed(c, CTL_PAUSE, &w->pause_owed);
	if (!err && w->continue_owed)
		err = send_owed(c, CTL_CONTINUE, &w->continue_owed);
	if (!err && w->ping_owed)
		err = send_ping(c);
	return err ? err : send_fds(c);
}

void link_pump(struct console *c)
{
	struct worker *w = &c->worker;
	int err;

	if (w->control < 0 || w->condemned)
		return;
	err = send_due(c);
	switch (err) {
	case 0:
		break;
	case -EAGAIN:
		event_add(w->write_event, NULL);
		break;
	case -ETOOMANYREFS:
	case -ENOBUFS:
	case -ENOMEM:
		event_add(c->retry_timer, &retry);
		break;
	case -EPIPE:
	case -ECONNRESET:
		/* It is about to be gone; its pidfd says when. */
		break;
	default:
		worker_condemn(c, strerror(-err));
	}
}

static void link_write_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_pump(arg);
}

static void link_retry_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;
	struct worker *w = &c->worker;

	(void)fd;
	(void)what;
	if (w->resting && !w->condemned)
		event_add(w->read_event, NULL);
	w->resting = false;
	link_pump(c);
}

/* Nothing is received until what came before is closed. */
static void rest(struct console *c)
{
	event_del(c->worker.read_event);
	c->worker.resting = true;
	event_add(c->retry_timer, &retry);
}

static void link_read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;
	struct worker *w = &c->worker;

	(void)fd;
	(void)what;
	for (int i = 0; i < MESSAGES_PER_PASS && !w->condemned; i++) {
		struct ctl_msg msg;
		int fds[CTL_FDS_MAX];
		unsigned int nfds;
		int err;

		if (fdstore_is_behind(&c->store)) {
			rest(c);
			return;
		}
		err = ctl_recv_all(w->control, &msg, fds, &nfds);
		if (err)
			closer_close_all(c->index, fds, nfds);
		if (err == -EAGAIN || err == -EINTR)
			return;
		if (err == -EPIPE || err == -ECONNRESET) {
			event_del(w->read_event);
			worker_hung_up(c);
			return;
		}
		if (!err && w->ack_owed && worker_msg_is_acked(&msg)) {
			closer_close_all(c->index, fds, nfds);
			worker_condemn(c, "did not wait for an answer");
			return;
		}
		if (!err)
			err = worker_msg_handle(c, &msg, fds, nfds);
		if (err) {
			worker_condemn(c, "sent a malformed message");
			return;
		}
		link_pump(c);
	}
}

int link_init(struct console *c)
{
	c->retry_timer = evtimer_new(c->supervisor->base, link_retry_cb, c);
	return c->retry_timer ? 0 : -ENOMEM;
}

int link_open(struct console *c, int control)
{
	const int memory = UNREAD_MAX * MESSAGE_MEMORY / 2;
	struct event_base *base = c->supervisor->base;
	struct worker *w = &c->worker;

	w->control = control;
	/* The kernel doubles it; it is a bound, and no more. */
	setsockopt(control, SOL_SOCKET, SO_SNDBUF, &memory, sizeof(memory));
	w->read_event = event_new(base, control, EV_READ | EV_PERSIST,
				  link_read_cb, c);
	w->write_event = event_new(base, control, EV_WRITE, link_write_cb, c);
	if (!w->read_event || !w->write_event ||
	    event_add(w->read_event, NULL)) {
		link_close(c);
		return -ENOMEM;
	}
	fdstore_unhand(&c->store);
	link_pump(c);
	return 0;
}

void link_close(struct console *c)
{
	struct worker *w = &c->worker;

	event_del(c->retry_timer);
	if (w->read_event)
		event_free(w->read_event);
	if (w->write_event)
		event_free(w->write_event);
	w->read_event = NULL;
	w->write_event = NULL;
	/* What the worker put last is in it, unread. */
	closer_close(c->index, &w->control);
}
