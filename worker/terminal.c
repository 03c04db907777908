/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "worker/control.h"

static struct client *terminal(struct clients *clients)
{
	struct client *client = &clients->client[0];

	if (!client_present(client) || !client->terminal || client->in < 0 ||
	    client->eof || !client->readable || clients->paused)
		return NULL;
	return client;
}

/* Bytes up to the escape key; all of them when it was not typed. */
static size_t up_to_escape(const struct clients *clients, const uint8_t *bytes,
			   size_t len)
{
	int escape = clients->config->escape;
	const uint8_t *at;

	if (escape == ESCAPE_NONE)
		return len;
	at = memchr(bytes, escape, len);
	if (!at)
		return len;
	control_quit();
	return (size_t)(at - bytes);
}

/* The fd may be one that could not be made non-blocking for us alone. */
static bool has_input(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void append(struct console_state *state, const uint8_t *bytes,
		   size_t len)
{
	uint64_t end = state->typed;

	for (size_t i = 0; i < len; i++)
		state->typed_buf[(end + i) % TYPED_MAX] = bytes[i];
	STATE_POINT();
	atomic_store_explicit(&state->typed, end + len, memory_order_release);
	STATE_POINT();
}

bool terminal_read(struct clients *clients)
{
	struct client *client = terminal(clients);
	struct console_state *state = clients->state;
	uint8_t bytes[TYPED_MAX];
	size_t room = TYPED_MAX - (size_t)(state->typed -
					   STATE_CURRENT(&state->rx)->typed);
	ssize_t n;

	if (!client || !room)
		return false;
	if (!has_input(client->in)) {
		client->readable = false;
		return false;
	}
	n = read(client->in, bytes, room);
	if (n > 0) {
		append(state, bytes,
		       up_to_escape(clients, bytes, (size_t)n));
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client->eof = true;
	else
		client->readable = errno == EINTR;
	return false;
}

size_t terminal_copy(const struct console_state *state, uint64_t pos,
		     void *to, size_t len)
{
	uint64_t have = state->typed - pos;
	uint8_t *bytes = to;

	if (len > have)
		len = (size_t)have;
	for (size_t i = 0; i < len; i++)
		bytes[i] = state->typed_buf[(pos + i) % TYPED_MAX];
	return len;
}
