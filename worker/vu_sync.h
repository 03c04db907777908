/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Makes this process follow the session in the state. */
#ifndef WORKER_VU_SYNC_H
#define WORKER_VU_SYNC_H

#include "worker/vu.h"

/* After vu_dispatch: fds to their places, memory, rings, text. */
void vu_sync_message(struct vu *vu);

/*
 * In a new worker to which the session, the stored fds and those pending for
 * message @pending_seq were handed over, and whose memory is mapped: finishes
 * the last message and starts the rings.
 */
void vu_sync_resume(struct vu *vu, uint64_t pending_seq);

#endif
