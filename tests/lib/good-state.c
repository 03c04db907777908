/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/good-state.h"

#include <string.h>

#include "worker/ctrl.h"

#define SPOIL(thing)	memset(STATE_OTHER(thing), 0xff, \
			       sizeof((thing)->copy[0]))

static void choose_copies(struct good_state *g, unsigned int copy)
{
	struct console_state *s = g->s;

	s->session.current = s->vu_in.current = s->vu_out.current = copy;
	s->tx.current = s->rx.current = s->ctrl.current = copy;
	SPOIL(&s->session);
	SPOIL(&s->vu_in);
	SPOIL(&s->vu_out);
	SPOIL(&s->tx);
	SPOIL(&s->rx);
	SPOIL(&s->ctrl);
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		s->client[i].send.current = copy;
		SPOIL(&s->client[i].send);
	}
	g->session = STATE_CURRENT(&s->session);
	g->in = STATE_CURRENT(&s->vu_in);
	g->out = STATE_CURRENT(&s->vu_out);
	g->tx = STATE_CURRENT(&s->tx);
	g->rx = STATE_CURRENT(&s->rx);
	g->ctrl = STATE_CURRENT(&s->ctrl);
	g->client = &s->client[3];
	g->sent = STATE_CURRENT(&g->client->send);
}

static void fill_session(struct good_state *g)
{
	struct state_session *session = g->session;

	session->conn = 3;
	session->ended = 2;
	session->seq = 40;
	session->next_gen = 9;
	session->says = 5;
	session->say_len = SAY_MAX;
	session->reply_len = VU_REPLY_MAX;
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		session->region[i] = (struct state_region){
			.gpa = i * 0x10000, .size = 0x10000,
			.uva = 0x7f0000000000 + i * 0x10000,
		};
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		session->ring[i] = (struct state_ring){
			.gen = 9 - i, .num = 32768u >> (5 * i),
			.addressed = 1, .started = 1, .enabled = 1,
			.kick = NOTIFIER_NOFD, .call = NOTIFIER_NOFD,
		};
	session->nplaces = PENDING_MAX;
	for (unsigned int i = 0; i < PENDING_MAX; i++)
		session->place[i] = (struct ctl_place){
			.kind = FD_MEM, .index = (uint8_t)i,
			.fd = (uint8_t)(31 - i),
		};
	session->place[7] = (struct ctl_place){ FD_KICK, 3, 31, 0 };
	session->place[8] = (struct ctl_place){ FD_CALL, 3, CTL_NO_FD, 0 };
	session->place[9] = (struct ctl_place){ FD_BACKEND, 0, 0, 0 };
}

static void fill_messages(struct good_state *g)
{
	good_state_payload(g, VU_PAYLOAD_MAX);
	g->in->at = 4000;
	g->in->len = sizeof(g->s->vu_in.buf) - 4000;
	g->in->msg.msg_len = g->in->len;
	g->out->conn = g->session->conn;
	g->out->seq = g->session->seq;
	g->out->at = 12;
	g->out->len = VU_REPLY_MAX - 12;
	g->out->msg.msg_len = g->out->len;
}

static void fill_pos(const struct good_state *g, struct state_ring_pos *pos,
		     enum console_queue queue)
{
	const struct state_ring *ring = &g->session->ring[queue];

	*pos = (struct state_ring_pos){
		.gen = ring->gen,
		.head = (uint16_t)(ring->num - 1),
		.completed = 1,
	};
}

static void fill_rings(struct good_state *g)
{
	struct state_rx *rx = g->rx;

	g->tx->head = GOOD_HEAD;
	g->tx->said = 4;
	g->s->tail = GOOD_HEAD - GOOD_RING;
	g->s->backlog = GOOD_HEAD;
	fill_pos(g, &g->tx->ring, CONSOLE_TX);
	fill_pos(g, &g->ctrl->to_guest, CONSOLE_CTRL_RX);
	fill_pos(g, &g->ctrl->from_guest, CONSOLE_CTRL_TX);
	g->ctrl->owed = CTRL_OWED_ALL;
	rx->gen = g->session->ring[CONSOLE_RX].gen;
	rx->n = RX_CHAINS_MAX;
	rx->kind = RX_RECEIVE;
	for (unsigned int i = 0; i < RX_CHAINS_MAX; i++) {
		rx->capacity[i] = 100;
		rx->head[i] = 32767;
	}
	rx->msg.msg_len = 1600;
	rx->typed = 1000;
	g->s->typed = 1000 + TYPED_MAX;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		g->s->broken[i] = g->session->next_gen;
}

static void fill_clients(struct good_state *g)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct state_client *c = &g->s->client[i];
		struct state_send *send = STATE_CURRENT(&c->send);

		c->id = 100 + i;
		c->left = 99 + i;
		c->budget_us = 20000;
		send->mark_len = i % 2 ? MARK_MAX : 0;
		send->start = GOOD_HEAD - 50;
		send->len = send->mark_len + 50;
		send->msg.msg_len = send->len;
	}
	g->s->client[GOOD_FREE].id = 0;
}

void good_state_fill(struct good_state *g, unsigned int copy)
{
	memset(g->s, 0, GOOD_SIZE);
	g->s->magic = STATE_MAGIC;
	g->s->version = STATE_VERSION;
	g->s->size = sizeof(*g->s);
	g->s->ring_size = GOOD_RING;
	g->size = GOOD_SIZE;
	g->config = (struct worker_config){
		.last_id = 100 + CLIENTS_MAX - 1,
		.wait_ms = 20,
	};
	choose_copies(g, copy);
	fill_session(g);
	fill_messages(g);
	fill_rings(g);
	fill_clients(g);
}

void good_state_payload(struct good_state *g, uint32_t payload)
{
	memcpy(g->s->vu_in.buf + 8, &payload, sizeof(payload));
}
