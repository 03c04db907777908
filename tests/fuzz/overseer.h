/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor's part for a worker that runs in this process: worker/
 * control.h over the real fd store, and death. A worker may be made to die at
 * each of its calls to here, at each sendmmsg() and recvmmsg(), and at each
 * step by which a chain goes back, before it and after it; overseer_death is
 * where a death jumps to.
 */
#ifndef TESTS_FUZZ_OVERSEER_H
#define TESTS_FUZZ_OVERSEER_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/fdstore.h"

struct overseer {
	struct fdstore store;
	bool trusted;			/* what it wants has to be sane */
	bool started;			/* CTL_START was handed out */
	bool alive;			/* worker code runs */
	/* before a load from guest memory; or NULL */
	void (*guest)(const void *at);
	unsigned int die_in;		/* calls until death; 0: never */
	unsigned int die_again_in;	/* and of the one after it */
	unsigned int fds_in;		/* recvmsg() that has no room for all */
	unsigned int fds_room;		/* ... but for so many */
	bool fds_lost;			/* and the worker knows */
	int maps;			/* guest memory mapped just now */
};

extern struct overseer overseer;
extern jmp_buf overseer_death;

void overseer_reset(void);

/* A new worker: it is handed everything again. */
void overseer_new_worker(void);

/* A place where a worker may die. */
void overseer_mortal(void);

#endif
