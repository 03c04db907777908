/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Reading vhost-user messages so that a worker may die between any two
 * instructions: bytes are consumed straight into the state, fds are in the
 * supervisor's store before the byte that carries them is consumed.
 */
#ifndef WORKER_VU_IN_H
#define WORKER_VU_IN_H

#include "worker/vu.h"

/*
 * Reads on. Returns 1 when message number session.seq is whole: *@msg points
 * into the state and vu->pending. 0: wait for more. -EPIPE: the front-end hung
 * up. -EPROTO: framing is lost. Else -errno of the socket.
 */
int vu_in_read(struct vu *vu, struct vu_msg *msg);

/* Closes what is left of vu->pending. */
void vu_in_close_pending(struct vu *vu);

/*
 * After a resume: vu->pending was handed over for message number @seq, which
 * has not been applied. Keeps it only if that message is the one being read
 * and carried it.
 */
void vu_in_resume(struct vu *vu, uint64_t seq);

#endif
