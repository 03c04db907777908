/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fd.h"
#include "common/log.h"

/* More than the supervisor can have to say while it owes one ack. */
#define DEFERRED_MAX	64

struct deferred {
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds;
};

static struct deferred deferred[DEFERRED_MAX];
static unsigned int ndeferred;

static _Noreturn void lost(const char *what, int err)
{
	log_error("control socket: %s: %s", what, strerror(-err));
	_Exit(WORKER_EXIT_CONTROL);
}

/* As long as it takes: a supervisor that is gone ends the wait, too. */
static void wait_for(short events)
{
	struct pollfd p = { .fd = WORKER_FD_CONTROL, .events = events };
	int n;

	do {
		n = poll(&p, 1, -1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		lost("poll", -errno);
}

static int receive(struct ctl_msg *msg, int *fds, unsigned int *nfds)
{
	int err = ctl_recv(WORKER_FD_CONTROL, msg, fds, nfds);

	if (!err)
		return 1;
	if (err != -EAGAIN && err != -EINTR)
		lost("receiving", err);
	return 0;
}

int control_next(struct ctl_msg *msg, int *fds,
		 unsigned int *nfds, int wait)
{
	if (ndeferred) {
		struct deferred *d = &deferred[0];

		*msg = d->msg;
		*nfds = d->nfds;
		memcpy(fds, d->fds, sizeof(d->fds));
		memmove(d, d + 1, --ndeferred * sizeof(*d));
		return 1;
	}
	while (!receive(msg, fds, nfds)) {
		if (!wait)
			return 0;
		wait_for(POLLIN);
	}
	return 1;
}

int control_has_deferred(void)
{
	return ndeferred != 0;
}

static void defer(const struct deferred *d)
{
	if (ndeferred == DEFERRED_MAX)
		lost("messages instead of an ack", -ENOBUFS);
	deferred[ndeferred++] = *d;
}

/* Returns 0, or -ETOOMANYREFS, which passes; a message without fds never is. */
static int try_send(const struct ctl_msg *msg, const int *fds,
		    unsigned int nfds)
{
	int err;

	while ((err = ctl_send(WORKER_FD_CONTROL, msg, fds, nfds))) {
		if (err == -ETOOMANYREFS && nfds)
			return err;
		if (err == -EAGAIN)
			wait_for(POLLOUT);
		else if (err != -EINTR)
			lost("sending", err);
	}
	return 0;
}

static void send_plain(const struct ctl_msg *msg)
{
	try_send(msg, NULL, 0);
}

/*
 * Fds in flight are counted for all who run as this user: another console may
 * be in the way for longer than who hangs is given.
 */
static void wait_for_others(void)
{
	struct timespec moment = { .tv_nsec = 1000000 };
	struct deferred d;

	while (receive(&d.msg, d.fds, &d.nfds)) {
		if (d.msg.type == CTL_PING)
			control_pong(d.msg.id);
		else
			defer(&d);
	}
	clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

static void send_with_fds(const struct ctl_msg *msg, const int *fds,
			  unsigned int nfds)
{
	while (try_send(msg, fds, nfds))
		wait_for_others();
}

static int wait_ack(uint64_t seq)
{
	for (;;) {
		struct deferred d;

		if (!receive(&d.msg, d.fds, &d.nfds)) {
			wait_for(POLLIN);
			continue;
		}
		if (d.msg.type == CTL_ACK) {
			fd_close_all(d.fds, d.nfds);
			if (d.msg.id != seq)
				lost("ack for another message", -EPROTO);
			return d.msg.error;
		}
		defer(&d);
	}
}

static void send_type(enum ctl_type type)
{
	struct ctl_msg msg = { .type = type };

	send_plain(&msg);
}

void control_ready(void)
{
	send_type(CTL_READY);
}

void control_paused(void)
{
	send_type(CTL_PAUSED);
}

void control_half_closed(void)
{
	send_type(CTL_HALF_CLOSED);
}

void control_quit(void)
{
	send_type(CTL_QUIT);
}

void control_pong(uint64_t id)
{
	struct ctl_msg msg = { .type = CTL_PONG, .id = id };

	send_plain(&msg);
}

void control_discard(void)
{
	send_type(CTL_DISCARD);
}

void control_drop(enum fd_kind kind, unsigned int index,
		  uint64_t id)
{
	struct ctl_msg msg = {
		.type = CTL_DROP, .kind = kind, .index = index, .id = id,
	};

	send_plain(&msg);
}

int control_put(uint64_t seq, const int *fds,
		unsigned int nfds)
{
	struct ctl_msg msg = { .type = CTL_PUT, .id = seq };

	send_with_fds(&msg, fds, nfds);
	return wait_ack(seq);
}

int control_commit(uint64_t seq,
		   const struct ctl_place *place, unsigned int nplaces)
{
	struct ctl_msg msg = { .type = CTL_COMMIT, .id = seq,
			       .nplaces = nplaces };

	memcpy(msg.place, place, nplaces * sizeof(*place));
	send_plain(&msg);
	return wait_ack(seq);
}
