/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A vhost-user front-end that can send anything, in any pieces.
 */
#ifndef TESTS_LIB_FRONTEND_H
#define TESTS_LIB_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/fe-msg.h"

struct frontend {
	int fd;				/* -1: not connected */
	int backend;			/* our end of the backend channel */
	uint64_t features;		/* acked */
	uint64_t protocol;		/* acked */
	bool memory_known;		/* QEMU adds a slot only once */
	/* Called, if not NULL, between the parts of a guest's set-up. */
	void (*between)(void *arg);
	void *between_arg;
};

void fe_init(struct frontend *fe);

/* Connects, within the usual bound; nothing is sent. */
void fe_open(struct frontend *fe, const char *path);

/*
 * The same for one that comes after another: connects until it is served. Has
 * then sent GET_FEATURES and received the answer.
 */
void fe_open_again(struct frontend *fe, const char *path);
void fe_close(struct frontend *fe);

/* Raw bytes in one sendmsg(); @fds go with the first of them. */
void fe_write(struct frontend *fe, const void *data, size_t len,
	      const int *fds, unsigned int nfds);
void fe_send(struct frontend *fe, const struct fe_msg *m);

/*
 * Several messages as one run of bytes. @cut[i] are offsets, ascending, where
 * a new sendmsg() begins; one always begins where a message with fds does.
 */
void fe_send_cut(struct frontend *fe, const struct fe_msg *m, unsigned int n,
		 const size_t *cut, unsigned int ncuts);

/* The next message; false at the end of the connection. */
bool fe_recv(struct frontend *fe, struct fe_msg *m);

/* Sends a request that has an answer of its own, and takes that. */
struct fe_msg fe_call(struct frontend *fe, const struct fe_msg m);
uint64_t fe_get(struct frontend *fe, uint32_t request);

/* Sends with NEED_REPLY; fe_ack() returns the status, fe_ok() wants 0. */
uint64_t fe_ack(struct frontend *fe, struct fe_msg m);
void fe_ok(struct frontend *fe, struct fe_msg m);
void fe_refused(struct frontend *fe, struct fe_msg m);

/* Sends without; fe_barrier() returns once all before it is done. */
void fe_tell(struct frontend *fe, struct fe_msg m);
void fe_barrier(struct frontend *fe);

/* The daemon closes the connection. */
void fe_expect_end(struct frontend *fe);

/* The backend channel has nothing to read. */
void fe_expect_no_request(struct frontend *fe);

#endif
