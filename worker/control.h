/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker's end of the control socket, WORKER_FD_CONTROL. Without its supervisor a worker is
 * worth nothing: whatever breaks here ends it with WORKER_EXIT_CONTROL.
 */
#ifndef WORKER_CONTROL_H
#define WORKER_CONTROL_H

#include <stdint.h>

#include "common/ctl.h"

/*
 * The next message, in order; waits for it when @wait. Returns 1, or 0 when
 * there is none. Fds become the caller's.
 */
int control_next(struct ctl_msg *msg, int *fds,
		 unsigned int *nfds, int wait);

/* Messages that arrived while another call waited for its ack. */
int control_has_deferred(void);

void control_ready(void);
void control_paused(void);
void control_half_closed(void);
void control_quit(void);
void control_pong(uint64_t id);
void control_drop(enum fd_kind kind, unsigned int index,
		  uint64_t id);
void control_discard(void);

/*
 * These two wait for the ack. @fds stay the caller's. Return 0, or the
 * supervisor's -errno: the store has no room for them.
 */
int control_put(uint64_t seq, const int *fds,
		unsigned int nfds);
int control_commit(uint64_t seq,
		   const struct ctl_place *place, unsigned int nplaces);

#endif
