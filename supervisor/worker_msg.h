/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_WORKER_MSG_H
#define SUPERVISOR_WORKER_MSG_H

#include "supervisor/console.h"

/* The worker waits for the answer before it sends another one like this. */
bool worker_msg_is_acked(const struct ctl_msg *msg);

/*
 * Does what a worker asks for, within its own console. @fds are taken in any
 * case. Returns 0, or -EINVAL for what no worker says; an answer that is due
 * is then in c->worker.
 */
int worker_msg_handle(struct console *c, const struct ctl_msg *msg, int *fds,
		      unsigned int nfds);

#endif
