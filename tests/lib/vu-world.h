/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A vhost-user engine without socket, loop and device, to which messages are
 * handed one by one; the device's answers are the test's.
 */
#ifndef TESTS_LIB_VU_WORLD_H
#define TESTS_LIB_VU_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/vu.h"

struct vu_world {
	struct vu vu;
	struct console_state *state;
	struct worker_config config;
	uint16_t base[CONSOLE_RINGS];	/* what the device says it is at */
	uint32_t taken[CONSOLE_RINGS];
	unsigned int config_writes;
	int event;			/* for kicks and calls */
	int fds_before;
};

/* What was answered to the last message. */
struct vu_answer {
	int err;			/* of vu_dispatch() */
	uint32_t len;			/* bytes; 0: no answer */
	uint32_t request, flags, size;	/* its header */
	uint64_t value;			/* of an answer of 8 bytes */
	const uint8_t *payload;
};

void vu_world_init(struct vu_world *w);
void vu_world_destroy(struct vu_world *w);

/*
 * A world in which acks were negotiated; at the end, -1 if it leaves another
 * number of fds open than it found.
 */
void vu_world_open(struct vu_world *w);
int vu_world_close(struct vu_world *w);

/*
 * Hands over a message with duplicates of @fds, and closes those that nobody
 * took. @flags as on the wire, without the version.
 */
struct vu_answer vu_world_send(struct vu_world *w, uint32_t request,
			       uint32_t flags, const void *payload,
			       uint32_t size, const int *fds,
			       unsigned int nfds);

/* Messages that name a ring, with an ack asked for; returns its status. */
uint64_t vu_world_state(struct vu_world *w, uint32_t request, uint32_t index,
			uint32_t num);
uint64_t vu_world_fd(struct vu_world *w, uint32_t request, uint64_t value,
		     int fd);

/* Memory built by the last message becomes the one in use. */
void vu_world_swap_memory(struct vu_world *w);

/* Negotiates REPLY_ACK. */
void vu_world_want_acks(struct vu_world *w);

/*
 * Is the session the same as @before, but for the message's number and its
 * answer?
 */
bool vu_world_unchanged(const struct vu_world *w,
			const struct state_session *before);

#endif
