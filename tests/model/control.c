/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control queues, as worker/console_ctrl.c and ctrl.c do it: a message from
 * the guest and what is owed for it become true in one switch, so do a message
 * to the guest and that it is owed no more.
 *
 * What has to come out: the guest that says DEVICE_READY and, when it knows the
 * port, PORT_READY, gets each of the three messages once and in order, and
 * each buffer of both rings back once, in order; all of it comes in the end.
 * Nothing that a guest was owed is told to the one that reboots.
 */
#include "tests/model/control.h"

#include <string.h>

static const struct control_config *config;

static void control_init(void *world, const void *scope, unsigned int broken)
{
	struct control *s = world;

	config = scope;
	memset(&s->ctrl[1], POISON, sizeof(s->ctrl[1]));
	for (unsigned int r = 0; r < RINGS; r++)
		s->ring[r] = (struct ring_session){ .gen = ++s->next_gen,
						    .started = 1 };
	s->running = 1;
	s->to_say = DEVICE_READY;
	s->kills = config->kills;
	s->stops = config->stops;
	s->broken = (uint8_t)broken;
}

static bool control_kill(struct control *s)
{
	if (!s->kills || !s->w.pc)
		return false;
	s->kills--;
	memset(&s->w, 0, sizeof(s->w));
	return true;
}

static void guest_adds(struct control *s, unsigned int r, uint8_t event)
{
	uint8_t head = s->added[r]++ % HEADS;

	s->event[r][head] = event;
	queue_add(&s->q[r], head);
}

static bool say(struct control *s)
{
	if (!s->running || !s->to_say || s->q[FROM_GUEST].owes_kick ||
	    queue_full(&s->q[FROM_GUEST]))
		return false;
	guest_adds(s, FROM_GUEST, s->to_say);
	s->to_say = NOTHING;
	return true;
}

static bool add_buffer(struct control *s)
{
	struct queue *q = &s->q[TO_GUEST];

	if (!s->running || q->owes_kick ||
	    (uint8_t)(q->avail_idx - q->last_used) >= config->buffers ||
	    s->added[TO_GUEST] - q->last_used > MESSAGES)
		return false;
	guest_adds(s, TO_GUEST, POISON);
	return true;
}

static bool kick(struct control *s, unsigned int r)
{
	if (!s->running || !s->q[r].owes_kick)
		return false;
	queue_kick(&s->q[r]);
	return true;
}

static void hear(struct control *s, uint8_t event)
{
	if (event != PORT_ADD + s->heard)
		model_wrong("message %u as number %u to the guest", event,
			    s->heard + 1);
	else if (s->heard == MESSAGES)
		model_wrong("one message more than there are");
	s->heard++;
	if (event == PORT_ADD)
		s->to_say = PORT_READY;
}

static bool interrupt(struct control *s, unsigned int r)
{
	uint8_t head, len;

	if (!s->running || !s->q[r].call)
		return false;
	s->q[r].call = 0;
	for (;;) {
		head = queue_oldest(&s->q[r]) % HEADS;
		if (!queue_reap(&s->q[r], &len))
			return true;
		if (len != (r == TO_GUEST))
			model_wrong("length %u in ring %u", len, r);
		if (r == TO_GUEST)
			hear(s, s->event[r][head]);
		s->event[r][head] = POISON;
	}
}

/* The front-end goes on when the message before was answered. */
static bool front_sends(struct control *s)
{
	if (s->message)
		return false;
	if (s->front == FRONT_RUNS) {
		if (!s->stops)
			return false;
		s->stops--;
		s->running = 0;
		memset(s->base, POISON, sizeof(s->base));
	} else if (s->front < FRONT_START &&
		   s->base[s->front - FRONT_STOP] == POISON) {
		return false;
	}
	if (s->front == FRONT_START - 1) {
		s->running = 1;
		if (config->reboot) {
			memset(s->base, 0, sizeof(s->base));
			memset(s->q, 0, sizeof(s->q));
			memset(s->added, 0, sizeof(s->added));
			memset(s->event, POISON, sizeof(s->event));
			s->heard = 0;
			s->to_say = DEVICE_READY;
		}
	}
	s->message = ++s->front;
	if (s->front == FRONT_END - 1)
		s->front = FRONT_RUNS;
	return true;
}

enum {
	WORKER, KILL, SAY, BUFFER, KICK_TO, KICK_FROM, INTERRUPT_TO,
	INTERRUPT_FROM, STOP, FRONT, ACTIONS
};

static const struct model_action actions[ACTIONS] = {
	[WORKER] = { "worker", false },
	[KILL] = { "KILL", true },
	[SAY] = { "say", false },
	[BUFFER] = { "buffer", false },
	[KICK_TO] = { "kick", false },
	[KICK_FROM] = { "kick", false },
	[INTERRUPT_TO] = { "interrupt", false },
	[INTERRUPT_FROM] = { "interrupt", false },
	[STOP] = { "stop", true },
	[FRONT] = { "front-end", false },
};

static bool control_act(void *world, unsigned int action)
{
	struct control *s = world;

	switch (action) {
	case WORKER:
		return control_worker(s);
	case KILL:
		return control_kill(s);
	case SAY:
		return say(s);
	case BUFFER:
		return add_buffer(s);
	case KICK_TO:
	case KICK_FROM:
		return kick(s, action - KICK_TO);
	case INTERRUPT_TO:
	case INTERRUPT_FROM:
		return interrupt(s, action - INTERRUPT_TO);
	case STOP:
		return s->front == FRONT_RUNS && front_sends(s);
	default:
		return s->front != FRONT_RUNS && front_sends(s);
	}
}

static void control_end(const void *world)
{
	const struct control *s = world;

	if (s->heard != MESSAGES || !queue_empty(&s->q[FROM_GUEST]))
		model_wrong("the guest waits for ever, %u messages came",
			    s->heard);
}

static void control_show(const void *world, FILE *to)
{
	const struct control *s = world;

	fprintf(to, "at %u; owed 0x%x; front-end %u; guest heard %u, says %u;",
		s->w.pc, CTRL.owed, s->front, s->heard, s->to_say);
	for (unsigned int r = 0; r < RINGS; r++)
		fprintf(to, " ring %u: next %u, used %u, made %u, has %u, "
			"sees %u%s%s;", POS(r).gen, POS(r).avail, POS(r).used,
			s->q[r].avail_idx, s->q[r].last_used, s->q[r].used_idx,
			s->q[r].kick ? ", kick" : "",
			s->q[r].call ? ", call" : "");
}

static const struct model_scope scopes[] = {
	{ "hand-shake", &(struct control_config){
		.kills = 2, .buffers = 1 }, false },
	{ "stopped", &(struct control_config){
		.kills = 1, .buffers = 1, .stops = 1 }, false },
	{ "rebooted", &(struct control_config){
		.kills = 1, .buffers = 1, .stops = 1, .reboot = 1 }, false },
	{ "hand-shake, three kills", &(struct control_config){
		.kills = 3, .buffers = 2 }, true },
	{ "stopped, three kills", &(struct control_config){
		.kills = 3, .buffers = 1, .stops = 1 }, true },
	{ "rebooted, two kills", &(struct control_config){
		.kills = 2, .buffers = 2, .stops = 1, .reboot = 1 }, true },
};

static const struct model_break breaks[] = {
	{ "owed-after-switch", 0, "what is owed switches with the message" },
	{ "paid-after-switch", 0, "what is owed no more switches, too" },
	{ "publish-before-switch", 0, "a chain is shown when it was recorded" },
	{ "not-published-again", 0, "a resumed worker publishes again" },
	{ "no-generation", 2, "each start of a ring has its generation" },
	{ "owed-to-another", 2, "a guest that reboots is owed nothing" },
	{ "delivered-to-another", 2, "... not even before its ring starts" },
	{ "kick-not-assumed", 0, "rings count as kicked after a resume" },
	{ "call-not-repeated", 0, "each call is signalled after a resume" },
};

const struct model model_control = {
	.name = "control",
	.size = sizeof(struct control),
	.scope = scopes,
	.nscopes = COUNT(scopes),
	.breaks = breaks,
	.nbreaks = COUNT(breaks),
	.action = actions,
	.nactions = ACTIONS,
	.init = control_init,
	.act = control_act,
	.end = control_end,
	.show = control_show,
};
