/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a client types, as worker/console_rx.c hands it to the guest: a record
 * of the buffers that are to be filled, then recvmmsg() into them, of which the
 * kernel stores the count, then the used entries.
 *
 * What has to come out: the guest reads the client's bytes in order and gets
 * each buffer back once, in order; all of it comes in the end. Bytes that were
 * in buffers of a guest that reboots are lost with that guest, the next gets
 * all that come after them.
 */
#include <string.h>

#include "tests/model/queue.h"

#define BATCH		2		/* buffers of one record */
#define BUFFERS_MAX	4
#define BUFFER_LEN	2
#define SOCKET_ROOM	2

struct input_config {
	uint8_t kills;
	uint8_t typed;			/* bytes */
	uint8_t stops;
	uint8_t reboot;
	uint8_t buffer[2][BUFFERS_MAX];	/* capacities, before and after that */
};

enum input_break {
	INPUT_NO_GENERATION = 1,
	INPUT_GENERATION_IGNORED,
	INPUT_NOT_PUBLISHED_AGAIN,
	INPUT_RECEIVE_COUNTED_BY_US,
	INPUT_RECEIVE_BEFORE_RECORD,
	INPUT_BASE_WITHOUT_COUNT,
	INPUT_KICK_NOT_ASSUMED,
	INPUT_CALL_NOT_REPEATED,
};

struct input {
	/* the console's state */
	struct input_record {		/* struct state_rx */
		uint8_t gen;
		uint8_t avail;
		uint8_t used;
		uint8_t n;
		uint8_t head[BATCH];
		uint8_t capacity[BATCH];
		uint8_t msg_len;
	} rx[2];
	uint8_t rx_current;
	struct ring_session ring;
	uint8_t next_gen;
	uint8_t reply;

	/* the client */
	uint8_t typed;
	uint8_t waiting;		/* bytes in its socket, the last typed */

	/* the guest, its buffers by their heads, and the front-end */
	struct queue q;
	uint8_t buffer[HEADS][BUFFER_LEN];
	uint8_t capacity[HEADS];
	uint8_t added;
	uint8_t got;			/* last byte */
	uint8_t life;
	uint8_t running;
	uint8_t stops;
	uint8_t stop, start;		/* messages on their way */
	uint8_t base;			/* answer to the stop */

	uint8_t kills;
	uint8_t broken;

	/* the worker */
	struct {
		uint16_t pc;
		uint8_t resumed;
		uint8_t runs;
		uint8_t readable;
		uint8_t event;
		uint8_t used;
		uint8_t i, n, len;
	} w;
};

#define BROKEN(what)	(s->broken == INPUT_##what)
#define RX		(s->rx[s->rx_current])

static const struct input_config *config;

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

static void apply_start(struct input *s)
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

static bool worker(struct input *s)
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
			apply_start(s);
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

static void input_init(void *world, const void *scope, unsigned int broken)
{
	struct input *s = world;

	config = scope;
	memset(&s->rx[1], POISON, sizeof(s->rx[1]));
	memset(s->buffer, POISON, sizeof(s->buffer));
	s->ring = (struct ring_session){ .gen = 1, .started = 1 };
	s->next_gen = 1;
	s->running = 1;
	s->kills = config->kills;
	s->stops = config->stops;
	s->broken = (uint8_t)broken;
}

static bool input_kill(struct input *s)
{
	if (!s->kills || !s->w.pc)
		return false;
	s->kills--;
	memset(&s->w, 0, sizeof(s->w));
	return true;
}

static bool type(struct input *s)
{
	if (s->typed == config->typed || s->waiting == SOCKET_ROOM)
		return false;
	s->typed++;
	s->waiting++;
	s->w.event = s->w.pc != 0;
	return true;
}

static uint8_t next_capacity(const struct input *s)
{
	return s->added < BUFFERS_MAX ? config->buffer[s->life][s->added] : 0;
}

static bool add_buffer(struct input *s)
{
	uint8_t head = s->added % HEADS;

	if (!s->running || !next_capacity(s) || s->q.owes_kick ||
	    queue_full(&s->q))
		return false;
	s->capacity[head] = next_capacity(s);
	s->added++;
	queue_add(&s->q, head);
	return true;
}

static bool kick(struct input *s)
{
	if (!s->running || !s->q.owes_kick)
		return false;
	queue_kick(&s->q);
	return true;
}

static bool interrupt(struct input *s)
{
	uint8_t head, len;

	if (!s->running || !s->q.call)
		return false;
	s->q.call = 0;
	for (;;) {
		head = queue_oldest(&s->q) % HEADS;
		if (!queue_reap(&s->q, &len))
			return true;
		if (!len || len > s->capacity[head])
			model_wrong("%u bytes in a buffer of %u", len,
				    s->capacity[head]);
		for (unsigned int i = 0; i < len && i < BUFFER_LEN; i++)
			if (s->buffer[head][i] != ++s->got)
				model_wrong("byte %u where %u should be",
					    s->buffer[head][i], s->got);
		memset(s->buffer[head], POISON, BUFFER_LEN);
	}
}

static bool front_stops(struct input *s)
{
	if (!s->stops || !s->running)
		return false;
	s->stops--;
	s->running = 0;
	s->stop = 1;
	s->base = POISON;
	return true;
}

static bool front_starts(struct input *s)
{
	if (s->running || s->stop || s->base == POISON)
		return false;
	s->running = 1;
	s->start = 1;
	if (!config->reboot)
		return true;
	s->life = 1;
	s->added = 0;
	s->base = 0;
	memset(&s->q, 0, sizeof(s->q));
	memset(s->buffer, POISON, sizeof(s->buffer));
	return true;
}

enum { WORKER, KILL, TYPE, ADD, KICK, INTERRUPT, STOP, START, ACTIONS };

static const struct model_action actions[ACTIONS] = {
	[WORKER] = { "worker", false },
	[KILL] = { "KILL", true },
	[TYPE] = { "type", false },
	[ADD] = { "buffer", false },
	[KICK] = { "kick", false },
	[INTERRUPT] = { "interrupt", false },
	[STOP] = { "stop", true },
	[START] = { "start", false },
};

static bool input_act(void *world, unsigned int action)
{
	struct input *s = world;

	switch (action) {
	case WORKER:
		return worker(s);
	case KILL:
		return input_kill(s);
	case TYPE:
		return type(s);
	case ADD:
		return add_buffer(s);
	case KICK:
		return kick(s);
	case INTERRUPT:
		return interrupt(s);
	case STOP:
		return front_stops(s);
	default:
		return front_starts(s);
	}
}

static void input_end(const void *world)
{
	const struct input *s = world;

	if (s->got != config->typed)
		model_wrong("the guest has %u of %u bytes, for ever", s->got,
			    config->typed);
}

static void input_show(const void *world, FILE *to)
{
	const struct input *s = world;

	fprintf(to, "at %u; record of ring %u: %u chains at %u, used %u, "
		"%u bytes; client typed %u, %u wait; driver: made %u, has %u, "
		"sees %u%s%s; got %u", s->w.pc, RX.gen, RX.n, RX.avail,
		RX.used, RX.msg_len, s->typed, s->waiting, s->q.avail_idx,
		s->q.last_used, s->q.used_idx, s->q.kick ? ", kick" : "",
		s->q.call ? ", call" : "", s->got);
}

static const struct model_scope scopes[] = {
	{ "typed", &(struct input_config){
		.kills = 2, .typed = 4,
		.buffer = { { 1, 2, 1, 2 } } }, false },
	{ "stopped", &(struct input_config){
		.kills = 2, .typed = 3, .stops = 1,
		.buffer = { { 1, 2, 2 } } }, false },
	{ "rebooted", &(struct input_config){
		.kills = 2, .typed = 3, .stops = 1, .reboot = 1,
		.buffer = { { 1, 2 , 2 }, { 2, 1, 1 } } }, false },
	{ "typed, four kills", &(struct input_config){
		.kills = 4, .typed = 4,
		.buffer = { { 1, 2, 1, 2 } } }, true },
	{ "stopped twice", &(struct input_config){
		.kills = 3, .typed = 4, .stops = 2,
		.buffer = { { 1, 2, 2, 2 } } }, true },
	{ "rebooted, three kills", &(struct input_config){
		.kills = 3, .typed = 4, .stops = 1, .reboot = 1,
		.buffer = { { 1, 2, 2, 2 }, { 2, 1, 1, 2 } } }, true },
};

static const struct model_break breaks[] = {
	{ "no-generation", 2, "each start of a ring has its generation" },
	{ "generation-ignored", 2, "a record is of one generation" },
	{ "not-published-again", 0, "a resumed worker publishes again" },
	{ "receive-counted-by-us", 0, "the kernel stores what it received" },
	{ "receive-before-record", 0, "the record is current when it is used" },
	{ "base-without-count", 1, "the base is behind what was received" },
	{ "kick-not-assumed", 0, "rings count as kicked after a resume" },
	{ "call-not-repeated", 0, "each call is signalled after a resume" },
};

const struct model model_input = {
	.name = "input",
	.size = sizeof(struct input),
	.scope = scopes,
	.nscopes = COUNT(scopes),
	.breaks = breaks,
	.nbreaks = COUNT(breaks),
	.action = actions,
	.nactions = ACTIONS,
	.init = input_init,
	.act = input_act,
	.end = input_end,
	.show = input_show,
};
