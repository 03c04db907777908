/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/access.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Who: for a front-end the mode and owner of its socket decide, before it
 * comes here; a client is anyone on this host. How many: below.
 */
static const struct {
	unsigned int max;
	const char *full;
} rules[FD_KINDS] = {
	[FD_FRONTEND] = { 1, "another one is attached" },
	[FD_CLIENT] = { CLIENTS_MAX, "too many are attached" },
};

static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1;
}

/* Who connected is gone. A number that has a new owner says that he is not. */
static bool has_no_process(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int pidfd;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ||
	    cred.pid <= 0)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, cred.pid, 0);
	if (pidfd < 0)
		return errno == ESRCH;
	close(pidfd);
	return false;
}

/*
 * A front-end that is started anew may be here before its end is noticed. The
 * end of one that sent us its own end of the connection, or something that
 * holds it, would never be: who comes next has to notice that it is dead.
 */
static bool makes_room(const struct console *c, enum fd_kind kind)
{
	uint64_t id;
	int fd;

	if (kind != FD_FRONTEND)
		return false;
	fd = fdstore_get(&c->store, kind, 0, &id);
	if (!hung_up(fd) && has_no_process(fd))
		shutdown(fd, SHUT_RDWR);
	return hung_up(fd) &&
	       (c->waiting_frontend < 0 || hung_up(c->waiting_frontend));
}

enum access access_check(const struct console *c, enum fd_kind kind,
			 const char **why)
{
	if (c->worker.state == WORKER_PARKED) {
		*why = "the console is parked";
		return ACCESS_REFUSED;
	}
	if (fdstore_count(&c->store, kind) >= rules[kind].max) {
		*why = rules[kind].full;
		return makes_room(c, kind) ? ACCESS_WAIT : ACCESS_REFUSED;
	}
	if (c->store.count >= c->store.budget) {
		*why = "the console has no file descriptor left";
		return ACCESS_REFUSED;
	}
	return ACCESS_GRANTED;
}
