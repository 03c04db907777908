/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A guest that asks for its ports without end: one question and its answer, a
 * burst of questions, questions while it has no buffer for an answer. What it
 * is owed is a set (VIRTIO 1.2, 5.3.6.2): a question asked twice before it is
 * answered has one answer, and every answer comes exactly once.
 */
#ifndef TESTS_LIB_CTRL_TALK_H
#define TESTS_LIB_CTRL_TALK_H

#include "tests/lib/gconsole.h"
#include "tests/lib/sleeper.h"
#include "tests/lib/unit.h"

enum talk_round {
	TALK_BOOT,			/* the one a driver begins with */
	TALK_ASK,			/* one question */
	TALK_BURST,			/* many, and one that ends it */
	TALK_USE_UP,			/* until there is no buffer left */
	TALK_STARVED,			/* many, with no buffer */
};

struct ctrl_talk {
	struct guest *g;
	struct rnd *rnd;
	struct sleeper from_guest;
	struct sleeper to_guest;
	enum talk_round round;
	unsigned int expect;		/* bits 1 << enum ctrl_event */
	unsigned int burst;		/* PORT_READYs of it */
	unsigned int opened;		/* ... and answers so far */
	unsigned int consoles;
	bool resting;			/* begins no other round */
	uint64_t answers;
};

/* @g's control rings are fresh. */
void talk_begin(struct ctrl_talk *t, struct guest *g, struct rnd *rnd);

/* Does what there is to do. */
void talk_step(struct ctrl_talk *t);

/* Nothing was asked that is not answered; begins no other round. */
bool talk_rest(struct ctrl_talk *t);

#endif
