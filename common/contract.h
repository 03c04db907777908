/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the supervisor and a worker agree on before the first message: which fd
 * is what after exec, and what an exit code means. Both programs come from one
 * build; WORKER_CONTRACT catches an installation that mixes two.
 */
#ifndef COMMON_CONTRACT_H
#define COMMON_CONTRACT_H

#include <stdint.h>

#define WORKER_CONTRACT		4

/*
 * fds 0 to 2 are the standard streams, and log_init_supervised() is for the last;
 * every other fd arrives by CTL_FD.
 */
#define WORKER_FD_CONTROL	3	/* SOCK_SEQPACKET, struct ctl_msg */
#define WORKER_FD_STATE		4	/* sealed memfd, struct console_state */
#define WORKER_FD_FILTER	5	/* sealed memfd, struct sock_filter[] */
#define WORKER_FD_PROOF		6	/* the same, but it traps */
#define WORKER_FD_END		7	/* nothing above is open at exec */

enum worker_exit {
	WORKER_EXIT_ASKED = 0,		/* after CTL_STOP */
	WORKER_EXIT_CONTRACT = 10,	/* started in another way than this */
	WORKER_EXIT_JAIL = 11,		/* a layer of the jail does not hold */
	WORKER_EXIT_STATE = 12,		/* the state does not validate */
	WORKER_EXIT_CONTROL = 13,	/* the control socket ended or broke */
	WORKER_EXIT_FAILED = 14,	/* out of memory, or a bug of our own */
	WORKER_EXIT_PROOF = 15,		/* its filter refuses what it needs */
	WORKER_EXIT_SIGNAL = 64,	/* and the signal that meant a fault */
};

enum overflow_policy {
	OVERFLOW_WAIT,			/* hold the guest within a budget */
	OVERFLOW_DROP_OLDEST,		/* never hold the guest */
	OVERFLOW_BLOCK,			/* hold the guest for as long as it takes */
};

enum sandbox_policy {
	SANDBOX_STRICT,
	SANDBOX_BEST_EFFORT,
};

#define ESCAPE_NONE		(-1)

/* The first message a worker gets; trusted, unlike the state. */
struct worker_config {
	uint32_t contract;		/* WORKER_CONTRACT */
	uint32_t console;		/* index of the console, from 0 */
	uint64_t last_id;		/* connections and clients so far */
	uint32_t max_queue_size;	/* ring entries */
	uint32_t max_queue_size_given;	/* 0: larger rings are served as well */
	uint32_t overflow;		/* enum overflow_policy */
	uint32_t wait_ms;		/* OVERFLOW_WAIT: a client's full budget */
	uint32_t notices;		/* 0: no text of ours in the stream */
	int32_t escape;			/* terminal only: a byte, or ESCAPE_NONE */
	uint32_t reset;			/* the state before was given up */
	uint32_t skip;			/* start that skips open chains, or 0 */
	uint32_t sandbox;		/* enum sandbox_policy */
	uint32_t trial;			/* lock yourself in, say how, and end */
	uint32_t log_level;		/* enum log_level */
};

#endif
