/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One client: whoever reads and types, over a socket or the terminal. What is
 * sent is journalled in the state, so its cursor is known whoever died where.
 */
#ifndef WORKER_CLIENT_H
#define WORKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/state.h"
#include "worker/loop.h"
#include "worker/ring.h"

struct client {
	struct state_client *state;
	unsigned int slot;
	int in;				/* a socket: the same fd as out */
	int out;			/* -1: no output end */
	bool terminal;
	bool readable;			/* until a call says it is not */
	bool writable;
	bool eof;			/* nothing more will be typed */
	bool deaf;			/* output does not reach it any more */
	struct event *in_ev;
	struct event *out_ev;
};

/* Where a client stands in the output ring. */
struct cursor {
	uint64_t pos;			/* the next byte it gets */
	const char *mark;		/* what has to precede that */
	uint32_t mark_len;
};

/* One store ends it (state->left), so that no death comes half way. */
static inline bool client_present(const struct client *client)
{
	return client->state->id > client->state->left;
}

struct cursor client_cursor(const struct client *client);

/* A new client in this slot, whose output starts at position @pos. */
void client_begin(struct client *client, uint64_t id, uint64_t pos,
		  uint64_t budget_us);

/*
 * Sends what there is up to @head, with a mark first where the ring's tail
 * has overtaken it (@notices: as text in the stream). Returns bytes sent, 0
 * when nothing can be, or -errno: the client is gone.
 */
int64_t client_send(struct client *client, const struct ring *ring,
		    uint64_t head, bool notices);

/* Sockets: has the other side gone? Is nothing left of what it typed? */
bool client_hung_up(const struct client *client);
bool client_has_typed_all(const struct client *client);

#endif
