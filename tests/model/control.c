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
#include <string.h>

#include "tests/model/queue.h"

enum { NOTHING, DEVICE_READY, PORT_READY, PORT_ADD, CONSOLE_PORT, PORT_OPEN };

#define OWED(what)	(1u << (what))
#define MESSAGES	3		/* to the guest, from PORT_ADD on */

struct control_config {
	uint8_t kills;
	uint8_t buffers;		/* the guest keeps for us */
	uint8_t stops;
	uint8_t reboot;
};

enum control_break {
	CONTROL_OWED_AFTER_SWITCH = 1,
	CONTROL_PAID_AFTER_SWITCH,
	CONTROL_PUBLISH_BEFORE_SWITCH,
	CONTROL_NOT_PUBLISHED_AGAIN,
	CONTROL_NO_GENERATION,
	CONTROL_OWED_TO_ANOTHER,
	CONTROL_DELIVERED_TO_ANOTHER,
	CONTROL_KICK_NOT_ASSUMED,
	CONTROL_CALL_NOT_REPEATED,
};

enum { TO_GUEST, FROM_GUEST, RINGS };

/* What the front-end sends, one by one. */
enum front_step {
	FRONT_RUNS,
	FRONT_STOP,			/* + ring */
	FRONT_START = FRONT_STOP + RINGS,
	FRONT_END = FRONT_START + RINGS,
};

struct control {
	/* the console's state */
	struct control_record {		/* struct state_ctrl */
		struct pos pos[RINGS];
		uint8_t owed;
	} ctrl[2];
	uint8_t ctrl_current;
	struct ring_session ring[RINGS];
	uint8_t next_gen;
	uint8_t reply;			/* 1 + ring whose base is owed */

	/* the guest and the front-end */
	struct queue q[RINGS];
	uint8_t event[RINGS][HEADS];	/* the chains' messages, by heads */
	uint8_t added[RINGS];		/* chains */
	uint8_t to_say;			/* next message from the guest */
	uint8_t heard;			/* messages to it */
	uint8_t running;
	uint8_t stops;
	uint8_t front;			/* enum front_step */
	uint8_t message;		/* one of them, on its way */
	uint8_t base[RINGS];

	uint8_t kills;
	uint8_t broken;

	/* the worker */
	struct {
		uint16_t pc;
		uint8_t resumed;
		uint8_t runs[RINGS];
		uint8_t used[RINGS];	/* as the pass began */
		uint8_t r, what;
	} w;
};

#define BROKEN(what)	(s->broken == CONTROL_##what)
#define CTRL		(s->ctrl[s->ctrl_current])
#define POS(r)		(CTRL.pos[r])

static const struct control_config *config;

static void switch_ctrl(struct control *s, struct control_record next)
{
	memset(&CTRL, POISON, sizeof(CTRL));
	s->ctrl_current = !s->ctrl_current;
	CTRL = next;
}

/* get(): is there a next chain in a ring that runs? */
static bool has_chain(const struct control *s, unsigned int r)
{
	return s->w.runs[r] && s->q[r].avail_idx != POS(r).avail;
}

static uint8_t next_head(const struct control *s, unsigned int r)
{
	return s->q[r].avail[POS(r).avail % NUM] % HEADS;
}

/* ctrl_receive() */
static uint8_t owed_after(uint8_t owed, uint8_t message)
{
	switch (message) {
	case DEVICE_READY:
		return OWED(PORT_ADD);
	case PORT_READY:
		return owed | OWED(CONSOLE_PORT) | OWED(PORT_OPEN);
	default:
		model_wrong("message %u from the guest", message);
		return owed;
	}
}

/* ctrl_next(); what is owed is owed to the guest of this generation */
static uint8_t next_owed(const struct control *s)
{
	const struct ring_session *ring = &s->ring[FROM_GUEST];

	if ((!ring->started || ring->gen != POS(FROM_GUEST).gen) &&
	    !BROKEN(DELIVERED_TO_ANOTHER))
		return NOTHING;
	for (uint8_t what = PORT_ADD; what <= PORT_OPEN; what++)
		if (CTRL.owed & OWED(what))
			return what;
	return NOTHING;
}

/* The handlers of vu_vring.c, for one message. */
static void apply_message(struct control *s)
{
	unsigned int r = (s->message - FRONT_STOP) % RINGS;
	struct ring_session *ring = &s->ring[r];

	if (s->message < FRONT_START) {
		if (POS(r).gen == ring->gen)
			ring->base = POS(r).avail;
		ring->started = 0;
		s->reply = (uint8_t)(1 + r);
	} else {
		ring->base = s->base[r];
		ring->started = 1;
		if (!BROKEN(NO_GENERATION))
			ring->gen = ++s->next_gen;
	}
	s->message = 0;
}

static bool worker(struct control *s)
{
	typeof(s->w) *w = &s->w;
	struct control_record next;
	uint8_t head;

	switch (w->pc) {
	case 0:
		w->resumed = 1;
start:
		/* start_rings(), console_ctrl_start() */
		for (w->r = 0; w->r < RINGS; w->r++) {
			if (!s->ring[w->r].started)
				w->runs[w->r] = 0;
			if (!s->ring[w->r].started || w->runs[w->r])
				continue;
			w->runs[w->r] = 1;
			if (POS(w->r).gen != s->ring[w->r].gen) {
				next = CTRL;
				pos_start(&next.pos[w->r], &s->ring[w->r],
					  &s->q[w->r]);
				if (w->r == FROM_GUEST && !s->ring[w->r].base &&
				    !BROKEN(OWED_TO_ANOTHER))
					next.owed = 0;
				switch_ctrl(s, next);
				STEP();
			} else if (!BROKEN(NOT_PUBLISHED_AGAIN)) {
				POS_PUBLISH(&POS(w->r), &s->q[w->r]);
			}
		}
service:
		/* console_ctrl_service() */
		w->r = 0;
		w->used[0] = POS(0).used;
		w->used[1] = POS(1).used;
		if (w->resumed && BROKEN(KICK_NOT_ASSUMED))
			goto notify;

		/* receive() */
		while (has_chain(s, FROM_GUEST)) {
			w->what = s->event[FROM_GUEST]
					  [next_head(s, FROM_GUEST)];
			if (BROKEN(PUBLISH_BEFORE_SWITCH)) {
				queue_put_id(&s->q[FROM_GUEST],
					     POS(FROM_GUEST).used,
					     next_head(s, FROM_GUEST));
				queue_publish(&s->q[FROM_GUEST],
					      POS(FROM_GUEST).used + 1);
				STEP();
			}
			next = CTRL;
			pos_complete(&next.pos[FROM_GUEST],
				     next_head(s, FROM_GUEST), 0);
			if (!BROKEN(OWED_AFTER_SWITCH))
				next.owed = owed_after(next.owed, w->what);
			switch_ctrl(s, next);
			STEP();
			if (BROKEN(OWED_AFTER_SWITCH)) {
				CTRL.owed = owed_after(CTRL.owed, w->what);
				STEP();
			}
			POS_PUBLISH(&POS(FROM_GUEST), &s->q[FROM_GUEST]);
		}

		/* deliver() */
		while (next_owed(s) && has_chain(s, TO_GUEST)) {
			w->what = next_owed(s);
			/* write_message() */
			head = next_head(s, TO_GUEST);
			s->event[TO_GUEST][head] = w->what;
			STEP();
			next = CTRL;
			pos_complete(&next.pos[TO_GUEST],
				     next_head(s, TO_GUEST), 1);
			if (!BROKEN(PAID_AFTER_SWITCH))
				next.owed &= ~OWED(w->what);
			switch_ctrl(s, next);
			STEP();
			if (BROKEN(PAID_AFTER_SWITCH)) {
				CTRL.owed &= ~OWED(w->what);
				STEP();
			}
			POS_PUBLISH(&POS(TO_GUEST), &s->q[TO_GUEST]);
		}
notify:
		w->what = 0;
		for (w->r = 0; w->r < RINGS; w->r++) {
			if (w->runs[w->r] &&
			    (POS(w->r).used != w->used[w->r] ||
			     (w->resumed && !BROKEN(CALL_NOT_REPEATED)))) {
				/* vq_notify(), vu_sync_resume() */
				s->q[w->r].call = 1;
				STEP();
			}
		}
		w->resumed = 0;
		if (s->reply) {
			/* vu_out_flush() */
			s->base[s->reply - 1] = s->ring[s->reply - 1].base;
			s->reply = 0;
			STEP();
		}

		w->r = w->used[0] = w->used[1] = 0;
		WAIT(s->q[0].kick || s->q[1].kick || s->message);
		if (s->message) {
			apply_message(s);
			STEP();
			goto start;
		}
		w->r = !s->q[0].kick;
		s->q[w->r].kick = 0;
		STEP();
		goto service;
	}
	return false;
}

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
		return worker(s);
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
