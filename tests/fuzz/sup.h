/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor in this process, as supervise() runs it, with the worker of
 * console 0 taken over: the target is that worker. Console 1 is its neighbour,
 * whose worker does what workers do. Time stands still until the story says
 * otherwise, and no fd that is to be closed is before the story lets it.
 */
#ifndef TESTS_FUZZ_SUP_H
#define TESTS_FUZZ_SUP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/supervise.h"

#define SUP_FDS		1024		/* none is higher */
#define SUP_TAKEN	0		/* console whose worker is taken over */
#define SUP_NEIGHBOUR	1
#define SUP_RING	UINT64_C(4096)	/* bytes of scrollback */

/* A worker, or rather its ends. -1: closed. */
struct sup_worker {
	int control;
	int log;
	int state;
	int end;			/* written to, its pidfd is readable */
	pid_t pid;
	bool dead;
	bool stuck;			/* a kill has no effect */
	bool killed;			/* one has come meanwhile */
	siginfo_t how;
};

struct sup {
	struct supervisor s;
	struct options options;
	unsigned int budget;		/* fds that a console may hold */
	bool inside;			/* the supervisor's code runs */
	bool slow;			/* closing takes its time */
	bool ended;			/* the supervisor stopped serving */
	bool told;			/* ... as it was told to */
	bool hang_up_seen;		/* peers say that clients are gone */
	unsigned int moved;		/* things that happened in a pass */
	unsigned int receives;		/* in a pass */
	unsigned int failing;		/* sends to the worker that are to fail */
	int failure;			/* their errno */
	unsigned int lacking;		/* workers that cannot be started */
	struct sup_worker worker[2];
	struct sup_worker stale;	/* ends that outlived their worker */
	bool keeps_ends;		/* when it dies, somebody has them */
	unsigned int peers;		/* our ends of connections */
	int peer[64];
	unsigned int acks;		/* that the neighbour got */
	int ack_error;
};

extern struct sup sup;

/* The consoles, while there are any. */
struct console *sup_taken(void);
struct console *sup_neighbour(void);

/* Runs a supervisor whose life is @story; all of it is gone afterwards. */
void sup_run(void (*story)(void));

/* Lets the supervisor do what can be done by now, and looks at all of it. */
void sup_pass(void);

/* Time goes by. */
void sup_wait(uint64_t us);

/* The worker that was taken over ends. */
void sup_die(int code, int status);

/* Someone connects to console 0. */
void sup_connect(enum fd_kind kind);

/* Someone who did goes, or has no more to say. */
void sup_disconnect(unsigned int which);

#endif
