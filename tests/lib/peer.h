/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The other side of a client, and the kernel between: sendmmsg() and writev()
 * take as many bytes as they are told to, fail, or are the last thing the
 * worker ever called. For programs linked with --wrap for both.
 */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/client.h"

#define PEER_RING	512		/* bytes of output kept */
#define PEER_SINK	65536

struct peer {
	char bytes[PEER_SINK];		/* received, not looked at yet */
	size_t n;
	size_t take;			/* bytes it takes of the next call */
	int err;			/* instead of taking any */
	enum { LIVES, DIES_BEFORE, DIES_AFTER } then;
	unsigned int calls;
	jmp_buf death;

	struct state_client slot;	/* all that outlives a worker */
	struct client client;
	struct ring ring;
	uint64_t head;
	_Atomic uint64_t tail;
};

extern struct peer peer;

void peer_reset(bool terminal);

/* @len bytes more of output, letters by their position. */
void peer_print(uint64_t len);
char peer_letter(uint64_t pos);

/* Returns as client_send(), or -1 after the worker's death: a new one waits. */
int64_t peer_send(bool notices);

#endif
