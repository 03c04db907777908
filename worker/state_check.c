/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/state_check.h"

#include <stdbool.h>
#include <string.h>

#include "worker/ctrl.h"
#include "worker/gmem.h"
#include "worker/vu_proto.h"

/* No console lives long enough to print this: sums of positions never wrap. */
#define POSITION_MAX	(UINT64_MAX / 2)

static bool header(const struct console_state *s, size_t size)
{
	return size >= STATE_RING_OFFSET && s->magic == STATE_MAGIC &&
	       s->version == STATE_VERSION &&
	       s->size == sizeof(struct console_state) && s->ring_size &&
	       s->ring_size == size - STATE_RING_OFFSET;
}

static bool switches(const struct console_state *s)
{
	if (s->session.current > 1 || s->vu_in.current > 1 ||
	    s->vu_out.current > 1 || s->tx.current > 1 || s->rx.current > 1 ||
	    s->ctrl.current > 1)
		return false;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		if (s->client[i].send.current > 1)
			return false;
	return true;
}

static bool output(const struct console_state *s)
{
	const struct state_tx *tx = STATE_CURRENT(&s->tx);
	uint64_t says = STATE_CURRENT(&s->session)->says;

	return tx->head <= POSITION_MAX && s->tail <= tx->head &&
	       tx->head - s->tail <= s->ring_size &&
	       s->backlog <= tx->head && tx->said <= says &&
	       says - tx->said <= 1;
}

static bool regions(const struct state_session *session)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		if (session->region[i].size &&
		    gmem_check(session->region, i) != 0)
			return false;
	return true;
}

static bool rings(const struct state_session *session)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		const struct state_ring *r = &session->ring[i];

		if (r->num > VRING_NUM_MAX || (r->num & (r->num - 1)) ||
		    r->kick > NOTIFIER_NOFD || r->call > NOTIFIER_NOFD ||
		    r->gen > session->next_gen)
			return false;
	}
	return true;
}

static bool places(const struct state_session *session)
{
	if (session->nplaces > PENDING_MAX)
		return false;
	for (uint32_t i = 0; i < session->nplaces; i++) {
		const struct ctl_place *p = &session->place[i];

		if (p->kind != FD_MEM && p->kind != FD_KICK &&
		    p->kind != FD_CALL && p->kind != FD_BACKEND)
			return false;
		if (p->index >= fd_kind_places(p->kind) ||
		    (p->fd >= PENDING_MAX && p->fd != CTL_NO_FD))
			return false;
	}
	return true;
}

static bool session(const struct console_state *s)
{
	const struct state_session *session = STATE_CURRENT(&s->session);

	return session->say_len <= SAY_MAX &&
	       session->reply_len <= VU_REPLY_MAX &&
	       (session->seq || (!session->nplaces && !session->reply_len)) &&
	       regions(session) && rings(session) && places(session);
}

/* What was read is no more than the header in front of it lets be read. */
static bool within_message(const struct console_state *s, uint32_t have)
{
	struct vhost_user_header header;

	memcpy(&header, s->vu_in.buf, sizeof(header));
	return have <= sizeof(header) ||
	       (header.size <= VU_PAYLOAD_MAX &&
		have - sizeof(header) <= header.size);
}

static bool messages(const struct console_state *s)
{
	const struct state_vu_in_record *in = STATE_CURRENT(&s->vu_in);
	const struct state_vu_out_record *out = STATE_CURRENT(&s->vu_out);

	return in->at <= sizeof(s->vu_in.buf) &&
	       in->len <= sizeof(s->vu_in.buf) - in->at &&
	       in->msg.msg_len <= in->len &&
	       within_message(s, in->at + in->msg.msg_len) &&
	       out->at <= VU_REPLY_MAX && out->len <= VU_REPLY_MAX - out->at &&
	       out->msg.msg_len <= out->len;
}

static bool input(const struct console_state *s)
{
	const struct state_rx *rx = STATE_CURRENT(&s->rx);
	uint64_t capacity = 0;

	if (rx->n > RX_CHAINS_MAX || rx->kind > RX_RETURN ||
	    rx->typed > s->typed || s->typed - rx->typed > TYPED_MAX)
		return false;
	for (unsigned int i = 0; i < rx->n; i++)
		capacity += rx->capacity[i];
	return rx->msg.msg_len <= capacity;
}

static bool client(const struct console_state *s, const struct state_client *c)
{
	const struct state_send *send = STATE_CURRENT(&c->send);
	uint64_t head = STATE_CURRENT(&s->tx)->head;
	uint32_t sent = send->msg.msg_len;

	if (c->id <= c->left)
		return true;
	return send->mark_len <= MARK_MAX &&
	       send->mark_len <= send->len && sent <= send->len &&
	       send->start <= head &&
	       (sent <= send->mark_len ||
		sent - send->mark_len <= head - send->start);
}

const char *state_check(const struct console_state *state, size_t size)
{
	if (!header(state, size))
		return "header";
	if (!switches(state))
		return "switches";
	if (!session(state))
		return "session";
	if (!messages(state))
		return "messages";
	if (!output(state))
		return "output";
	if (!input(state))
		return "input";
	if (STATE_CURRENT(&state->ctrl)->owed & ~CTRL_OWED_ALL)
		return "control";
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		if (!client(state, &state->client[i]))
			return "clients";
	return NULL;
}

bool state_check_ids(const struct console_state *state, uint64_t last_id)
{
	const struct state_session *session = STATE_CURRENT(&state->session);

	if (session->conn > last_id || session->ended > last_id)
		return false;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		if (state->client[i].id > last_id ||
		    state->client[i].left > last_id)
			return false;
	return true;
}
