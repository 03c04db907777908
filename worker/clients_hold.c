/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who holds the guest, from where on, and for how long still. */
#include "common/mono.h"
#include "worker/budget.h"
#include "worker/clients.h"

static bool holds(const struct clients *clients, const struct client *client)
{
	if (!client_present(client) || client->out < 0 || client->deaf)
		return false;
	switch (clients->config->overflow) {
	case OVERFLOW_BLOCK:
		return true;
	case OVERFLOW_WAIT:
		return !client->state->lagging && client->state->budget_us;
	default:
		return false;
	}
}

uint64_t clients_hold(const struct clients *clients)
{
	uint64_t hold = HOLD_NOTHING;

	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		const struct client *client = &clients->client[i];
		uint64_t pos;

		if (!holds(clients, client))
			continue;
		pos = client_cursor(client).pos;
		if (pos < hold)
			hold = pos;
	}
	/* then the next to come is who must not lose anything */
	if (clients->config->overflow == OVERFLOW_BLOCK &&
	    hold == HOLD_NOTHING)
		return clients->state->backlog;
	return hold;
}

uint64_t clients_room(const struct clients *clients, uint64_t head)
{
	uint64_t room = ring_room(clients->ring, head, clients_hold(clients));

	return room > SAY_ROOM ? room - SAY_ROOM : 0;
}

/* Is it this client that leaves the guest no room? */
static bool in_the_way(const struct clients *clients,
		       const struct client *client, uint64_t head)
{
	return clients->config->overflow == OVERFLOW_WAIT &&
	       holds(clients, client) &&
	       ring_room(clients->ring, head, client_cursor(client).pos) <=
		       SAY_ROOM;
}

void clients_charge(struct clients *clients, uint64_t head, bool held)
{
	uint64_t now = mono_us();
	uint64_t since = clients->held_since;

	clients->held_since = held ? now : 0;
	if (!since)
		return;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &clients->client[i];
		struct state_client *state = client->state;

		if (!in_the_way(clients, client, head))
			continue;
		state->budget_us = budget_charge(state->budget_us,
						 now - since);
		state->lagging = !state->budget_us;
	}
}

uint64_t clients_hold_ends(const struct clients *clients, uint64_t head)
{
	uint64_t ends = 0;

	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		const struct client *client = &clients->client[i];

		if (in_the_way(clients, client, head) &&
		    (!ends || client->state->budget_us < ends))
			ends = client->state->budget_us;
	}
	return ends;
}
