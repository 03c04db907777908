/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Every byte of the state is known: it belongs to a field that the check
 * looks at, or to one that may have any value. A field that is new to
 * common/state.h fails this until someone has thought about it.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/good-state.h"
#include "tests/lib/unit.h"
#include "worker/state_check.h"

enum use { UNKNOWN, CHECKED, FREE };

static struct good_state g;
static uint8_t use[GOOD_SIZE];
static uint8_t kept[4096];

static void claim_bytes(const void *at, size_t len, enum use as)
{
	size_t first = (size_t)((const char *)at - (const char *)g.s);

	for (size_t i = first; i < first + len; i++) {
		must(use[i] == UNKNOWN, "byte %zu is claimed twice", i);
		use[i] = (uint8_t)as;
	}
}

static bool accepted(void)
{
	return !state_check(g.s, g.size, &g.config);
}

/* Some value of @at is refused, or none is. */
static void claim(const char *name, void *at, size_t len, enum use as)
{
	static const uint8_t fill[] = { 0xff, 0x80, 0, 1, 0x7f, 2 };
	unsigned int refused = 0;

	must(len <= sizeof(kept), "%s has %zu bytes", name, len);
	claim_bytes(at, len, as);
	memcpy(kept, at, len);
	for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
		memset(at, fill[i], len);
		refused += !accepted();
	}
	memcpy(at, kept, len);
	if (as == FREE)
		must(!refused, "%s may not have any value", name);
	else
		must(refused, "%s is not looked at", name);
}

#define LOOKED_AT(field)	claim(#field, &(field), sizeof(field), CHECKED)
#define ANY(field)		claim(#field, &(field), sizeof(field), FREE)
#define SWITCH(thing)							\
	do {								\
		LOOKED_AT((thing)->current);				\
		claim_bytes(&(thing)->current + 1,			\
			    (size_t)((char *)(thing)->copy -		\
				     (char *)(&(thing)->current + 1)),	\
			    FREE);					\
		claim_bytes(STATE_OTHER(thing),				\
			    sizeof((thing)->copy[0]), FREE);		\
	} while (0)

/* A call's arguments are built anew; only its count is a fact. */
static void message(struct mmsghdr *msg)
{
	ANY(msg->msg_hdr);
	LOOKED_AT(msg->msg_len);
	claim_bytes(&msg->msg_len + 1, sizeof(*msg) - sizeof(msg->msg_hdr) -
		    sizeof(msg->msg_len), FREE);
}

static void header(struct console_state *s)
{
	LOOKED_AT(s->magic);
	LOOKED_AT(s->version);
	LOOKED_AT(s->size);
	LOOKED_AT(s->ring_size);
	ANY(s->progress);
	ANY(s->pulse);
	ANY(s->refused_call);
}

static void ring(struct state_ring *r)
{
	LOOKED_AT(r->gen);
	ANY(r->desc);
	ANY(r->avail);
	ANY(r->used);
	LOOKED_AT(r->num);
	ANY(r->taken);
	ANY(r->base);
	ANY(r->addressed);
	ANY(r->started);
	ANY(r->enabled);
	LOOKED_AT(r->kick);
	LOOKED_AT(r->call);
	ANY(r->pad);
}

static void session(struct state_session *s)
{
	LOOKED_AT(s->conn);
	LOOKED_AT(s->ended);
	LOOKED_AT(s->seq);
	LOOKED_AT(s->next_gen);
	ANY(s->features);
	ANY(s->protocol_features);
	ANY(s->status);
	ANY(s->features_set);
	ANY(s->protocol_features_set);
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		LOOKED_AT(s->region[i].gpa);
		LOOKED_AT(s->region[i].size);
		LOOKED_AT(s->region[i].uva);
		LOOKED_AT(s->region[i].offset);
	}
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		ring(&s->ring[i]);
	LOOKED_AT(s->nplaces);
	for (unsigned int i = 0; i < PENDING_MAX; i++) {
		LOOKED_AT(s->place[i].kind);
		LOOKED_AT(s->place[i].index);
		LOOKED_AT(s->place[i].fd);
		ANY(s->place[i].pad);
	}
	LOOKED_AT(s->reply_len);
	ANY(s->reply);
	LOOKED_AT(s->say_len);
	claim_bytes(&s->say_len + 1, (size_t)((char *)&s->says -
					      (char *)(&s->say_len + 1)),
		    FREE);
	LOOKED_AT(s->says);
	ANY(s->say);
}

static void messages(struct console_state *s)
{
	LOOKED_AT(g.in->at);
	LOOKED_AT(g.in->len);
	ANY(g.in->conn);
	ANY(g.in->seq);
	ANY(g.in->fds);
	ANY(g.in->pad);
	message(&g.in->msg);
	ANY(g.in->iov);
	claim("the header of vu_in.buf", s->vu_in.buf, VU_HEADER_LEN, CHECKED);
	claim("vu_in.buf", s->vu_in.buf + VU_HEADER_LEN, VU_PAYLOAD_MAX, FREE);
	claim_bytes(s->vu_in.buf + sizeof(s->vu_in.buf),
		    (size_t)((uint8_t *)&s->vu_out - s->vu_in.buf) -
			    sizeof(s->vu_in.buf), FREE);

	ANY(g.out->conn);
	ANY(g.out->seq);
	LOOKED_AT(g.out->at);
	LOOKED_AT(g.out->len);
	message(&g.out->msg);
	ANY(g.out->iov);
}

static void position(struct state_ring_pos *pos)
{
	LOOKED_AT(pos->gen);
	ANY(pos->avail);
	ANY(pos->used);
	LOOKED_AT(pos->head);
	LOOKED_AT(pos->completed);
	ANY(pos->len);
	ANY(pos->off);
}

static void output(struct console_state *s)
{
	position(&g.tx->ring);
	LOOKED_AT(g.tx->head);
	LOOKED_AT(g.tx->said);
	ANY(g.tx->skip);
	ANY(g.tx->pad);
	position(&g.ctrl->from_guest);
	position(&g.ctrl->to_guest);
	LOOKED_AT(g.ctrl->owed);
	ANY(g.ctrl->skip);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		LOOKED_AT(s->broken[i]);
	LOOKED_AT(s->tail);
	LOOKED_AT(s->backlog);
}

static void input(struct console_state *s)
{
	LOOKED_AT(g.rx->gen);
	LOOKED_AT(g.rx->typed);
	ANY(g.rx->avail);
	ANY(g.rx->used);
	LOOKED_AT(g.rx->n);
	LOOKED_AT(g.rx->kind);
	ANY(g.rx->skip);
	ANY(g.rx->pad);
	for (unsigned int i = 0; i < RX_CHAINS_MAX; i++) {
		LOOKED_AT(g.rx->head[i]);
		LOOKED_AT(g.rx->capacity[i]);
	}
	message(&g.rx->msg);
	ANY(g.rx->iov);
	LOOKED_AT(s->typed);
	ANY(s->typed_buf);
}

static void one_client(struct state_client *c)
{
	struct state_send *send = STATE_CURRENT(&c->send);

	LOOKED_AT(c->id);
	LOOKED_AT(c->left);
	LOOKED_AT(c->budget_us);
	ANY(c->lagging);
	ANY(c->half_closed);
	SWITCH(&c->send);
	LOOKED_AT(send->start);
	ANY(send->skipped);
	LOOKED_AT(send->mark_len);
	LOOKED_AT(send->len);
	message(&send->msg);
	ANY(send->iov);
	ANY(send->mark);
}

static void every_byte(void **state)
{
	struct console_state *s = g.s;

	(void)state;
	for (unsigned int copy = 0; copy < 2; copy++) {
		memset(use, UNKNOWN, sizeof(use));
		good_state_fill(&g, copy);
		s->client[GOOD_FREE].id = s->client[GOOD_FREE].left + 1;
		must(accepted(), "a good state is refused");
		header(s);
		SWITCH(&s->session);
		SWITCH(&s->vu_in);
		SWITCH(&s->vu_out);
		SWITCH(&s->tx);
		SWITCH(&s->rx);
		SWITCH(&s->ctrl);
		session(g.session);
		messages(s);
		output(s);
		input(s);
		for (unsigned int i = 0; i < CLIENTS_MAX; i++)
			one_client(&s->client[i]);
		for (size_t i = 0; i < sizeof(*s); i++)
			must(use[i], "byte %zu of the state is unknown", i);
		must(accepted(), "the state is not as it was");
	}
}

static int setup(void **state)
{
	(void)state;
	g.s = malloc(GOOD_SIZE);
	return g.s ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(g.s);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte),
	};

	return cmocka_run_group_tests_name("state-fields", tests, setup,
					   teardown);
}
