/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/clients.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/budget.h"
#include "worker/control.h"
#include "worker/pulse.h"

/* Sends to one client before the others get their turn. */
#define SENDS_PER_PASS	4

static uint64_t full_budget(const struct clients *clients)
{
	return (uint64_t)clients->config->wait_ms * 1000;
}

void clients_init(struct clients *clients, struct console_state *state,
		  const struct worker_config *config, const struct ring *ring,
		  struct event_base *base, void (*ready)(void *arg), void *arg)
{
	*clients = (struct clients){
		.state = state,
		.config = config,
		.ring = ring,
		.base = base,
		.ready = ready,
		.arg = arg,
	};
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		clients->client[i] = (struct client){
			.state = &state->client[i],
			.slot = i,
			.in = -1,
			.out = -1,
		};
}

/* Clients that surely read what they are sent. */
static unsigned int count_open(const struct clients *clients)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		n += client_present(&clients->client[i]) &&
		     !clients->client[i].state->half_closed;
	return n;
}

/*
 * Once nobody is left of whom we know that he reads, output from here on
 * waits for the next who comes. A client that hung up looks, until it is sent
 * something, like one that only has no more to type: what it is sent counts
 * as seen by nobody.
 */
static void no_reader_for_sure(struct clients *clients, struct client *client)
{
	if (!client->state->half_closed && count_open(clients) == 1)
		atomic_store_explicit(&clients->state->backlog,
				      client_cursor(client).pos,
				      memory_order_release);
	STATE_POINT();
}

static void half_closed(struct clients *clients, struct client *client)
{
	if (client->terminal || client->deaf)
		return;
	no_reader_for_sure(clients, client);
	client->state->half_closed = 1;
	STATE_POINT();
	control_half_closed();
}

/*
 * It gets no more output; what it typed is still the guest's, which may take
 * it much later.
 */
static void deaf(struct clients *clients, struct client *client)
{
	if (!client->deaf) {
		no_reader_for_sure(clients, client);
		client->state->half_closed = 1;
		client->deaf = true;
	}
	if (client_has_typed_all(client))
		clients_close(clients, client, 0);
}

void clients_input_failed(struct clients *clients, struct client *client,
			  int why)
{
	if (client->deaf)
		clients_close(clients, client, why);
	else
		deaf(clients, client);
}

void clients_typed_all(struct clients *clients, struct client *client)
{
	client->eof = true;
	if (client->deaf)
		clients_close(clients, client, 0);
	else
		half_closed(clients, client);
}

static struct clients *clients_of(struct client *client)
{
	return (struct clients *)((char *)(client - client->slot) -
				  offsetof(struct clients, client));
}

static void client_cb(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	struct clients *clients = clients_of(client);

	if (fd == client->in && (what & EV_READ))
		client->readable = true;
	if (fd == client->out && (what & EV_WRITE))
		client->writable = true;
	if (what & EV_CLOSED)
		half_closed(clients, client);
	/* an error comes as both, too */
	if (!client->terminal &&
	    (client->state->half_closed ||
	     (what & (EV_READ | EV_WRITE)) == (EV_READ | EV_WRITE)) &&
	    (client->deaf || client_hung_up(client)))
		deaf(clients, client);
	clients->ready(clients->arg);
}

/* Edge-triggered, so no call is spent on saying what we wait for. */
static struct event *watch(struct clients *clients, struct client *client,
			   int fd, short what)
{
	struct event *ev = loop_event(clients->base, fd,
				      (short)(what | EV_ET | EV_PERSIST),
				      client_cb, client);

	/* epoll refuses files: they are always ready */
	if (!loop_try_add(ev))
		loop_event_free(&ev);
	return ev;
}

/* The first to come gets what nobody has seen, later ones what is new. */
static uint64_t first_position(const struct clients *clients)
{
	return count_open(clients) ? STATE_CURRENT(&clients->state->tx)->head :
				clients->state->backlog;
}

void clients_attach(struct clients *clients, enum fd_kind kind,
		    unsigned int slot, uint64_t id, int fd)
{
	struct client *client = &clients->client[slot];

	if (client->state->left >= id) {
		shutdown(fd, SHUT_RDWR);
		fd_close(&fd);
		control_drop(kind, slot, id);
		return;
	}
	if (client->state->id != id)
		client_begin(client, id, first_position(clients),
			     full_budget(clients));
	client->readable = client->writable = true;
	client->eof = client->deaf = false;
	client->terminal = kind != FD_CLIENT;
	if (kind != FD_TERM_OUT) {
		client->in = fd;
		client->in_ev = watch(clients, client, fd,
				      kind == FD_CLIENT ?
					      EV_READ | EV_WRITE | EV_CLOSED :
					      EV_READ);
	}
	if (kind == FD_CLIENT) {
		client->out = fd;
	} else if (kind == FD_TERM_OUT) {
		client->out = fd;
		client->out_ev = watch(clients, client, fd, EV_WRITE);
	}
}

/*
 * The slot says so before the fd goes: a worker that dies in between leaves
 * the rest to its successor.
 */
static void leave(struct clients *clients, struct client *client)
{
	uint64_t id = client->state->id;

	no_reader_for_sure(clients, client);
	atomic_store_explicit(&client->state->left, id, memory_order_release);
	STATE_POINT();
}

void clients_close(struct clients *clients, struct client *client, int why)
{
	uint64_t id = client->state->id;

	if (why && why != -EPIPE && why != -ECONNRESET)
		log_limited(LOG_INFO, "client: %s", strerror(-why));
	leave(clients, client);
	loop_event_free(&client->in_ev);
	loop_event_free(&client->out_ev);
	if (client->terminal) {
		fd_close(&client->in);
		fd_close(&client->out);
		control_drop(FD_TERM_IN, client->slot, id);
		control_drop(FD_TERM_OUT, client->slot, id);
		return;
	}
	shutdown(client->out, SHUT_RDWR);
	fd_close(&client->out);
	client->in = -1;
	control_drop(FD_CLIENT, client->slot, id);
}

void clients_forget_absent(struct clients *clients)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &clients->client[i];

		if (client_present(client) && client->out < 0 && client->in < 0)
			leave(clients, client);
	}
}

static void caught_up(struct clients *clients, struct client *client,
		      uint64_t head, uint64_t sent)
{
	struct state_client *state = client->state;

	if (client_cursor(client).pos == head) {
		state->lagging = 0;
		state->budget_us = full_budget(clients);
	} else if (!state->lagging) {
		state->budget_us = budget_credit(state->budget_us, sent,
						 full_budget(clients));
	}
}

static bool has_more(const struct client *client, uint64_t head)
{
	struct cursor cursor = client_cursor(client);

	return cursor.mark_len || cursor.pos < head;
}

static bool flush_one(struct clients *clients, struct client *client,
		      uint64_t head)
{
	for (unsigned int i = 0; i < SENDS_PER_PASS; i++) {
		int64_t n;

		if (!client->writable || !has_more(client, head))
			return false;
		n = client_send(client, clients->ring, head,
				clients->config->notices);
		if (n < 0 && client->terminal) {
			clients_close(clients, client, (int)n);
			return false;
		}
		if (n < 0) {
			deaf(clients, client);
			return false;
		}
		if (n)
			pulse_progress(clients->state);
		caught_up(clients, client, head, (uint64_t)n);
	}
	return has_more(client, head);
}

bool clients_flush(struct clients *clients, uint64_t head)
{
	bool more = false;

	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &clients->client[i];

		if (!client_present(client) || client->out < 0 || client->deaf ||
		    (client->terminal && clients->paused))
			continue;
		if (flush_one(clients, client, head))
			more = true;
	}
	return more;
}

struct client *clients_next_typing(struct clients *clients)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client =
			&clients->client[clients->turn++ % CLIENTS_MAX];

		if (client_present(client) && !client->terminal && client->readable &&
		    !client->eof)
			return client;
	}
	return NULL;
}

void clients_pause(struct clients *clients, bool paused)
{
	clients->paused = paused;
	clients->ready(clients->arg);
}
