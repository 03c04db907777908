/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/model/output.h"

#include <string.h>

#define TX	(s->tx[s->tx_current])
#define SEND(c)	(s->send[c][s->send_current[c]])

static void switch_tx(struct output *s, struct pos ring, uint8_t head)
{
	memset(&TX, POISON, sizeof(TX));
	s->tx_current = !s->tx_current;
	TX.ring = ring;
	TX.head = head;
}

struct output_cursor output_cursor(const struct output *s, unsigned int client)
{
	const struct output_send *r = &SEND(client);

	if (r->msg_len < r->mark_len)
		return (struct output_cursor){ r->start,
					r->mark_len - r->msg_len };
	return (struct output_cursor){ r->start + r->msg_len - r->mark_len, 0 };
}

/* clients_hold(), ring_room() */
static uint8_t ring_room_left(const struct output *s,
			      const struct output_config *config)
{
	uint8_t held = 0;

	for (unsigned int c = 0; c < config->clients; c++) {
		uint8_t behind = TX.head - output_cursor(s, c).pos;

		if (s->w.attached[c] && !s->lagging[c] && behind > held)
			held = behind;
	}
	if (BROKEN(HOLD_IGNORED))
		held = 0;
	return held < config->ring ? config->ring - held : 0;
}

static uint8_t open_head(const struct output *s)
{
	return s->q.avail[TX.ring.avail % NUM] % HEADS;
}

/* drop_oldest() of ring.c */
static void store_tail(struct output *s, const struct output_config *config)
{
	uint8_t end = TX.head + s->w.len;

	if (end > config->ring && end - config->ring > s->tail)
		s->tail = end - config->ring;
}

/* first_position() of clients.c: is there nobody else? */
static bool is_first(const struct output *s, unsigned int client)
{
	return !s->id[!client];
}

/* build() of client.c, and the switch to what it made */
static void next_send(struct output *s, unsigned int client)
{
	struct output_cursor cursor = output_cursor(s, client);
	struct output_send next = {
		.start = cursor.pos,
		.mark_len = cursor.left,
		.len = TX.head - cursor.pos,
		.mark = SEND(client).mark,
	};

	if (cursor.pos < s->tail && cursor.left) {
		next.len = 0;
	} else if (cursor.pos < s->tail) {
		next.start = s->tail;
		next.mark = s->tail - cursor.pos;
		next.mark_len = MARK_LEN;
		next.len = TX.head - s->tail;
	}
	if (BROKEN(MARK_FORGOTTEN) && cursor.left)
		next.mark_len = 0;
	next.len += next.mark_len;
	memset(&SEND(client), POISON, sizeof(SEND(client)));
	s->send_current[client] = !s->send_current[client];
	SEND(client) = next;
}

/* sendmmsg(): as much as fits goes out, and the kernel stores how much. */
static uint8_t system_send(struct output *s, unsigned int client,
			   const struct output_config *config)
{
	const struct output_send *r = &SEND(client);
	uint8_t n = 0;

	for (; n < r->len && s->client[client].waiting < SOCKET_ROOM; n++) {
		uint8_t left = r->mark_len - n, byte;

		if (n < r->mark_len)
			byte = (left == 1 ? MARK_END : MARK_BEGIN) | r->mark;
		else
			byte = s->buf[(r->start + n - r->mark_len) %
				      config->ring];
		output_sent(s, client, byte);
	}
	return n;
}

/* vu_dispatch(): the handler's change becomes true by one switch. */
static void apply_message(struct output *s)
{
	struct ring_session *r = &s->ring;

	switch (s->message) {
	case FRONT_STOP:	/* vu_get_vring_base(), stop_ring() */
		if (TX.ring.gen == r->gen) {
			r->base = TX.ring.avail;
			r->taken = BROKEN(OFFSET_LOST_AT_STOP) ? 0 :
								 TX.ring.off;
		}
		r->started = 0;
		s->reply = 1;
		break;
	case FRONT_REBOOT:	/* vu_get_config(), then as below */
		r->taken = 0;
		s->base = 0;
		/* fall through */
	case FRONT_CONTINUE:	/* vu_set_vring_base(), vu_set_vring_kick() */
		if (r->base != s->base)
			r->taken = 0;
		r->base = s->base;
		r->started = 1;
		if (!BROKEN(NO_GENERATION))
			r->gen = ++s->next_gen;
		break;
	}
	s->message = FRONT_NONE;
}

static bool has_event(const struct output *s)
{
	for (unsigned int c = 0; c < CLIENTS; c++)
		if (s->w.event[c] || (s->client[c].there && !s->w.attached[c]))
			return true;
	return s->q.kick || s->message;
}

bool output_worker(struct output *s, const struct output_config *config)
{
	typeof(s->w) *w = &s->w;
	struct pos pos;
	uint8_t head;

	switch (w->pc) {
	case 0:
		w->resumed = 1;
attach:
		/* clients_attach() */
		for (w->c = 0; w->c < CLIENTS; w->c++) {
			if (!s->client[w->c].there || w->attached[w->c])
				continue;
			if (!s->id[w->c]) {
				/* client_begin() */
				memset(&SEND(w->c), POISON, sizeof(SEND(0)));
				s->send_current[w->c] ^= 1;
				SEND(w->c) = (struct output_send){
					.start = is_first(s, w->c) ? 0 :
								     TX.head,
				};
				STEP();
				s->lagging[w->c] = 0;
				STEP();
				s->id[w->c] = 1;
				output_attached(s, w->c, is_first(s, w->c));
				STEP();
			}
			w->attached[w->c] = w->writable[w->c] = 1;
		}
start:
		/* start_ring(), console_tx_start() */
		if (!s->ring.started || w->runs)
			goto service;
		w->runs = 1;
		if (TX.ring.gen != s->ring.gen) {
			pos_start(&pos, &s->ring, &s->q);
			switch_tx(s, pos, TX.head);
			STEP();
		} else if (!BROKEN(NOT_PUBLISHED_AGAIN)) {
			POS_PUBLISH(&TX.ring, &s->q);
		}
service:
		/* console_tx_drain() */
		w->held = 0;
		if (!w->runs || (w->resumed && BROKEN(KICK_NOT_ASSUMED)))
			goto flush;
		w->used = TX.ring.used;
		s->q.silent = 1;
		STEP();
		for (;;) {
			if (s->q.avail_idx == TX.ring.avail) {
				/* vring_kicks_on(), which looks again */
				s->q.silent = 0;
				STEP();
				if (s->q.avail_idx == TX.ring.avail)
					break;
			}

			/* take_chain() */
			w->len = s->len[open_head(s)] - TX.ring.off;
			if (w->len && !ring_room_left(s, config)) {
				w->held = 1;
				break;
			}
			if (w->len > ring_room_left(s, config))
				w->len = ring_room_left(s, config);

			/* ring_write() */
			if (!BROKEN(COPY_BEFORE_TAIL)) {
				store_tail(s, config);
				STEP();
			}
			for (w->i = 0; w->i < w->len; w->i++) {
				head = open_head(s);
				s->buf[(TX.head + w->i) % config->ring] =
					s->first[head] + TX.ring.off + w->i;
				STEP();
			}
			if (BROKEN(COPY_BEFORE_TAIL)) {
				store_tail(s, config);
				STEP();
			}

			pos = TX.ring;
			head = open_head(s);
			if (TX.ring.off + w->len < s->len[head]) {
				pos.off += BROKEN(OFFSET_DROPPED) ? 0 : w->len;
				switch_tx(s, pos, TX.head + w->len);
				STEP();
				continue;
			}

			/* finish_chain() */
			if (BROKEN(PUBLISH_BEFORE_SWITCH)) {
				queue_put_id(&s->q, pos.used, head);
				queue_put_len(&s->q, pos.used, 0);
				queue_publish(&s->q, pos.used + 1);
				STEP();
				pos = TX.ring;
				head = open_head(s);
			}
			pos_complete(&pos, head, 0);
			switch_tx(s, pos, TX.head + w->len);
			STEP();
			POS_PUBLISH(&TX.ring, &s->q);
		}
		if (TX.ring.used != w->used) {
			/* vq_notify() */
			s->q.call = 1;
			STEP();
		}
flush:
		/* clients_flush() */
		for (w->c = 0; w->c < config->clients; w->c++) {
			while (w->attached[w->c] && w->writable[w->c] &&
			       (output_cursor(s, w->c).left ||
				output_cursor(s, w->c).pos < TX.head)) {
				/* client_send() */
				if (BROKEN(SEND_BEFORE_RECORD)) {
					next_send(s, w->c);
					w->len = system_send(s, w->c, config);
					s->send_current[w->c] ^= 1;
					s->send[w->c][!s->send_current[w->c]] =
						SEND(w->c);
					STEP();
				}
				next_send(s, w->c);
				STEP();
				w->len = system_send(s, w->c, config);
				if (BROKEN(SEND_COUNTED_BY_US))
					STEP();
				SEND(w->c).msg_len = w->len;
				w->writable[w->c] = w->len != 0;
				/* caught_up() */
				if (output_cursor(s, w->c).pos == TX.head)
					s->lagging[w->c] = 0;
				STEP();
			}
		}
		if (w->resumed && w->runs && !BROKEN(CALL_NOT_REPEATED)) {
			/* vu_sync_resume(): what was signalled is not known */
			s->q.call = 1;
			STEP();
		}
		w->resumed = 0;
		if (s->reply) {
			/* vu_out_flush() */
			s->reply = 0;
			s->base = s->ring.base;
			STEP();
		}

		/* plan(), and libevent's loop */
		WAIT((w->held && ring_room_left(s, config)) || has_event(s));
		memset(w->event, 0, sizeof(w->event));
		w->c = w->i = w->len = w->used = 0;
		for (unsigned int c = 0; c < config->clients; c++)
			if (w->attached[c] &&
			    s->client[c].waiting < SOCKET_ROOM)
				w->writable[c] = 1;
		if (s->message) {
			apply_message(s);
			STEP();
			/* start_rings() */
			if (!s->ring.started)
				w->runs = 0;
			goto start;
		}
		if (s->q.kick) {
			/* vq_kick_cb() */
			s->q.kick = 0;
			STEP();
		}
		goto attach;
	}
	return false;
}
