/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/tamper.h"

struct field {
	void *at;
	unsigned int size;
};

#define FIELD(thing)	{ &(thing), sizeof(thing) }

/* What a worker computes with, in the copies that count. */
static struct field some_field(struct console_state *s, uint8_t which,
			       uint8_t index)
{
	struct state_session *session = STATE_CURRENT(&s->session);
	struct state_ring *ring = &session->ring[index % CONSOLE_RINGS];
	struct state_region *region = &session->region[index % MEM_SLOTS_MAX];
	struct ctl_place *place = &session->place[index % PENDING_MAX];
	struct state_vu_in_record *in = STATE_CURRENT(&s->vu_in);
	struct state_vu_out_record *out = STATE_CURRENT(&s->vu_out);
	struct state_tx *tx = STATE_CURRENT(&s->tx);
	struct state_rx *rx = STATE_CURRENT(&s->rx);
	struct state_ctrl *ctrl = STATE_CURRENT(&s->ctrl);
	struct state_client *client = &s->client[index % CLIENTS_MAX];
	struct state_send *send = STATE_CURRENT(&client->send);
	const struct field fields[] = {
		FIELD(session->conn), FIELD(session->ended),
		FIELD(session->seq), FIELD(session->next_gen),
		FIELD(session->features), FIELD(session->protocol_features),
		FIELD(session->nplaces), FIELD(session->reply_len),
		FIELD(session->say_len), FIELD(session->says),
		FIELD(ring->gen), FIELD(ring->desc), FIELD(ring->avail),
		FIELD(ring->used), FIELD(ring->num), FIELD(ring->base),
		FIELD(ring->started), FIELD(ring->enabled), FIELD(ring->kick),
		FIELD(region->gpa), FIELD(region->size), FIELD(region->uva),
		FIELD(region->offset), FIELD(place->kind),
		FIELD(place->index), FIELD(place->fd), FIELD(in->at),
		FIELD(in->len), FIELD(in->seq), FIELD(in->msg.msg_len),
		{ s->vu_in.buf + 8, 4 }, FIELD(out->at), FIELD(out->len),
		FIELD(out->msg.msg_len), FIELD(tx->head), FIELD(tx->said),
		FIELD(tx->ring.avail), FIELD(tx->ring.used),
		FIELD(tx->ring.off), FIELD(tx->ring.gen), FIELD(rx->n),
		FIELD(rx->kind), FIELD(rx->msg.msg_len), FIELD(rx->avail),
		FIELD(rx->used), FIELD(rx->typed),
		FIELD(rx->head[index % RX_CHAINS_MAX]),
		FIELD(rx->capacity[index % RX_CHAINS_MAX]), FIELD(ctrl->owed),
		FIELD(ctrl->from_guest.avail), FIELD(ctrl->to_guest.used),
		FIELD(s->typed), FIELD(s->tail), FIELD(s->backlog),
		FIELD(client->id), FIELD(client->left),
		FIELD(client->budget_us), FIELD(client->lagging),
		FIELD(client->half_closed), FIELD(send->start),
		FIELD(send->skipped), FIELD(send->mark_len), FIELD(send->len),
		FIELD(send->msg.msg_len), FIELD(s->session.current),
		FIELD(s->tx.current), FIELD(s->rx.current),
		FIELD(client->send.current),
	};

	return fields[which % (sizeof(fields) / sizeof(fields[0]))];
}

static uint64_t some_value(uint64_t now, uint8_t how)
{
	static const uint64_t values[] = {
		0, 1, 2, 15, 16, 17, 32, 33, 96, 97, 128, 255, 4096, 4097,
		4108, 4109, 0x8000, 0xffff, INT32_MAX, UINT32_MAX,
		UINT64_C(1) << 32, INT64_MAX, UINT64_MAX - 4096, UINT64_MAX,
	};
	const unsigned int n = sizeof(values) / sizeof(values[0]);

	if (how < 64)
		return now + how - 32;
	if (how < 128)
		return now ^ UINT64_C(1) << how % 64;
	return how < 192 ? values[how % n] : now + values[how % n];
}

void tamper(struct console_state *state, struct input *in)
{
	unsigned int n = 1 + input_u8(in) % 4;

	while (n--) {
		uint8_t which = input_u8(in), index = input_u8(in);
		struct field field = some_field(state, which, index);
		uint64_t value = 0;

		memcpy(&value, field.at, field.size);
		value = some_value(value, input_u8(in));
		memcpy(field.at, &value, field.size);
	}
}
