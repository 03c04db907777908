/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a front-end says, byte by byte as it is let go, and what it has to be
 * answered: each request that has an answer exactly once, in order, whatever
 * dies meanwhile.
 */
#ifndef TESTS_FUZZ_STREAM_H
#define TESTS_FUZZ_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ctl.h"

#define STREAM_MAX	32768
#define STREAM_MESSAGES	256
#define STREAM_FDS	(PENDING_MAX + 2)

struct stream_message {
	size_t start, end;		/* in bytes */
	size_t fds_at;			/* the byte that fds go with */
	int fds[STREAM_FDS];
	unsigned int nfds;
	uint32_t request;		/* ... that is answered; 0: it isn't */
	bool refused;			/* and with a failure */
	bool good;			/* ... with success */
	bool acked;			/* by a status of 8 bytes */
};

struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t len;			/* bytes there are */
	size_t sent, received;
	struct stream_message message[STREAM_MESSAGES];
	unsigned int n;
	unsigned int answered;		/* messages whose answer has come */
	bool exact;			/* answers can be foretold */
	bool wild;			/* they need not even be answers */
	bool ends;			/* the connection will be closed */
	bool ended;			/* it was */
	uint64_t protocol_features;	/* acked, as far as it is written */
	uint8_t in[1024];		/* an answer, in part */
	uint8_t last[8];		/* the last one's first bytes */
	size_t have;
};

void stream_reset(struct stream *s);

/*
 * Adds a message; its fds are taken over. Returns false, taking nothing, when
 * there is no room.
 */
bool stream_add(struct stream *s, uint32_t request, uint32_t flags,
		const void *payload, uint32_t size, const int *fds,
		unsigned int nfds);

/* What was said and answered makes room; what it came to stays. */
void stream_forget(struct stream *s);

/*
 * What @m, which is added, has to be answered: all that can be said without
 * knowing the session.
 */
void stream_foretell(struct stream *s, struct stream_message *m,
		     uint32_t request, uint32_t flags, const void *payload,
		     uint32_t size);

/* The message added last is one that no front-end is refused. */
void stream_last_is_good(struct stream *s);

/* Its fds go with byte @off of it, as far as it has so many. */
void stream_last_fds_at(struct stream *s, size_t off);

/* Bytes that are no message. */
void stream_add_raw(struct stream *s, const void *bytes, size_t len);

/* Lets go of up to @n bytes on @fd. */
void stream_send(struct stream *s, int fd, size_t n);

/* Reads what came on @fd; an answer that is not due is a finding. */
void stream_receive(struct stream *s, int fd);

/* All was sent and all events were served: nothing may be owed. */
void stream_check_end(const struct stream *s);

#endif
