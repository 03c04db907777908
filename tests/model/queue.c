/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/model/queue.h"

static uint8_t outstanding(const struct queue *q)
{
	return (uint8_t)(q->avail_idx - q->last_used);
}

void queue_add(struct queue *q, uint8_t head)
{
	q->avail[q->avail_idx++ % NUM] = head;
	q->owes_kick = 1;
}

bool queue_full(const struct queue *q)
{
	return outstanding(q) == NUM;
}

bool queue_empty(const struct queue *q)
{
	return outstanding(q) == 0;
}

void queue_kick(struct queue *q)
{
	q->owes_kick = 0;
	if (!q->silent)
		q->kick = 1;
}

uint8_t queue_oldest(const struct queue *q)
{
	return q->avail[q->last_used % NUM];
}

bool queue_reap(struct queue *q, uint8_t *len)
{
	uint8_t at = q->last_used % NUM;

	if (q->used_idx == q->last_used)
		return false;
	if (queue_empty(q))
		model_wrong("a used entry more than there are chains");
	else if (q->used[at].id != queue_oldest(q))
		model_wrong("used entry %u is of head %u, not of %u",
			    q->last_used, q->used[at].id, queue_oldest(q));
	*len = q->used[at].len;
	q->last_used++;
	return true;
}

void queue_put_id(struct queue *q, uint8_t used, uint8_t head)
{
	q->used[used % NUM].id = head;
}

void queue_put_len(struct queue *q, uint8_t used, uint8_t len)
{
	q->used[used % NUM].len = len;
}

void queue_publish(struct queue *q, uint8_t used)
{
	if ((uint8_t)(used - q->used_idx) > NUM)
		model_wrong("used index goes from %u to %u", q->used_idx,
			    used);
	q->used_idx = used;
}

void pos_start(struct pos *pos, const struct ring_session *ring,
	       const struct queue *q)
{
	*pos = (struct pos){
		.gen = ring->gen,
		.avail = ring->base,
		.used = q->used_idx,
		.off = ring->taken,
	};
}

void pos_complete(struct pos *pos, uint8_t head, uint8_t len)
{
	pos->avail++;
	pos->used++;
	pos->head = head;
	pos->completed = 1;
	pos->len = len;
	pos->off = 0;
}
