/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/client.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "common/log.h"

/* What a pipe takes for sure once it says that it takes something. */
#define TERMINAL_CHUNK	(PIPE_BUF - MARK_MAX)

struct cursor client_cursor(const struct client *client)
{
	const struct state_send *s = STATE_CURRENT(&client->state->send);
	uint32_t sent = s->msg.msg_len;

	if (sent < s->mark_len)
		return (struct cursor){ s->start, s->mark + sent,
					s->mark_len - sent };
	return (struct cursor){ .pos = s->start + (sent - s->mark_len) };
}

void client_begin(struct client *client, uint64_t id, uint64_t pos,
		  uint64_t budget_us)
{
	struct state_client *state = client->state;

	atomic_store_explicit(&state->id, 0, memory_order_release);
	STATE_POINT();
	*STATE_OTHER(&state->send) = (struct state_send){ .start = pos };
	STATE_SWITCH(&state->send);
	state->budget_us = budget_us;
	state->lagging = 0;
	state->half_closed = 0;
	STATE_POINT();
	atomic_store_explicit(&state->id, id, memory_order_release);
	STATE_POINT();
}

/* The next record skips to the oldest byte the ring still has. */
static void skip(struct state_send *next, struct cursor *cursor,
		 uint64_t tail, bool notices)
{
	uint64_t skipped = tail - cursor->pos;
	int n;

	next->skipped += skipped;
	cursor->pos = tail;
	log_limited(LOG_INFO, "a client lost %" PRIu64 " bytes of output",
		    skipped);
	if (!notices)
		return;
	n = snprintf(next->mark, sizeof(next->mark),
		     "\r\n[vhost-device-console: %" PRIu64
		     " bytes skipped]\r\n", skipped);
	cursor->mark = next->mark;
	cursor->mark_len = (uint32_t)n;
}

/*
 * Fills @next with all there is to send. A mark that is out in part is
 * finished first, alone if more was skipped meanwhile: then its own mark
 * follows it.
 */
static void build(struct state_send *next, const struct client *client,
		  const struct ring *ring, uint64_t head, bool notices)
{
	struct cursor cursor = client_cursor(client);
	uint64_t tail = atomic_load_explicit(ring->tail, memory_order_relaxed);
	uint64_t len = head - cursor.pos;
	struct iovec *iov = next->iov;

	next->skipped = STATE_CURRENT(&client->state->send)->skipped;
	if (cursor.pos < tail && cursor.mark_len) {
		len = 0;
	} else if (cursor.pos < tail) {
		skip(next, &cursor, tail, notices);
		len = head - cursor.pos;
	}
	if (client->terminal && len > TERMINAL_CHUNK)
		len = TERMINAL_CHUNK;
	if (cursor.mark_len) {
		memmove(next->mark, cursor.mark, cursor.mark_len);
		*iov++ = (struct iovec){ next->mark, cursor.mark_len };
	}
	iov += ring_spans(ring, cursor.pos, len, iov);
	next->start = cursor.pos;
	next->mark_len = cursor.mark_len;
	next->len = cursor.mark_len + (uint32_t)len;
	next->msg = (struct mmsghdr){
		.msg_hdr = {
			.msg_iov = next->iov,
			.msg_iovlen = (size_t)(iov - next->iov),
		},
	};
}

/*
 * A terminal, pipe or file has no sendmmsg(): what a worker wrote just before
 * its death may be written again.
 */
static int write_out(struct client *client, struct state_send *s)
{
	struct pollfd p = { .fd = client->out, .events = POLLOUT };
	ssize_t n;

	/* it may be one that could not be made non-blocking for us alone */
	if (poll(&p, 1, 0) != 1)
		return -EAGAIN;
	n = writev(client->out, s->msg.msg_hdr.msg_iov,
		   (int)s->msg.msg_hdr.msg_iovlen);
	if (n < 0)
		return -errno;
	s->msg.msg_len = (unsigned int)n;
	return 0;
}

static int send_out(struct client *client, struct state_send *s)
{
	if (client->terminal)
		return write_out(client, s);
	return sendmmsg(client->out, &s->msg, 1,
			MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int64_t client_send(struct client *client, const struct ring *ring,
		    uint64_t head, bool notices)
{
	struct state_send *next = STATE_OTHER(&client->state->send);
	int err;

	build(next, client, ring, head, notices);
	STATE_SWITCH(&client->state->send);
	if (!next->len)
		return 0;
	err = send_out(client, next);
	if (err == -EAGAIN || err == -EINTR) {
		client->writable = err == -EINTR;
		return 0;
	}
	if (err)
		return err;
	return next->msg.msg_len;
}

bool client_hung_up(const struct client *client)
{
	struct pollfd p = { .fd = client->out };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP));
}

bool client_has_typed_all(const struct client *client)
{
	char byte;
	ssize_t n;

	if (client->eof)
		return true;
	n = recv(client->in, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}
