/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What common/ctl.h says about a worker's messages, for the one that was taken
 * over: each is served so, or is its end.
 */
#ifndef TESTS_FUZZ_SUP_MODEL_H
#define TESTS_FUZZ_SUP_MODEL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/ctl.h"

#define PACKETS_MAX	1024

enum phase { HANDED_OVER_TO, STARTED, SERVES };

struct place {
	int fd;				/* -1: none */
	uint64_t id;
	bool handed;			/* the worker has it */
};

struct sup_model {
	struct packet {
		char bytes[sizeof(struct ctl_msg)];
		size_t len;
		unsigned int nfds;
	} packet[PACKETS_MAX];		/* sent, and not yet received */
	unsigned int first, count;
	bool hangs_up;
	uint64_t ends_by;		/* it was seen to; 0: it was not */

	struct place place[FD_KINDS][PENDING_MAX];
	uint64_t next_seq;
	enum phase phase;
	bool configured;
	bool asked;
	uint64_t ping;
	bool ack_owed;
	uint64_t ack_id;
	int ack_error;
	bool over;			/* what it says does not count */
	bool reaped;			/* it is, just now */
	const siginfo_t *end;		/* of it, if not yet judged; or NULL */
	unsigned int deaths;		/* of its own, of workers */
	unsigned int condemned;		/* workers, for what they did */
};

extern struct sup_model model;

void model_start(void);

/* Another worker was started. */
void model_new_worker(void);

/* The worker sent this packet, of @len bytes. */
void model_packet(const void *bytes, size_t len, unsigned int nfds);

/* It closed its end, or one direction of it. */
void model_hangs_up(void);

/*
 * What comes of a message, which is done: 0, or -EINVAL for one that no worker
 * sends. The other one is for a connection that the supervisor ends by itself.
 */
int model_foretell(const struct ctl_msg *msg, const int *fds,
		   unsigned int nfds);
int model_drop(const struct ctl_msg *msg);

/* It is to be killed for what it did. */
void model_condemn(void);

/* Fds that the console has. */
unsigned int model_held(void);

/* The supervisor sent this one to it. */
void model_answered(const struct ctl_msg *msg, unsigned int nfds);

/* The supervisor is where it should be (sup-check.c). */
void model_check(void);

/* The number of the last question; the id of what is at that place. */
uint64_t model_ping(void);
uint64_t model_id(unsigned int kind, unsigned int index);

#endif
