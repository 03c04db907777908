/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/state_check.h"

#include <stdbool.h>
#include <string.h>

#include "worker/ctrl.h"
#include "worker/gmem.h"
#include "worker/vu_proto.h"

/* No console lives long enough to print this: sums of positions never wrap. */
#define POSITION_MAX	(UINT64_MAX / 2)

/*
 * Every invariant of the state, by the name that the log gives it. A row holds
 * as it is (WHOLE), for each ring, place, ring position or client slot of the
 * state, or for each client that is present; it may rely on those above it.
 *
 * What is in no row may have any value:
 * - the copies that are not current: they are written before they are read;
 * - mmsghdr but for msg_len, and iovecs: built anew before each call;
 * - rings' addresses, and what a region is called in an empty slot: checked
 *   against the memory that is mapped (vring_map);
 * - avail and used indices: modulo 2^16 by type, reduced to a slot at use;
 * - lengths in used elements, and how much of a chain was taken: the one is
 *   the guest's to believe, the other is compared with the chain's length;
 * - feature bits, status, flags that are only tested, bytes of text, counters
 *   that are only shown;
 * - which connection and message a vhost-user record is about, which start
 *   skipped chains: compared for equality only.
 * A client's or front-end's id is compared with the fd's that came with it,
 * slot by slot, and a region is mapped from its fd: what of these does not fit
 * is handover_resume()'s to say.
 */
#define INVARIANTS(WHOLE, RING, PLACE, POS, SLOT, CLIENT)		\
	WHOLE(magic, s->magic == STATE_MAGIC)				\
	WHOLE(version, s->version == STATE_VERSION)			\
	WHOLE(layout, s->size == sizeof(*s))				\
	WHOLE(ring_size, s->ring_size &&				\
			 s->ring_size == size - STATE_RING_OFFSET)	\
	WHOLE(current, switches_are_bits(s))				\
									\
	/* others would turn away who comes later */			\
	WHOLE(conn_given, session->conn <= config->last_id)		\
	WHOLE(ended_given, session->ended <= config->last_id)		\
	WHOLE(conn_order, !session->conn ||				\
			  session->conn > session->ended)		\
	WHOLE(no_conn, session->conn || is_blank(session))		\
	WHOLE(seq, session->seq <= POSITION_MAX)			\
	WHOLE(next_gen, session->next_gen <= POSITION_MAX)		\
	WHOLE(says, session->says <= POSITION_MAX)			\
	WHOLE(say_len, session->say_len <= SAY_MAX)			\
	WHOLE(reply_len, session->reply_len <= VU_REPLY_MAX)		\
	WHOLE(nplaces, session->nplaces <= PENDING_MAX)			\
	WHOLE(no_message, session->seq ||				\
			  (!session->nplaces && !session->reply_len))	\
	WHOLE(regions, regions_fit(session))				\
	RING(ring_num, r->num <= VRING_NUM_MAX && !(r->num & (r->num - 1))) \
	RING(ring_kick, r->kick <= NOTIFIER_NOFD)			\
	RING(ring_call, r->call <= NOTIFIER_NOFD)			\
	RING(ring_gen, r->gen <= session->next_gen)			\
	RING(ring_started, !r->started || r->gen)			\
	RING(ring_broken, s->broken[i] <= session->next_gen)		\
	PLACE(place_kind, p->kind == FD_MEM || p->kind == FD_KICK ||	\
			  p->kind == FD_CALL || p->kind == FD_BACKEND)	\
	PLACE(place_index, p->index < fd_kind_places(p->kind))		\
	PLACE(place_fd, p->fd < PENDING_MAX || p->fd == CTL_NO_FD)	\
									\
	WHOLE(in_at, in->at <= sizeof(s->vu_in.buf))			\
	WHOLE(in_len, in->len <= sizeof(s->vu_in.buf) - in->at)		\
	WHOLE(in_count, in->msg.msg_len <= in->len)			\
	WHOLE(in_message, is_within_message(s, in->at + in->msg.msg_len)) \
	WHOLE(out_at, out->at <= VU_REPLY_MAX)				\
	WHOLE(out_len, out->len <= VU_REPLY_MAX - out->at)		\
	WHOLE(out_count, out->msg.msg_len <= out->len)			\
	WHOLE(out_reply, out->conn != session->conn ||			\
			 out->seq != session->seq ||			\
			 out->at + out->len <= session->reply_len)	\
									\
	WHOLE(head, tx->head <= POSITION_MAX)				\
	WHOLE(tail, s->tail <= tx->head)				\
	WHOLE(kept, tx->head - s->tail <= s->ring_size)			\
	WHOLE(backlog, s->backlog <= tx->head)				\
	WHOLE(said, tx->said <= session->says &&			\
		    session->says - tx->said <= 1)			\
	POS(pos_gen, pos->gen <= session->next_gen)			\
	POS(pos_unused, pos->gen || (!pos->completed && !pos->off))	\
	POS(pos_completed, pos->completed <= COMPLETED_BREAKS)		\
	POS(pos_head, !pos->completed ||				\
		      is_head(session, ring, pos->gen, pos->head))	\
									\
	WHOLE(rx_gen, rx->gen <= session->next_gen)			\
	WHOLE(rx_n, rx->n <= RX_CHAINS_MAX)				\
	WHOLE(rx_unused, rx->gen || !rx->n)				\
	WHOLE(rx_kind, rx->kind <= RX_RETURN_BREAKS)			\
	WHOLE(rx_head, are_heads(session, rx))				\
	WHOLE(rx_count, rx->msg.msg_len <= capacity(rx))		\
	WHOLE(typed, s->typed <= POSITION_MAX)				\
	WHOLE(typed_taken, rx->typed <= s->typed)			\
	WHOLE(typed_kept, s->typed - rx->typed <= TYPED_MAX)		\
	WHOLE(owed, !(ctrl->owed & ~CTRL_OWED_ALL))			\
									\
	SLOT(client_given, c->id <= config->last_id &&			\
			   c->left <= config->last_id)			\
	CLIENT(budget, c->budget_us <= (uint64_t)config->wait_ms * 1000) \
	CLIENT(mark_len, send->mark_len <= MARK_MAX)			\
	CLIENT(send_len, send->mark_len <= send->len)			\
	CLIENT(send_count, send->msg.msg_len <= send->len)		\
	CLIENT(send_start, send->start <= tx->head)			\
	CLIENT(send_end, send->msg.msg_len <= send->mark_len ||		\
			 send->msg.msg_len - send->mark_len <=		\
				 tx->head - send->start)

static bool switches_are_bits(const struct console_state *s)
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

/* All that a front-end sets is as before the first message. */
static bool is_blank(const struct state_session *session)
{
	if (session->seq || session->features || session->features_set ||
	    session->protocol_features || session->protocol_features_set ||
	    session->status)
		return false;
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		if (session->region[i].size)
			return false;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		const struct state_ring *r = &session->ring[i];

		if (r->gen || r->num || r->taken || r->base || r->addressed ||
		    r->started || r->enabled || r->kick || r->call)
			return false;
	}
	return true;
}

static bool regions_fit(const struct state_session *session)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		if (session->region[i].size &&
		    gmem_check(session->region, i) != 0)
			return false;
	return true;
}

/* What was read is no more than the header in front of it lets be read. */
static bool is_within_message(const struct console_state *s, uint32_t have)
{
	struct vhost_user_header header;

	memcpy(&header, s->vu_in.buf, sizeof(header));
	return have <= sizeof(header) ||
	       (header.size <= VU_PAYLOAD_MAX &&
		have - sizeof(header) <= header.size);
}

/* Of the ring, if that runs at @gen: what is published goes to its driver. */
static bool is_head(const struct state_session *session, unsigned int ring,
		    uint64_t gen, uint16_t head)
{
	const struct state_ring *r = &session->ring[ring];

	return !r->started || r->gen != gen || head < r->num;
}

static bool are_heads(const struct state_session *session,
		      const struct state_rx *rx)
{
	for (unsigned int i = 0; i < rx->n; i++)
		if (!is_head(session, CONSOLE_RX, rx->gen, rx->head[i]))
			return false;
	return true;
}

static uint64_t capacity(const struct state_rx *rx)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < rx->n; i++)
		sum += rx->capacity[i];
	return sum;
}

#define NAME(name, holds)	#name,
const char *const state_invariants[] = {
	"file",
	INVARIANTS(NAME, NAME, NAME, NAME, NAME, NAME)
	NULL
};

#define WHOLE(name, holds)						\
	if (!(holds))							\
		return #name;
#define EACH(element, count, name, holds)				\
	for (unsigned int i = 0; i < (count); i++) {			\
		element;						\
									\
		if (!(holds))						\
			return #name;					\
	}
#define RING(name, holds)						\
	EACH(const struct state_ring *r = &session->ring[i]; (void)r,	\
	     CONSOLE_RINGS, name, holds)
#define PLACE(name, holds)						\
	EACH(const struct ctl_place *p = &session->place[i],		\
	     session->nplaces, name, holds)
#define POS(name, holds)						\
	EACH(const struct state_ring_pos *pos = position[i].pos;	\
	     unsigned int ring = position[i].ring; (void)ring,		\
	     sizeof(position) / sizeof(position[0]), name, holds)
#define SLOT(name, holds)						\
	EACH(const struct state_client *c = &s->client[i],		\
	     CLIENTS_MAX, name, holds)
#define CLIENT(name, holds)						\
	EACH(const struct state_client *c = &s->client[i];		\
	     const struct state_send *send = STATE_CURRENT(&c->send);	\
	     (void)send, CLIENTS_MAX, name, c->id <= c->left || (holds))

static const char *check(const struct console_state *s, size_t size,
			 const struct worker_config *config)
{
	const struct state_session *session = STATE_CURRENT(&s->session);
	const struct state_vu_in_record *in = STATE_CURRENT(&s->vu_in);
	const struct state_vu_out_record *out = STATE_CURRENT(&s->vu_out);
	const struct state_tx *tx = STATE_CURRENT(&s->tx);
	const struct state_rx *rx = STATE_CURRENT(&s->rx);
	const struct state_ctrl *ctrl = STATE_CURRENT(&s->ctrl);
	const struct {
		const struct state_ring_pos *pos;
		unsigned int ring;
	} position[] = {
		{ &tx->ring, CONSOLE_TX },
		{ &ctrl->to_guest, CONSOLE_CTRL_RX },
		{ &ctrl->from_guest, CONSOLE_CTRL_TX },
	};

	INVARIANTS(WHOLE, RING, PLACE, POS, SLOT, CLIENT)
	return NULL;
}

const char *state_check(const struct console_state *state, size_t size,
			const struct worker_config *config)
{
	return size < STATE_RING_OFFSET ? "file" : check(state, size, config);
}
