/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/turn.h"

#include <errno.h>
#include <event2/event.h>

#include "supervisor/supervise.h"
#include "supervisor/worker_link.h"

#define TURNS_MAX	4

/* A worker that takes longer than this holds up no other. */
static const struct timeval turn_time = { .tv_sec = 1 };

static void turn_over_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn_leave(arg);
}

int turn_init(struct console *c, struct event_base *base)
{
	c->turn_timer = evtimer_new(base, turn_over_cb, c);
	return c->turn_timer ? 0 : -ENOMEM;
}

bool turn_take(struct console *c)
{
	struct supervisor *s = c->supervisor;

	if (c->turn == TURN_TAKEN)
		return true;
	if (s->turns >= TURNS_MAX) {
		c->turn = TURN_WAITING;
		return false;
	}
	c->turn = TURN_TAKEN;
	s->turns++;
	event_add(c->turn_timer, &turn_time);
	return true;
}

/* Round, so that no console is passed over for ever. */
static struct console *next_waiting(struct supervisor *s)
{
	for (unsigned int i = 0; i < s->table.count; i++) {
		unsigned int at = (s->next_turn + i) % s->table.count;

		if (s->table.console[at].turn == TURN_WAITING) {
			s->next_turn = at + 1;
			return &s->table.console[at];
		}
	}
	return NULL;
}

void turn_leave(struct console *c)
{
	struct supervisor *s = c->supervisor;
	enum turn before = c->turn;
	struct console *next;

	c->turn = TURN_NONE;
	if (before != TURN_TAKEN)
		return;
	event_del(c->turn_timer);
	s->turns--;
	while (s->turns < TURNS_MAX && (next = next_waiting(s))) {
		next->turn = TURN_NONE;
		link_pump(next);
	}
}
