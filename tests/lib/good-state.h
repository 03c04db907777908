/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A state that has everything in it, each thing as large as it may be, and
 * that is good. Tests spoil it from there.
 */
#ifndef TESTS_LIB_GOOD_STATE_H
#define TESTS_LIB_GOOD_STATE_H

#include <stddef.h>

#include "common/contract.h"
#include "common/state.h"

#define GOOD_RING	UINT64_C(4096)
#define GOOD_SIZE	(STATE_RING_OFFSET + GOOD_RING)
#define GOOD_HEAD	UINT64_C(10000)
#define GOOD_FREE	4	/* the slot without a client */

struct good_state {
	struct console_state *s;	/* of GOOD_SIZE bytes */
	size_t size;
	struct worker_config config;

	/* the current copies, whichever those are */
	struct state_session *session;
	struct state_vu_in_record *in;
	struct state_vu_out_record *out;
	struct state_tx *tx;
	struct state_rx *rx;
	struct state_ctrl *ctrl;
	struct state_client *client;	/* one whose mark is long */
	struct state_send *sent;	/* and what it was sent */
};

/* Fills @g->s; copy @copy is current, and the other one is rubbish. */
void good_state_fill(struct good_state *g, unsigned int copy);

/* The size that the header of the message being read claims. */
void good_state_payload(struct good_state *g, uint32_t payload);

#endif
