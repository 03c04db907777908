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
#include "tests/model/input.h"

#include <string.h>

static const struct input_config *config;

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
	if (!s->stops || !s->running || s->start)
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
		return input_worker(s, config);
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
	const struct input_record *rx = &s->rx[s->rx_current];

	fprintf(to, "at %u; record of ring %u: %u chains at %u, used %u, "
		"%u bytes; client typed %u, %u wait; driver: made %u, has %u, "
		"sees %u%s%s; got %u", s->w.pc, rx->gen, rx->n, rx->avail,
		rx->used, rx->msg_len, s->typed, s->waiting, s->q.avail_idx,
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
