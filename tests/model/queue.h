/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A virtqueue in guest memory, the driver's side of it and the notifiers. */
#ifndef TESTS_MODEL_QUEUE_H
#define TESTS_MODEL_QUEUE_H

#include "tests/model/model.h"

#define NUM	2		/* entries */
#define HEADS	4		/* more, so that a stale entry is seen as one */

struct queue {
	uint8_t avail_idx;
	uint8_t used_idx;
	uint8_t avail[NUM];
	struct {
		uint8_t id;
		uint8_t len;
	} used[NUM];

	uint8_t last_used;		/* the driver has seen */
	uint8_t silent;			/* VIRTQ_USED_F_NO_NOTIFY */
	uint8_t owes_kick;		/* made available, not kicked yet */
	uint8_t kick;			/* eventfds */
	uint8_t call;
};

/* struct state_ring_pos */
struct pos {
	uint8_t gen;
	uint8_t avail;
	uint8_t used;
	uint8_t head;
	uint8_t completed;
	uint8_t len;
	uint8_t off;
};

/* struct state_ring: what the session says of the ring */
struct ring_session {
	uint8_t gen;
	uint8_t base;
	uint8_t taken;
	uint8_t started;
};

/* The driver makes the chain at @head available; it has yet to kick. */
void queue_add(struct queue *q, uint8_t head);
bool queue_full(const struct queue *q);
bool queue_empty(const struct queue *q);

/* The driver looks at whether it has to kick, and does. */
void queue_kick(struct queue *q);

/* The head the driver's oldest outstanding chain has. */
uint8_t queue_oldest(const struct queue *q);

/*
 * The driver takes the next used entry, which has to be of its oldest chain.
 * False if there is none. Its length goes to *@len.
 */
bool queue_reap(struct queue *q, uint8_t *len);

/* vring_put() in two stores, and vring_publish() */
void queue_put_id(struct queue *q, uint8_t used, uint8_t head);
void queue_put_len(struct queue *q, uint8_t used, uint8_t len);
void queue_publish(struct queue *q, uint8_t used);

/* ring_pos_start(), ring_pos_complete() */
void pos_start(struct pos *pos, const struct ring_session *ring,
	       const struct queue *q);
void pos_complete(struct pos *pos, uint8_t head, uint8_t len);

/* ring_pos_publish(); one store each */
#define POS_PUBLISH(pos, q)						\
	do {								\
		if ((pos)->completed) {					\
			queue_put_id(q, (pos)->used - 1, (pos)->head);	\
			STEP();						\
			queue_put_len(q, (pos)->used - 1, (pos)->len);	\
			STEP();						\
			queue_publish(q, (pos)->used);			\
			STEP();						\
		}							\
	} while (0)

#endif
