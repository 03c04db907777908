/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control queues of a console with one port, as a guest may rely on them
 * (VIRTIO 1.2, 5.3.6.2): what it has published, what of that comes back, and
 * what it is told. Values only; written from the specification.
 */
#ifndef TESTS_FUZZ_CTRL_MODEL_H
#define TESTS_FUZZ_CTRL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define CTRL_CHAINS	64
#define CTRL_BYTES	8		/* of a message */

enum ctrl_kind {
	CTRL_WHOLE,			/* a message, or room for one */
	CTRL_SHORT,			/* too little for either */
	CTRL_BAD,			/* goes back unread */
	CTRL_FATAL,			/* goes back, and breaks the ring */
	CTRL_LOOP,			/* breaks the ring */
	CTRL_NO_HEAD,			/* so does this: it has no name, too */
};

struct ctrl_chain {
	enum ctrl_kind kind;
	uint16_t head;
	uint8_t bytes[CTRL_BYTES];	/* from the guest */
};

/* A chain that came back. */
struct ctrl_done {
	uint16_t head;
	uint32_t len;
	uint8_t bytes[CTRL_BYTES];	/* to the guest */
};

struct ctrl_queue {
	struct ctrl_chain chain[CTRL_CHAINS];	/* outstanding, oldest first */
	unsigned int n;
	bool started;			/* by the front-end */
	bool broken;
	bool jumped;			/* its avail index */
	struct ctrl_done done[CTRL_CHAINS];	/* by the last service */
	unsigned int ndone;
};

struct ctrl_model {
	struct ctrl_queue to_guest, from_guest;
	bool multiport;			/* was negotiated */
	bool add, console, open;	/* the guest is still to be told */
};

/* The device looks at all that there is. */
void ctrl_model_service(struct ctrl_model *m);

/* It gives up the chain in each queue that workers died on, unread. */
void ctrl_model_skip(struct ctrl_model *m);

/* The front-end starts a queue at index @base. */
void ctrl_model_start(struct ctrl_model *m, struct ctrl_queue *q,
		      uint16_t base);

/* The front-end is gone. */
void ctrl_model_gone(struct ctrl_model *m);

#endif
