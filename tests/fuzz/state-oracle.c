/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/state-oracle.h"

#include <string.h>

#include "worker/ctrl.h"

#define NEVER		(UINT64_C(1) << 63)	/* no count gets there */
#define RINGS_MAX	0x8000
#define HEADER		12

/* Bytes @at to @at + @len, @done of them moved, of a buffer of @size. */
static bool moves_within(uint64_t at, uint64_t len, uint64_t done,
			 uint64_t size)
{
	return at + len <= size && done <= len;
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a - b < b_size || b - a < a_size;
}

static bool memory(const struct state_session *se)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		const struct state_region *a = &se->region[i];

		if (!a->size)
			continue;
		if (a->gpa + a->size < a->gpa || a->uva + a->size < a->uva ||
		    a->offset + a->size < a->offset)
			return false;
		for (unsigned int j = 0; j < i; j++) {
			const struct state_region *b = &se->region[j];

			if (b->size &&
			    (overlaps(a->gpa, a->size, b->gpa, b->size) ||
			     overlaps(a->uva, a->size, b->uva, b->size)))
				return false;
		}
	}
	return true;
}

/* Someone who is not there has set nothing. */
static bool absent(const struct state_session *se)
{
	uint64_t any = se->seq | se->nplaces | se->reply_len | se->features |
		       se->features_set | se->protocol_features |
		       se->protocol_features_set | se->status;

	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		any |= se->region[i].size;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		const struct state_ring *r = &se->ring[i];

		any |= r->gen | r->num | r->taken | r->base | r->addressed |
		       r->started | r->enabled | r->kick | r->call;
	}
	return !any;
}

static bool rings(const struct console_state *s,
		  const struct state_session *se)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		const struct state_ring *r = &se->ring[i];
		uint32_t num = r->num;

		while (num > 1 && num % 2 == 0)
			num /= 2;
		if (num > 1 || r->num > RINGS_MAX || r->kick > 2 ||
		    r->call > 2 || r->gen > se->next_gen ||
		    s->broken[i] > se->next_gen || (r->started && !r->gen))
			return false;
	}
	return true;
}

/* What the fd store would refuse, or what would go past an array. */
static bool placed(const struct state_session *se)
{
	if (se->nplaces > 32)
		return false;
	for (unsigned int i = 0; i < se->nplaces; i++) {
		const struct ctl_place *p = &se->place[i];
		unsigned int places;

		switch (p->kind) {
		case FD_MEM:
			places = 32;
			break;
		case FD_KICK: case FD_CALL:
			places = 4;
			break;
		case FD_BACKEND:
			places = 1;
			break;
		default:
			return false;
		}
		if (p->index >= places || (p->fd > 31 && p->fd != 0xff))
			return false;
	}
	return true;
}

static bool session(const struct console_state *s,
		    const struct worker_config *config)
{
	const struct state_session *se = STATE_CURRENT(&s->session);

	if (se->conn > config->last_id || se->ended > config->last_id)
		return false;
	if (se->conn ? se->ended >= se->conn : !absent(se))
		return false;
	if (!se->seq && (se->nplaces || se->reply_len))
		return false;
	return se->seq < NEVER && se->next_gen < NEVER && se->says < NEVER &&
	       se->say_len <= sizeof(se->say) &&
	       se->reply_len <= sizeof(se->reply) && memory(se) &&
	       rings(s, se) && placed(se);
}

static bool messages(const struct console_state *s)
{
	const struct state_session *se = STATE_CURRENT(&s->session);
	const struct state_vu_in_record *in = STATE_CURRENT(&s->vu_in);
	const struct state_vu_out_record *out = STATE_CURRENT(&s->vu_out);
	uint64_t have = (uint64_t)in->at + in->msg.msg_len;
	bool same = out->conn == se->conn && out->seq == se->seq;
	uint32_t claimed;

	memcpy(&claimed, s->vu_in.buf + 8, sizeof(claimed));
	if (have > HEADER && (claimed > sizeof(s->vu_in.buf) - HEADER ||
			      have > (uint64_t)HEADER + claimed))
		return false;
	return moves_within(in->at, in->len, in->msg.msg_len,
			    sizeof(s->vu_in.buf)) &&
	       moves_within(out->at, out->len, out->msg.msg_len,
			    same ? se->reply_len : sizeof(se->reply));
}

/* A driver is only told of chains that its ring can have. */
static bool returned(const struct state_session *se, unsigned int ring,
		     uint64_t gen, uint16_t head)
{
	const struct state_ring *r = &se->ring[ring];

	return r->gen != gen || !r->started || head < r->num;
}

static bool position(const struct state_session *se, unsigned int ring,
		     const struct state_ring_pos *pos)
{
	if (pos->gen > se->next_gen || pos->completed > 2)
		return false;
	if (!pos->gen && (pos->completed || pos->off))
		return false;
	return !pos->completed || returned(se, ring, pos->gen, pos->head);
}

static bool output(const struct console_state *s)
{
	const struct state_session *se = STATE_CURRENT(&s->session);
	const struct state_tx *tx = STATE_CURRENT(&s->tx);
	const struct state_ctrl *ctrl = STATE_CURRENT(&s->ctrl);

	return position(se, 1, &tx->ring) && position(se, 2, &ctrl->to_guest) &&
	       position(se, 3, &ctrl->from_guest) &&
	       ctrl->owed < 1u << CTRL_OWED_END && tx->head < NEVER &&
	       s->tail <= tx->head && tx->head <= s->tail + s->ring_size &&
	       s->backlog <= tx->head &&
	       (se->says == tx->said || (se->says && se->says - 1 == tx->said));
}

static bool input(const struct console_state *s)
{
	const struct state_session *se = STATE_CURRENT(&s->session);
	const struct state_rx *rx = STATE_CURRENT(&s->rx);
	uint64_t left = rx->msg.msg_len;

	if (rx->gen > se->next_gen || rx->n > 16 || rx->kind > 2 ||
	    (rx->n && !rx->gen))
		return false;
	for (unsigned int i = 0; i < rx->n; i++) {
		if (!returned(se, 0, rx->gen, rx->head[i]))
			return false;
		left -= left < rx->capacity[i] ? left : rx->capacity[i];
	}
	return !left && s->typed < NEVER && rx->typed <= s->typed &&
	       s->typed <= rx->typed + sizeof(s->typed_buf);
}

static bool client(const struct console_state *s, const struct state_client *c,
		   const struct worker_config *config)
{
	const struct state_send *send = STATE_CURRENT(&c->send);
	uint64_t head = STATE_CURRENT(&s->tx)->head;
	uint64_t sent = send->msg.msg_len;

	if (c->id > config->last_id || c->left > config->last_id)
		return false;
	if (c->left >= c->id)
		return true;
	return c->budget_us <= UINT64_C(1000) * config->wait_ms &&
	       send->mark_len <= sizeof(send->mark) &&
	       send->mark_len <= send->len && sent <= send->len &&
	       send->start <= head &&
	       send->start + sent <= head + (sent < send->mark_len ?
					     sent : send->mark_len);
}

bool state_oracle(const struct console_state *s, size_t size,
		  const struct worker_config *config)
{
	uint32_t switches = s->session.current | s->vu_in.current |
			    s->vu_out.current | s->tx.current |
			    s->rx.current | s->ctrl.current;

	if (s->magic != STATE_MAGIC || s->version != STATE_VERSION ||
	    s->size != sizeof(*s) || !s->ring_size ||
	    s->ring_size + STATE_RING_OFFSET != size)
		return false;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		switches |= s->client[i].send.current;
		if (!client(s, &s->client[i], config))
			return false;
	}
	return !(switches & ~1u) && session(s, config) && messages(s) &&
	       output(s) && input(s);
}

bool state_oracle_near_end(const struct console_state *s)
{
	const struct state_session *se = STATE_CURRENT(&s->session);

	return (se->seq | se->next_gen | se->says | s->typed |
		STATE_CURRENT(&s->tx)->head) >> 62;
}
