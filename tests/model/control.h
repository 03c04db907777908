/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The world of the control queues. */
#ifndef TESTS_MODEL_CONTROL_H
#define TESTS_MODEL_CONTROL_H

#include "tests/model/queue.h"

enum { NOTHING, DEVICE_READY, PORT_READY, PORT_ADD, CONSOLE_PORT, PORT_OPEN };

#define OWED(what)	(1u << (what))
#define MESSAGES	3		/* to the guest, from PORT_ADD on */

struct control_config {
	uint8_t kills;
	uint8_t buffers;		/* the guest keeps for us */
	uint8_t stops;
	uint8_t reboot;
};

enum control_break {
	CONTROL_OWED_AFTER_SWITCH = 1,
	CONTROL_PAID_AFTER_SWITCH,
	CONTROL_PUBLISH_BEFORE_SWITCH,
	CONTROL_NOT_PUBLISHED_AGAIN,
	CONTROL_NO_GENERATION,
	CONTROL_OWED_TO_ANOTHER,
	CONTROL_DELIVERED_TO_ANOTHER,
	CONTROL_KICK_NOT_ASSUMED,
	CONTROL_CALL_NOT_REPEATED,
};

enum { TO_GUEST, FROM_GUEST, RINGS };

/* What the front-end sends, one by one. */
enum front_step {
	FRONT_RUNS,
	FRONT_STOP,			/* + ring */
	FRONT_START = FRONT_STOP + RINGS,
	FRONT_END = FRONT_START + RINGS,
};

struct control {
	/* the console's state */
	struct control_record {		/* struct state_ctrl */
		struct pos pos[RINGS];
		uint8_t owed;
	} ctrl[2];
	uint8_t ctrl_current;
	struct ring_session ring[RINGS];
	uint8_t next_gen;
	uint8_t reply;			/* 1 + ring whose base is owed */

	/* the guest and the front-end */
	struct queue q[RINGS];
	uint8_t event[RINGS][HEADS];	/* the chains' messages, by heads */
	uint8_t added[RINGS];		/* chains */
	uint8_t to_say;			/* next message from the guest */
	uint8_t heard;			/* messages to it */
	uint8_t running;
	uint8_t stops;
	uint8_t front;			/* enum front_step */
	uint8_t message;		/* one of them, on its way */
	uint8_t base[RINGS];

	uint8_t kills;
	uint8_t broken;

	/* the worker */
	struct {
		uint16_t pc;
		uint8_t resumed;
		uint8_t runs[RINGS];
		uint8_t used[RINGS];	/* as the pass began */
		uint8_t r, what;
	} w;
};

#define BROKEN(what)	(s->broken == CONTROL_##what)
#define CTRL		(s->ctrl[s->ctrl_current])
#define POS(r)		(CTRL.pos[r])

/* One action of the worker: control-worker.c */
bool control_worker(struct control *s);

#endif
