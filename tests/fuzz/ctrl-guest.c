/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/ctrl-guest.h"

#include <string.h>
#include <unistd.h>

#include "tests/lib/vhost.h"

#define NUM		(2 * CTRL_CHAINS)
#define DESC		0		/* in a ring's part of the memory */
#define AVAIL		0x800
#define USED		0xa00
#define DATA		0x1000		/* PIECE for each chain */
#define PART		0x3000
#define PIECE		0x60
#define TABLE		0x40		/* in a piece */

static unsigned int index_of(enum ctrl_ring ring)
{
	return ring == CTRL_TO_GUEST ? CTRL_RX : CTRL_TX;
}

static uint64_t at(enum ctrl_ring ring, uint64_t off)
{
	return FRONT_FREE + ring * PART + off;
}

static void put(struct ctrl_guest *g, uint64_t off, uint64_t value,
		unsigned int n)
{
	memcpy(g->f->ptr + off, &value, n);
}

static uint32_t fetch(const struct ctrl_guest *g, uint64_t off, unsigned int n)
{
	uint32_t value = 0;

	memcpy(&value, g->f->ptr + off, n);
	return value;
}

static void put_desc(struct ctrl_guest *g, uint64_t off, uint64_t addr,
		     uint32_t len, unsigned int flags, unsigned int next)
{
	put(g, off, addr, 8);
	put(g, off + 8, len, 4);
	put(g, off + 12, flags, 2);
	put(g, off + 14, next, 2);
}

struct ctrl_queue *ctrl_guest_queue(struct ctrl_guest *g, enum ctrl_ring ring)
{
	return ring == CTRL_TO_GUEST ? &g->model.to_guest :
				       &g->model.from_guest;
}

/* With event indices the guest says for what it wants to be interrupted. */
static void want_interrupt(struct ctrl_guest *g, enum ctrl_ring ring)
{
	put(g, at(ring, AVAIL) + 4 + 2 * NUM, g->used[ring], 2);
}

void ctrl_guest_blank(struct ctrl_guest *g, uint16_t base)
{
	memset(g->f->ptr + FRONT_FREE, 0, FRONT_MEMORY - FRONT_FREE);
	for (unsigned int ring = 0; ring < 2; ring++) {
		g->avail[ring] = g->used[ring] = base;
		put(g, at(ring, AVAIL) + 2, base, 2);
		put(g, at(ring, USED) + 2, base, 2);
		ctrl_guest_queue(g, ring)->n = 0;
		g->slot[ring] = 0;
		want_interrupt(g, ring);
	}
}

uint16_t ctrl_guest_base(const struct ctrl_guest *g, enum ctrl_ring ring)
{
	const struct ctrl_queue *q = ring == CTRL_TO_GUEST ?
					     &g->model.to_guest :
					     &g->model.from_guest;

	return (uint16_t)(g->avail[ring] - q->n);
}

/* Two pieces of @len bytes in all; the second may have none. */
static void two_pieces(struct ctrl_guest *g, enum ctrl_ring ring, uint64_t desc,
		       unsigned int next, uint32_t first, uint32_t second,
		       uint64_t data)
{
	unsigned int flags = ring == CTRL_TO_GUEST ? DESC_WRITE : 0;

	put_desc(g, desc, FRONT_GPA + data, first, flags | DESC_NEXT, next);
	put_desc(g, desc + 16, FRONT_GPA + data + first, second, flags, 0);
}

/* A chain that is no good. */
static enum ctrl_kind spoilt(struct ctrl_guest *g, enum ctrl_ring ring,
			     uint64_t desc, unsigned int head, uint64_t data,
			     uint8_t how)
{
	unsigned int right = ring == CTRL_TO_GUEST ? DESC_WRITE : 0;

	switch (how % 8) {
	case 0:		/* outside the memory */
		put_desc(g, desc, 0, 8, right, 0);
		return CTRL_BAD;
	case 1:		/* what is to be read after what is to be written */
		put_desc(g, desc, FRONT_GPA + data, 8, DESC_WRITE | DESC_NEXT,
			 head + 1);
		put_desc(g, desc + 16, FRONT_GPA + data, 8, 0, 0);
		return CTRL_BAD;
	case 2:
		put_desc(g, desc, FRONT_GPA + data + TABLE, 32,
			 DESC_INDIRECT | DESC_NEXT, head + 1);
		return CTRL_BAD;
	case 3:		/* the other way round */
		put_desc(g, desc, FRONT_GPA + data, 8, right ^ DESC_WRITE, 0);
		return CTRL_SHORT;
	case 4:		/* the last of it is not there */
		put_desc(g, desc, FRONT_GPA + FRONT_MEMORY - 4, 8, right, 0);
		return CTRL_BAD;
	case 5:
		put_desc(g, desc, FRONT_GPA + data, 8, right | DESC_NEXT,
			 how < 128 ? NUM : UINT16_MAX);
		return CTRL_FATAL;
	case 6:
		put_desc(g, desc, FRONT_GPA + data, 0, right | DESC_NEXT,
			 head);
		return CTRL_LOOP;
	default:
		return CTRL_NO_HEAD;
	}
}

static void fill_message(struct ctrl_guest *g, uint64_t data,
			 struct ctrl_chain *chain, struct input *in)
{
	static const uint8_t events[] = {
		CTRL_DEVICE_READY, CTRL_PORT_READY, CTRL_DEVICE_READY,
		CTRL_PORT_READY, CTRL_PORT_OPEN, CTRL_RESIZE, CTRL_PORT_ADD,
		CTRL_PORT_REMOVE, CTRL_CONSOLE_PORT, CTRL_PORT_NAME,
	};
	uint8_t what = input_u8(in);

	memset(chain->bytes, 0, CTRL_BYTES);
	if (what >= 0xf0) {
		input_bytes(in, chain->bytes, CTRL_BYTES);
	} else {
		chain->bytes[what % 16 == 15 ? 3 : 0] = what % 16 >= 14;
		chain->bytes[4] = events[what / 16 % sizeof(events)];
		chain->bytes[6] = what % 16 < 11 ? 1 : what % 16 % 3;
	}
	memcpy(g->f->ptr + data, chain->bytes, CTRL_BYTES);
}

void ctrl_guest_publish(struct ctrl_guest *g, enum ctrl_ring ring,
			struct input *in)
{
	struct ctrl_queue *q = ctrl_guest_queue(g, ring);
	unsigned int head = 2 * (g->slot[ring] % CTRL_CHAINS);
	uint64_t desc = at(ring, DESC + head * 16);
	uint64_t data = at(ring, DATA + head / 2 * PIECE);
	unsigned int right = ring == CTRL_TO_GUEST ? DESC_WRITE : 0;
	struct ctrl_chain *chain = &q->chain[q->n];
	uint8_t shape = input_u8(in);

	if (q->n == CTRL_CHAINS || q->jumped)
		return;
	*chain = (struct ctrl_chain){ CTRL_WHOLE, (uint16_t)head, { 0 } };
	memset(g->f->ptr + data, 0xee, PIECE);
	if (ring == CTRL_FROM_GUEST)
		fill_message(g, data, chain, in);
	switch (shape % 8) {
	case 0: case 1: case 2:
		put_desc(g, desc, FRONT_GPA + data, 8, right, 0);
		break;
	case 3:
		two_pieces(g, ring, desc, head + 1, shape / 8 % 9,
			   8 - shape / 8 % 9, data);
		break;
	case 4:
		two_pieces(g, ring, at(ring, DATA + head / 2 * PIECE + TABLE),
			   1, shape / 8 % 9, 8 - shape / 8 % 9, data);
		put_desc(g, desc, FRONT_GPA + data + TABLE, 32, DESC_INDIRECT,
			 0);
		break;
	case 5:		/* more than is asked for */
		two_pieces(g, ring, desc, head + 1, 8 + shape / 8 % 9,
			   shape / 8, data);
		break;
	case 6:
		chain->kind = CTRL_SHORT;
		two_pieces(g, ring, desc, head + 1, shape / 8 % 4,
			   shape / 32 % 5, data);
		break;
	default:
		chain->kind = spoilt(g, ring, desc, head, data, shape / 8);
		break;
	}
	if (chain->kind == CTRL_NO_HEAD)
		head = NUM;
	put(g, at(ring, AVAIL) + 4 + 2 * (g->avail[ring] % NUM), head, 2);
	put(g, at(ring, AVAIL) + 2, ++g->avail[ring], 2);
	g->slot[ring]++;
	q->n++;
}

void ctrl_guest_jump(struct ctrl_guest *g, enum ctrl_ring ring, bool away)
{
	ctrl_guest_queue(g, ring)->jumped = away;
	put(g, at(ring, AVAIL) + 2, g->avail[ring] + (away ? 2 * NUM : 0), 2);
}

void ctrl_guest_start(struct ctrl_guest *g, enum ctrl_ring ring, uint16_t base)
{
	unsigned int i = index_of(ring);
	uint32_t num[2] = { i, NUM }, from[2] = { i, base }, on[2] = { i, 1 };
	uint64_t index = i, addr[5] = {
		i, FRONT_UVA + at(ring, DESC), FRONT_UVA + at(ring, USED),
		FRONT_UVA + at(ring, AVAIL), 0,
	};

	front_say(g->f, FE_SET_VRING_NUM, num, 8, NULL);
	front_say(g->f, FE_SET_VRING_BASE, from, 8, NULL);
	front_say(g->f, FE_SET_VRING_ADDR, addr, 40, NULL);
	front_say(g->f, FE_SET_VRING_CALL, &index, 8, &g->f->event[4 + i]);
	front_say(g->f, FE_SET_VRING_KICK, &index, 8, &g->f->event[i]);
	front_say(g->f, FE_SET_VRING_ENABLE, on, 8, NULL);
}

void ctrl_guest_stop(struct ctrl_guest *g, enum ctrl_ring ring)
{
	uint32_t payload[2] = { index_of(ring), 0 };

	front_say(g->f, FE_GET_VRING_BASE, payload, 8, NULL);
}

void ctrl_guest_kick(const struct ctrl_guest *g)
{
	front_kick(g->f, CTRL_RX);
	front_kick(g->f, CTRL_TX);
}

static void collect_one(struct ctrl_guest *g, enum ctrl_ring ring)
{
	struct ctrl_queue *q = ctrl_guest_queue(g, ring);
	uint16_t idx = (uint16_t)fetch(g, at(ring, USED) + 2, 2);
	uint64_t count;
	bool interrupted = read(g->f->event[4 + index_of(ring)], &count,
				sizeof(count)) > 0;

	fuzz_check((uint16_t)(idx - g->used[ring]) == q->ndone,
		   "ring %u: %u chains came back, not %u", index_of(ring),
		   (uint16_t)(idx - g->used[ring]), q->ndone);
	fuzz_check(interrupted || !q->ndone, "ring %u: no interrupt",
		   index_of(ring));
	for (unsigned int i = 0; i < q->ndone; i++, g->used[ring]++) {
		uint64_t e = at(ring, USED) + 4 + 8 * (g->used[ring] % NUM);
		const struct ctrl_done *done = &q->done[i];
		uint64_t data = at(ring, DATA + done->head / 2 * PIECE);

		fuzz_check(fetch(g, e, 4) == done->head &&
			   fetch(g, e + 4, 4) == done->len,
			   "ring %u: chain %u of %u bytes, not %u of %u",
			   index_of(ring), fetch(g, e, 4), fetch(g, e + 4, 4),
			   done->head, done->len);
		fuzz_check(!done->len || !memcmp(g->f->ptr + data, done->bytes,
						 CTRL_BYTES),
			   "message of event %u, not %u",
			   g->f->ptr[data + 4], done->bytes[4]);
	}
	q->ndone = 0;
	want_interrupt(g, ring);
}

void ctrl_guest_collect(struct ctrl_guest *g)
{
	collect_one(g, CTRL_TO_GUEST);
	collect_one(g, CTRL_FROM_GUEST);
}
