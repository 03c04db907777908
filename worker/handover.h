/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a new worker is handed before it starts: the fds of the supervisor's
 * store, to which the state gives their meaning.
 */
#ifndef WORKER_HANDOVER_H
#define WORKER_HANDOVER_H

#include <stdint.h>

#include "worker/console.h"

struct handover {
	int fd[FD_KINDS][MEM_SLOTS_MAX];	/* -1: none; MEM has most */
	uint64_t id[FD_KINDS][MEM_SLOTS_MAX];
};

/* Receives until CTL_START. */
void handover_receive(struct handover *handover);

/*
 * Takes the fds over and goes on where the state says. Returns NULL, or what
 * does not fit together: then nothing was touched that matters.
 */
const char *handover_resume(struct handover *handover,
			    struct console *console);

#endif
