/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/tamper.h"

#include <stdbool.h>
#include <stddef.h>

struct field {
	void *at;
	unsigned int size;
};

#define FIELD(thing)		{ &(thing), sizeof(thing) }
#define COPY(thing, other)	((other) ? STATE_OTHER(thing) : \
					   STATE_CURRENT(thing))
#define COUNT(array)		(sizeof(array) / sizeof((array)[0]))

static struct field session_field(struct console_state *s, bool other,
				  uint8_t which, uint8_t index)
{
	struct state_session *session = COPY(&s->session, other);
	struct state_ring *ring = &session->ring[index % CONSOLE_RINGS];
	struct state_region *region = &session->region[index % MEM_SLOTS_MAX];
	struct ctl_place *place = &session->place[index % PENDING_MAX];
	const struct field fields[] = {
		FIELD(session->conn), FIELD(session->ended),
		FIELD(session->seq), FIELD(session->next_gen),
		FIELD(session->features), FIELD(session->protocol_features),
		FIELD(session->status), FIELD(session->features_set),
		FIELD(session->protocol_features_set),
		FIELD(session->nplaces), FIELD(session->reply_len),
		FIELD(session->say_len), FIELD(session->says),
		FIELD(ring->gen), FIELD(ring->desc), FIELD(ring->avail),
		FIELD(ring->used), FIELD(ring->num), FIELD(ring->taken),
		FIELD(ring->base), FIELD(ring->addressed),
		FIELD(ring->started), FIELD(ring->enabled), FIELD(ring->kick),
		FIELD(ring->call), FIELD(region->gpa), FIELD(region->size),
		FIELD(region->uva), FIELD(region->offset), FIELD(place->kind),
		FIELD(place->index), FIELD(place->fd),
		FIELD(s->broken[index % CONSOLE_RINGS]),
		FIELD(s->session.current),
	};

	return fields[which % COUNT(fields)];
}

static struct field message_field(struct console_state *s, bool other,
				  uint8_t which)
{
	struct state_vu_in_record *in = COPY(&s->vu_in, other);
	struct state_vu_out_record *out = COPY(&s->vu_out, other);
	const struct field fields[] = {
		FIELD(in->conn), FIELD(in->seq), FIELD(in->at), FIELD(in->len),
		FIELD(in->fds), FIELD(in->msg.msg_len),
		FIELD(in->msg.msg_hdr.msg_flags), { s->vu_in.buf, 4 },
		{ s->vu_in.buf + 4, 4 }, { s->vu_in.buf + 8, 4 },
		{ s->vu_in.buf + 12, 8 }, FIELD(out->conn), FIELD(out->seq),
		FIELD(out->at), FIELD(out->len), FIELD(out->msg.msg_len),
		FIELD(s->vu_in.current), FIELD(s->vu_out.current),
	};

	return fields[which % COUNT(fields)];
}

static struct field stream_field(struct console_state *s, bool other,
				 uint8_t which, uint8_t index)
{
	struct state_tx *tx = COPY(&s->tx, other);
	struct state_rx *rx = COPY(&s->rx, other);
	struct state_ctrl *ctrl = COPY(&s->ctrl, other);
	struct state_ring_pos *pos = index & 1 ? &tx->ring :
				     index & 2 ? &ctrl->from_guest :
						 &ctrl->to_guest;
	const struct field fields[] = {
		FIELD(tx->head), FIELD(tx->said), FIELD(tx->skip),
		FIELD(pos->gen), FIELD(pos->avail), FIELD(pos->used),
		FIELD(pos->head), FIELD(pos->completed), FIELD(pos->len),
		FIELD(pos->off), FIELD(rx->gen), FIELD(rx->n),
		FIELD(rx->kind), FIELD(rx->msg.msg_len), FIELD(rx->avail),
		FIELD(rx->used), FIELD(rx->typed), FIELD(rx->skip),
		FIELD(rx->head[index % RX_CHAINS_MAX]),
		FIELD(rx->capacity[index % RX_CHAINS_MAX]),
		FIELD(ctrl->owed), FIELD(ctrl->skip), FIELD(s->typed),
		FIELD(s->tail), FIELD(s->backlog), FIELD(s->tx.current),
		FIELD(s->rx.current), FIELD(s->ctrl.current),
	};

	return fields[which % COUNT(fields)];
}

static struct field client_field(struct console_state *s, bool other,
				 uint8_t which, uint8_t index)
{
	struct state_client *client = &s->client[index % CLIENTS_MAX];
	struct state_send *send = COPY(&client->send, other);
	const struct field fields[] = {
		FIELD(client->id), FIELD(client->left),
		FIELD(client->budget_us), FIELD(client->lagging),
		FIELD(client->half_closed), FIELD(send->start),
		FIELD(send->skipped), FIELD(send->mark_len), FIELD(send->len),
		FIELD(send->msg.msg_len), FIELD(client->send.current),
		FIELD(s->magic), FIELD(s->version), FIELD(s->size),
		FIELD(s->ring_size), FIELD(s->progress), FIELD(s->pulse),
	};

	return fields[which % COUNT(fields)];
}

static struct field some_field(struct console_state *s, uint8_t what,
			       uint8_t which, uint8_t index)
{
	bool other = what & 0x80;

	switch (what % 4) {
	case 0:
		return session_field(s, other, which, index);
	case 1:
		return message_field(s, other, which);
	case 2:
		return stream_field(s, other, which, index);
	default:
		return client_field(s, other, which, index);
	}
}

static uint64_t some_value(uint64_t now, uint8_t how)
{
	static const uint64_t values[] = {
		0, 1, 2, 15, 16, 17, 32, 33, 96, 97, 128, 255, 4096, 4097,
		4108, 4109, 0x8000, 0xffff, INT32_MAX, UINT32_MAX,
		UINT64_C(1) << 32, INT64_MAX, UINT64_MAX - 4096, UINT64_MAX,
	};

	if (how < 64)
		return now + how - 32;
	if (how < 128)
		return now ^ UINT64_C(1) << how % 64;
	return how < 192 ? values[how % COUNT(values)] :
			   now + values[how % COUNT(values)];
}

void tamper_fields(struct console_state *state, struct input *in)
{
	unsigned int n = 1 + input_u8(in) % 4;

	while (n--) {
		uint8_t what = input_u8(in), which = input_u8(in);
		struct field field = some_field(state, what, which,
						input_u8(in));
		uint64_t value = 0;

		memcpy(&value, field.at, field.size);
		value = some_value(value, input_u8(in));
		memcpy(field.at, &value, field.size);
	}
}

void tamper_bytes(struct console_state *state, struct input *in)
{
	unsigned int n = 1 + input_u8(in) % 8;

	while (n--) {
		size_t at = input_u16(in) % sizeof(*state);

		((uint8_t *)state)[at] = input_u8(in);
	}
}

void tamper_noise(struct console_state *state, struct input *in)
{
	uint8_t *bytes = (uint8_t *)state;
	uint8_t what = input_u8(in);
	size_t first = what & 1 ? 0 : offsetof(struct console_state, progress);
	size_t last = sizeof(*state);
	uint32_t noise = input_u16(in) | 1u;

	if (what & 2) {
		first += input_u16(in) % (last - first);
		last = first + input_u8(in) % (last - first);
	}
	for (size_t i = first; i < last; i++) {
		noise ^= noise << 13;
		noise ^= noise >> 17;
		noise ^= noise << 5;
		bytes[i] = what & 4 ? (uint8_t)(noise & noise >> 8 &
						noise >> 16) : (uint8_t)noise;
	}
}
