/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The clients of one console: who is there, who holds the guest, who gets what
 * was printed while nobody was there.
 */
#ifndef WORKER_CLIENTS_H
#define WORKER_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"
#include "worker/client.h"

#define HOLD_NOTHING	UINT64_MAX
#define SAY_ROOM	(UINT64_C(4) * SAY_MAX)

struct clients {
	struct client client[CLIENTS_MAX];
	struct console_state *state;
	const struct worker_config *config;
	const struct ring *ring;
	struct event_base *base;
	bool paused;			/* the terminal is to be left alone */
	uint64_t held_since;		/* monotonic us; 0: the guest is not */
	unsigned int turn;		/* who may type first */
	void (*ready)(void *arg);
	void *arg;
};

/* @ready is called when a client can be read from or written to. */
void clients_init(struct clients *clients, struct console_state *state,
		  const struct worker_config *config, const struct ring *ring,
		  struct event_base *base, void (*ready)(void *arg),
		  void *arg);

/*
 * A client's fd from the supervisor, taken over: a socket, or one end of the
 * terminal (@kind). A client the state knows by @id goes on where it was.
 */
void clients_attach(struct clients *clients, enum fd_kind kind,
		    unsigned int slot, uint64_t id, int fd);

/* Forgets clients in the state that no fd was handed over for. */
void clients_forget_absent(struct clients *clients);

/* The client is gone: @why is 0 or -errno. */
void clients_close(struct clients *clients, struct client *client, int why);

/* Sends each client what it lacks. Returns true if some may take more. */
bool clients_flush(struct clients *clients, uint64_t head);

/* Oldest position that must not be overwritten, or HOLD_NOTHING. */
uint64_t clients_hold(const struct clients *clients);

/*
 * Bytes of guest output that fit at @head. Some room beyond them is kept for
 * text of our own, which does not wait.
 */
uint64_t clients_room(const struct clients *clients, uint64_t head);

/*
 * The guest waits for room, or no longer does (@held). Takes the time it
 * waited from the budget of those it waited for.
 */
void clients_charge(struct clients *clients, uint64_t head, bool held);

/* Microseconds until a budget ends, 0 when none is running down. */
uint64_t clients_hold_ends(const struct clients *clients, uint64_t head);

/* The next client that may have something to say, or NULL. */
struct client *clients_next_typing(struct clients *clients);

/* The client's input has ended; it may still want output, or be gone. */
void clients_typed_all(struct clients *clients, struct client *client);

/* Reading from the client failed with @why, -errno. */
void clients_input_failed(struct clients *clients, struct client *client,
			  int why);

/* Leaves the terminal alone, or uses it again. */
void clients_pause(struct clients *clients, bool paused);

#endif
