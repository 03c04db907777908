/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Guest output, as worker/console_tx.c, ring.c, ring_pos.c, clients.c and
 * client.c do it. The ring of two or three bytes wraps at each chain, and some
 * chains are longer. Of a client that holds nobody (whose budget has ended)
 * the output is skipped, with a mark.
 *
 * What has to come out: each client gets the guest's bytes in order, or a mark
 * that tells how many are missing just there; the guest gets each chain back
 * once, in order; all of it comes in the end. When the guest reboots, what it
 * had not got back is its own loss.
 */
#include "tests/model/output.h"

#include <string.h>

static const struct output_config *config;

static uint8_t chain_len(const struct output *s)
{
	return s->printed < CHAINS_MAX ? config->chain[s->life][s->printed] :
					 0;
}

static void output_init(void *world, const void *scope, unsigned int broken)
{
	struct output *s = world;

	config = scope;
	memset(s->first, POISON, sizeof(s->first));
	memset(&s->tx[1], POISON, sizeof(s->tx[1]));
	for (unsigned int c = 0; c < CLIENTS; c++)
		memset(&s->send[c][1], POISON, sizeof(s->send[c][1]));
	for (unsigned int c = 0; c < config->clients; c++)
		s->id[c] = s->client[c].there = !(config->late & 1u << c);
	s->ring = (struct ring_session){ .gen = 1, .started = 1 };
	s->next_gen = 1;
	s->running = 1;
	s->kills = config->kills;
	s->stops = config->stops;
	s->broken = (uint8_t)broken;
}

void output_attached(struct output *s, unsigned int client, bool first)
{
	s->client[client].last = first ? 0 : s->tx[s->tx_current].head;
}

void output_sent(struct output *s, unsigned int client, uint8_t byte)
{
	typeof(s->client[0]) *c = &s->client[client];

	c->waiting++;
	if (c->mark) {
		if (byte != (MARK_END | c->mark))
			model_wrong("byte 0x%02x in a mark of %u", byte,
				    c->mark);
		c->last += c->mark;
		c->mark = 0;
	} else if ((byte & MARK_END) == MARK_BEGIN) {
		c->mark = byte & ~MARK_END;
		if (!config->lag && !config->late)
			model_wrong("a mark for who may hold the guest");
	} else if (byte == REBOOTED + 1 && s->life && c->last < REBOOTED) {
		if (c->last < s->kept)
			model_wrong("byte %u never came", c->last + 1);
		c->last = byte;
	} else {
		if (byte != c->last + 1)
			model_wrong("byte 0x%02x after 0x%02x", byte, c->last);
		c->last = byte;
	}
}

/* The worker and all that it had. */
static bool output_kill(struct output *s)
{
	if (!s->kills || !s->w.pc)
		return false;
	s->kills--;
	memset(&s->w, 0, sizeof(s->w));
	return true;
}

static bool add_chain(struct output *s)
{
	uint8_t head = s->printed % HEADS, len = chain_len(s);

	if (!s->running || !len || s->q.owes_kick || queue_full(&s->q))
		return false;
	s->first[head] = s->written + 1;
	s->len[head] = len;
	s->written += len;
	s->printed++;
	queue_add(&s->q, head);
	return true;
}

static bool kick(struct output *s)
{
	if (!s->running || !s->q.owes_kick)
		return false;
	queue_kick(&s->q);
	return true;
}

/* The guest takes all chains that are back, and writes over them. */
static bool interrupt(struct output *s)
{
	uint8_t head, len;

	if (!s->running || !s->q.call)
		return false;
	s->q.call = 0;
	for (;;) {
		head = queue_oldest(&s->q) % HEADS;
		if (!queue_reap(&s->q, &len))
			return true;
		if (len)
			model_wrong("%u bytes written to output", len);
		if (!s->life)
			s->kept = s->first[head] + s->len[head] - 1;
		s->first[head] = POISON;
	}
}

static bool client_comes(struct output *s, unsigned int c)
{
	if (c >= config->clients || s->client[c].there)
		return false;
	s->client[c].there = 1;
	return true;
}

static bool client_reads(struct output *s, unsigned int c)
{
	if (!s->client[c].waiting)
		return false;
	if (s->client[c].waiting-- == SOCKET_ROOM && s->w.pc)
		s->w.event[c] = 1;
	return true;
}

/* clients_charge() finds that it has held the guest for long enough */
static bool budget_ends(struct output *s, unsigned int c)
{
	if (!config->lag || !s->w.held || s->lagging[c] ||
	    s->tx[s->tx_current].head - output_cursor(s, c).pos < config->ring)
		return false;
	s->lagging[c] = 1;
	return true;
}

static bool front_stops(struct output *s)
{
	if (!s->stops || !s->running || s->message)
		return false;
	s->stops--;
	s->running = 0;
	s->message = FRONT_STOP;
	s->base = POISON;
	return true;
}

static bool front_starts(struct output *s)
{
	if (s->running || s->message || s->base == POISON)
		return false;
	s->running = 1;
	if (!config->reboot) {
		s->message = FRONT_CONTINUE;
		return true;
	}
	s->message = FRONT_REBOOT;
	s->life = 1;
	s->printed = 0;
	s->written = REBOOTED;
	memset(&s->q, 0, sizeof(s->q));
	memset(s->first, POISON, sizeof(s->first));
	return true;
}

enum {
	WORKER, KILL, ADD, KICK, INTERRUPT, COME_0, COME_1, READ_0,
	READ_1, BUDGET_0, BUDGET_1, STOP, START, ACTIONS
};

static const struct model_action actions[ACTIONS] = {
	[WORKER] = { "worker", false },
	[KILL] = { "KILL", true },
	[ADD] = { "print", false },
	[KICK] = { "kick", false },
	[INTERRUPT] = { "interrupt", false },
	[COME_0] = { "comes", false },
	[COME_1] = { "comes too", false },
	[READ_0] = { "reads", false },
	[READ_1] = { "reads too", false },
	[BUDGET_0] = { "budget ends", true },
	[BUDGET_1] = { "another ends", true },
	[STOP] = { "stop", true },
	[START] = { "start", false },
};

static bool output_act(void *world, unsigned int action)
{
	struct output *s = world;

	switch (action) {
	case WORKER:
		return output_worker(s, config);
	case KILL:
		return output_kill(s);
	case ADD:
		return add_chain(s);
	case KICK:
		return kick(s);
	case INTERRUPT:
		return interrupt(s);
	case COME_0:
	case COME_1:
		return client_comes(s, action - COME_0);
	case READ_0:
	case READ_1:
		return client_reads(s, action - READ_0);
	case BUDGET_0:
	case BUDGET_1:
		return action - BUDGET_0 < config->clients &&
		       budget_ends(s, action - BUDGET_0);
	case STOP:
		return front_stops(s);
	default:
		return front_starts(s);
	}
}

static void output_end(const void *world)
{
	const struct output *s = world;

	if (chain_len(s) || !queue_empty(&s->q))
		model_wrong("the guest waits for ever");
	for (unsigned int c = 0; c < config->clients; c++)
		if (s->client[c].last != s->written || s->client[c].mark)
			model_wrong("client %u waits for ever", c);
}

static void output_show(const void *world, FILE *to)
{
	const struct output *s = world;
	const struct pos *p = &s->tx[s->tx_current].ring;

	fprintf(to, "at %u; ring %u: next %u+%u, used %u; head %u, tail %u;"
		" driver: made %u, has %u, sees %u%s%s;", s->w.pc, p->gen,
		p->avail, p->off, p->used, s->tx[s->tx_current].head, s->tail,
		s->q.avail_idx, s->q.last_used, s->q.used_idx,
		s->q.kick ? ", kick" : "", s->q.call ? ", call" : "");
	for (unsigned int c = 0; c < config->clients; c++)
		fprintf(to, " client at %u got 0x%02x%s",
			output_cursor(s, c).pos, s->client[c].last,
			s->lagging[c] ? ", lags" : "");
}

static const struct model_scope scopes[] = {
	{ "held", &(struct output_config){
		.kills = 2, .clients = 1, .ring = 2,
		.chain = { { 1, 3 } } }, false },
	{ "skipped", &(struct output_config){
		.kills = 1, .clients = 1, .ring = 3, .lag = 1,
		.chain = { { 2, 4 } } }, false },
	{ "stopped", &(struct output_config){
		.kills = 1, .clients = 1, .ring = 2, .stops = 1,
		.chain = { { 3, 1 } } }, false },
	{ "rebooted", &(struct output_config){
		.kills = 1, .clients = 1, .ring = 2, .stops = 1, .reboot = 1,
		.chain = { { 1, 3 }, { 1 } } }, false },
	{ "late client", &(struct output_config){
		.kills = 1, .clients = 1, .ring = 2, .late = 1,
		.chain = { { 1, 2, 1 } } }, false },
	{ "held, three kills", &(struct output_config){
		.kills = 3, .clients = 1, .ring = 2,
		.chain = { { 1, 3, 2 } } }, true },
	{ "held, two clients", &(struct output_config){
		.kills = 2, .clients = 2, .ring = 2,
		.chain = { { 1, 3 } } }, true },
	{ "skipped, two clients", &(struct output_config){
		.kills = 1, .clients = 2, .ring = 2, .lag = 1,
		.chain = { { 2, 3 } } }, true },
	{ "skipped, three kills", &(struct output_config){
		.kills = 3, .clients = 1, .ring = 3, .lag = 1,
		.chain = { { 2, 4, 1 } } }, true },
	{ "stopped twice", &(struct output_config){
		.kills = 3, .clients = 1, .ring = 2, .stops = 2,
		.chain = { { 3, 1, 2 } } }, true },
	{ "rebooted, three kills", &(struct output_config){
		.kills = 3, .clients = 1, .ring = 2, .stops = 1, .reboot = 1,
		.chain = { { 3, 1 }, { 3, 1 } } }, true },
	{ "late clients", &(struct output_config){
		.kills = 2, .clients = 2, .ring = 2, .late = 3,
		.chain = { { 1, 2, 1 } } }, true },
};

static const struct model_break breaks[] = {
	{ "copy-before-tail", 4, "the tail is stored before bytes overwrite" },
	{ "publish-before-switch", 0, "a chain is shown when it was recorded" },
	{ "not-published-again", 0, "a resumed worker publishes again" },
	{ "no-generation", 3, "each start of a ring has its generation" },
	{ "offset-dropped", 0, "the offset in the open chain is recorded" },
	{ "offset-lost-at-stop", 2, "a stop records the open chain's offset" },
	{ "mark-forgotten", 1, "a mark that is out in part is finished" },
	{ "send-counted-by-us", 0, "the kernel stores what it sent" },
	{ "send-before-record", 0, "the record is current when it is sent" },
	{ "kick-not-assumed", 0, "rings count as kicked after a resume" },
	{ "call-not-repeated", 0, "each call is signalled after a resume" },
	{ "hold-ignored", 0, "unread bytes are held for who may hold" },
};

const struct model model_output = {
	.name = "output",
	.size = sizeof(struct output),
	.scope = scopes,
	.nscopes = COUNT(scopes),
	.breaks = breaks,
	.nbreaks = COUNT(breaks),
	.action = actions,
	.nactions = ACTIONS,
	.init = output_init,
	.act = output_act,
	.end = output_end,
	.show = output_show,
};
