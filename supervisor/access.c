/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/access.h"

#include <poll.h>

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

/* A front-end that is started anew may be here before its end is noticed. */
static bool makes_room(const struct console *c, enum fd_kind kind)
{
	uint64_t id;

	return kind == FD_FRONTEND &&
	       hung_up(fdstore_get(&c->store, kind, 0, &id)) &&
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
