/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vq.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"

/* A ring that is polled is looked at less and less while nothing goes on. */
#define POLL_FIRST_US	1000
#define POLL_LAST_US	16000

void vq_init(struct vq *vq, unsigned int index, struct event_base *base,
	     void (*ready)(void *arg, unsigned int index), void *arg)
{
	*vq = (struct vq){
		.index = index,
		.kick = -1,
		.call = -1,
		.err = -1,
		.base = base,
		.ready = ready,
		.arg = arg,
	};
}

/*
 * The front-end shares the open file description and may have left it
 * blocking (User-Mode Linux does), so reads say themselves not to wait.
 */
static ssize_t read_kick(int fd)
{
	uint64_t count;
	struct iovec iov = { &count, sizeof(count) };

	return preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
}

int vq_check_notifier(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) && !S_ISFIFO(st.st_mode) &&
	    !S_ISSOCK(st.st_mode))
		return -EBADF;
	return 0;
}

int vq_check_kick(int fd)
{
	int err = vq_check_notifier(fd);

	if (err)
		return err;
	if (read_kick(fd) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

static void poll_in(struct vq *vq, unsigned int us)
{
	const struct timeval tv = { .tv_usec = us };

	vq->poll_us = us;
	event_add(vq->kick_ev, &tv);
}

static void vq_poll_cb(evutil_socket_t fd, short what, void *arg)
{
	struct vq *vq = arg;
	unsigned int us = vq->poll_us * 2;
	uint16_t used;

	(void)fd, (void)what;
	vq->ready(vq->arg, vq->index);
	if (!vq->running || vq->kick >= 0 || !vq->poll)
		return;
	used = vring_used_idx(&vq->vr);
	if (used != vq->poll_used)
		us = POLL_FIRST_US;
	vq->poll_used = used;
	poll_in(vq, us < POLL_LAST_US ? us : POLL_LAST_US);
}

static void vq_kick_cb(evutil_socket_t fd, short what, void *arg)
{
	struct vq *vq = arg;
	ssize_t n = read_kick(fd);

	(void)what;
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		log_limited(LOG_WARN, "ring %u: kick fd cannot be read; polling",
			    vq->index);
		vq_set_kick(vq, -1, true);
	}
	vq->ready(vq->arg, vq->index);
}

static void watch(struct vq *vq)
{
	if (vq->kick >= 0) {
		vq->kick_ev = loop_event(vq->base, vq->kick,
					 EV_READ | EV_PERSIST, vq_kick_cb, vq);
		if (loop_try_add(vq->kick_ev))
			return;
		log_limited(LOG_WARN, "ring %u: kick fd cannot be watched",
			    vq->index);
		loop_event_free(&vq->kick_ev);
	}
	if (vq->poll) {
		vq->kick_ev = loop_event(vq->base, -1, 0, vq_poll_cb, vq);
		poll_in(vq, POLL_FIRST_US);
	}
}

void vq_set_kick(struct vq *vq, int fd, bool poll)
{
	loop_event_free(&vq->kick_ev);
	fd_close(&vq->kick);
	vq->kick = fd;
	vq->poll = poll;
	if (vq->running)
		watch(vq);
}

void vq_set_call(struct vq *vq, int fd)
{
	struct stat st;

	fd_close(&vq->call);
	vq->call = fd;
	vq->call_is_socket = fd >= 0 && fstat(fd, &st) == 0 &&
			     S_ISSOCK(st.st_mode);
}

void vq_set_err(struct vq *vq, int fd)
{
	fd_close(&vq->err);
	vq->err = fd;
}

void vq_run(struct vq *vq, uint64_t gen)
{
	vq->gen = gen;
	vq->running = true;
	vq->vr.signalled_valid = false;
	watch(vq);
}

void vq_stop(struct vq *vq)
{
	loop_event_free(&vq->kick_ev);
	vq->running = false;
	vq->mapped = false;
}

/*
 * A full eventfd or socket means that the other side has yet to look: nothing
 * is lost by not writing. A blocking eventfd is written to only when it has
 * room. User-Mode Linux's call fd is a stream socket that takes 8 bytes.
 */
static void signal_fd(int fd, bool is_socket)
{
	static const uint64_t one = 1;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (is_socket) {
		send(fd, &one, sizeof(one), MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) &&
	    write(fd, &one, sizeof(one)) < 0)
		log_limited(LOG_DEBUG, "call or err fd cannot be written");
}

void vq_call(struct vq *vq)
{
	if (vq->call >= 0)
		signal_fd(vq->call, vq->call_is_socket);
}

void vq_notify(struct vq *vq, uint16_t used)
{
	if (vring_should_notify(&vq->vr, used))
		vq_call(vq);
}

void vq_signal_err(struct vq *vq)
{
	vq_stop(vq);
	if (vq->err >= 0)
		signal_fd(vq->err, false);
}
