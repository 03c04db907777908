/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/model/control.h"

#include <string.h>

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

bool control_worker(struct control *s)
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
