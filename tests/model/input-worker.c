/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/model/input.h"

#include <string.h>

#define RX		(s->rx[s->rx_current])

/* chains_done() */
static uint8_t chains_done(const struct input *s)
{
	uint8_t left = RX.msg_len, n = 0;

	while (n < RX.n && left) {
		left -= left < RX.capacity[n] ? left : RX.capacity[n];
		n++;
	}
	return n;
}

/* Bytes in buffer number @i of the record. */
static uint8_t bytes_in(const struct input *s, unsigned int i)
{
	uint8_t left = RX.msg_len;

	for (unsigned int before = 0; before < i; before++)
		left -= left < RX.capacity[before] ? left :
						     RX.capacity[before];
	return left < RX.capacity[i] ? left : RX.capacity[i];
}

static void switch_rx(struct input *s, struct input_record next)
{
	memset(&RX, POISON, sizeof(RX));
	s->rx_current = !s->rx_current;
	RX = next;
}

/* begin(), collect() */
static struct input_record collect(const struct input *s)
{
	struct input_record next = {
		.gen = RX.gen,
		.avail = RX.avail + chains_done(s),
		.used = RX.used + chains_done(s),
	};

	while (next.n < BATCH &&
	       s->q.avail_idx != (uint8_t)(next.avail + next.n)) {
		uint8_t head = s->q.avail[(next.avail + next.n) % NUM] % HEADS;

		next.head[next.n] = head;
		next.capacity[next.n++] = s->capacity[head];
	}
	return next;
}

/* recvmmsg() into the buffers of @r; the kernel stores the count. */
static uint8_t system_receive(struct input *s, const struct input_record *r)
{
	uint8_t n = 0;

	for (unsigned int i = 0; i < r->n && i < BATCH; i++)
		for (unsigned int j = 0; j < r->capacity[i] && s->waiting; j++,
		     n++)
			s->buffer[r->head[i] % HEADS][j % BUFFER_LEN] =
				s->typed - --s->waiting;
	return n;
}

static void apply_stop(struct input *s)
{
	/* vu_get_vring_base(), console_rx_base() */
	if (RX.gen == s->ring.gen)
		s->ring.base = RX.avail + (BROKEN(BASE_WITHOUT_COUNT) ?
						   0 : chains_done(s));
	s->ring.started = 0;
	s->reply = 1;
	s->stop = 0;
}

static void apply_start(struct input *s, const struct input_config *config)
{
	/* vu_set_vring_base(), vu_set_vring_kick() */
	s->ring.base = s->base;
	s->ring.started = 1;
	if (!BROKEN(NO_GENERATION))
		s->ring.gen = ++s->next_gen;
	s->start = 0;
	/* what was received for the guest before went with it */
	if (config->reboot)
		s->got = s->typed - s->waiting;
}

bool input_worker(struct input *s, const struct input_config *config)
{
	typeof(s->w) *w = &s->w;
	struct input_record next;

	switch (w->pc) {
	case 0:
		w->resumed = 1;
		w->readable = 1;
start:
		/* start_ring(), console_rx_start() */
		if (!s->ring.started || w->runs)
			goto pass;
		w->runs = 1;
		if (RX.gen != s->ring.gen &&
		    !(BROKEN(GENERATION_IGNORED) && RX.gen)) {
			switch_rx(s, (struct input_record){
				.gen = s->ring.gen,
				.avail = s->ring.base,
				.used = s->q.used_idx,
			});
			STEP();
			goto pass;
		}
		if (BROKEN(NOT_PUBLISHED_AGAIN))
			goto pass;
publish:
		/* publish() */
		for (w->i = 0; w->i < chains_done(s); w->i++) {
			queue_put_id(&s->q, RX.used + w->i, RX.head[w->i]);
			STEP();
			queue_put_len(&s->q, RX.used + w->i,
				      bytes_in(s, w->i));
			STEP();
		}
		if (w->i) {
			queue_publish(&s->q, RX.used + w->i);
			STEP();
		}
		goto service;
pass:
		w->used = RX.used + chains_done(s);
service:
		/* console_rx_fill(), fill_once() */
		if (!w->runs || (w->resumed && BROKEN(KICK_NOT_ASSUMED)))
			goto notify;
		while (w->readable) {
			next = collect(s);
			if (!next.n) {
				/* vring_kicks_on(), which looks again */
				s->q.silent = 0;
				STEP();
				if (collect(s).n)
					continue;
				break;
			}
			if (BROKEN(RECEIVE_BEFORE_RECORD)) {
				w->n = next.n;
				w->len = system_receive(s, &next);
				STEP();
				next = collect(s);
				next.n = w->n;
				next.msg_len = w->len;
				w->n = 0;
				w->readable = w->len != 0;
				if (!w->readable)
					break;
				switch_rx(s, next);
				STEP();
				goto publish;
			}
			switch_rx(s, next);
			STEP();
			/* receive() */
			w->len = system_receive(s, &RX);
			if (BROKEN(RECEIVE_COUNTED_BY_US))
				STEP();
			RX.msg_len = w->len;
			w->readable = w->len != 0;
			if (w->len) {
				STEP();
				goto publish;
			}
		}
notify:
		w->i = w->n = w->len = 0;
		if (w->runs && (uint8_t)(RX.used + chains_done(s)) != w->used &&
		    !w->resumed) {
			/* vq_notify() */
			s->q.call = 1;
			STEP();
		}
		if (w->runs && w->resumed && !BROKEN(CALL_NOT_REPEATED)) {
			/* vu_sync_resume() */
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

		w->used = 0;
		WAIT(s->q.kick || s->stop || s->start || w->event);
		w->readable |= w->event;
		w->event = 0;
		if (s->stop) {
			apply_stop(s);
			STEP();
			w->runs = 0;
			goto start;
		}
		if (s->start) {
			apply_start(s, config);
			STEP();
			goto start;
		}
		if (s->q.kick) {
			s->q.kick = 0;
			STEP();
		}
		goto pass;
	}
	return false;
}
