/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * vhost-user requests, one row each. A handler is called with a payload of at
 * least the row's size and at most its fds; it checks, prepares, and changes
 * @next, nothing else that lasts. Returns 0; -errno: @next is thrown away;
 * -EPROTO: and the connection is closed; VU_REFUSED: a nonzero ack, but @next
 * counts.
 */
#ifndef WORKER_VU_TABLE_H
#define WORKER_VU_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/vu.h"

#define VU_REFUSED	1

enum vu_reply {
	VU_ACK,			/* u64, when REPLY_ACK and NEED_REPLY say so */
	VU_REPLY,		/* always; the handler fills it */
};

struct vu_row {
	const char *name;
	uint32_t size;		/* least bytes of payload */
	unsigned int fds;	/* most fds */
	enum vu_reply reply;
	int (*handler)(struct vu *vu, const struct vu_msg *msg,
		       struct state_session *next);
};

/* The row of @request, or NULL. */
const struct vu_row *vu_row(uint32_t request);

/* Its name in the specification, or "unknown request". */
const char *vu_request_name(uint32_t request);

/*
 * Applies @msg to a copy of the session and switches to it. Returns 0, or
 * -EPROTO when the connection must be closed.
 */
int vu_dispatch(struct vu *vu, const struct vu_msg *msg);

#endif
