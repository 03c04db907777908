/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The world of what clients type: client -> guest buffers. */
#ifndef TESTS_MODEL_INPUT_H
#define TESTS_MODEL_INPUT_H

#include "tests/model/queue.h"

#define BATCH		2		/* buffers of one record */
#define BUFFERS_MAX	4
#define BUFFER_LEN	2
#define SOCKET_ROOM	2

struct input_config {
	uint8_t kills;
	uint8_t typed;			/* bytes */
	uint8_t stops;
	uint8_t reboot;
	uint8_t buffer[2][BUFFERS_MAX];	/* capacities, before and after that */
};

enum input_break {
	INPUT_NO_GENERATION = 1,
	INPUT_GENERATION_IGNORED,
	INPUT_NOT_PUBLISHED_AGAIN,
	INPUT_RECEIVE_COUNTED_BY_US,
	INPUT_RECEIVE_BEFORE_RECORD,
	INPUT_BASE_WITHOUT_COUNT,
	INPUT_KICK_NOT_ASSUMED,
	INPUT_CALL_NOT_REPEATED,
};

struct input {
	/* the console's state */
	struct input_record {		/* struct state_rx */
		uint8_t gen;
		uint8_t avail;
		uint8_t used;
		uint8_t n;
		uint8_t head[BATCH];
		uint8_t capacity[BATCH];
		uint8_t msg_len;
	} rx[2];
	uint8_t rx_current;
	struct ring_session ring;
	uint8_t next_gen;
	uint8_t reply;

	/* the client */
	uint8_t typed;
	uint8_t waiting;		/* bytes in its socket, the last typed */

	/* the guest, its buffers by their heads, and the front-end */
	struct queue q;
	uint8_t buffer[HEADS][BUFFER_LEN];
	uint8_t capacity[HEADS];
	uint8_t added;
	uint8_t got;			/* last byte */
	uint8_t life;
	uint8_t running;
	uint8_t stops;
	uint8_t stop, start;		/* messages on their way */
	uint8_t base;			/* answer to the stop */

	uint8_t kills;
	uint8_t broken;

	/* the worker */
	struct {
		uint16_t pc;
		uint8_t resumed;
		uint8_t runs;
		uint8_t readable;
		uint8_t event;
		uint8_t used;
		uint8_t i, n, len;
	} w;
};

#define BROKEN(what)	(s->broken == INPUT_##what)

/* One action of the worker: input-worker.c */
bool input_worker(struct input *s, const struct input_config *config);

#endif
