/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The vhost-user engine of one console. A message changes the session in the
 * state by one switch, its answer included (vu_table); what runs in this
 * process is then made to follow the session (vu_sync), in the same way after
 * a message and after the death of the worker before.
 */
#ifndef WORKER_VU_H
#define WORKER_VU_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"
#include "common/state.h"
#include "worker/device.h"
#include "worker/gmem.h"
#include "worker/vq.h"

struct vu {
	struct console_state *state;
	const struct worker_config *config;
	const struct device_ops *ops;
	void *dev;
	struct event_base *base;

	int fd;				/* the connection; -1: none */
	struct event *read_ev;
	struct event *write_ev;		/* while a reply waits for room */

	/* fds of the message being received; its number is session.seq */
	int pending[PENDING_MAX];
	unsigned int npending;

	struct gmem gmem;
	struct gmem next_gmem;		/* built by a handler */
	bool gmem_changed;
	struct vq vq[CONSOLE_RINGS];
	int backend;			/* SET_BACKEND_REQ_FD; held open */
	bool warned_queue_size;
};

/* A whole message; payload and fds are borrowed from vu and the state. */
struct vu_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	const uint8_t *payload;
	const int *fds;
	unsigned int nfds;
	bool carried_fds;		/* also when they are not wanted */
};

void vu_init(struct vu *vu, struct console_state *state,
	     const struct worker_config *config,
	     const struct device_ops *ops, void *dev,
	     struct event_base *base);

/* A new front-end, connection @conn; takes over @fd. */
void vu_attach(struct vu *vu, uint64_t conn, int fd);

/*
 * The session of the worker before goes on; takes over @fd. Memory is mapped,
 * stored fds are in place, those in vu->pending came with @pending_seq.
 */
void vu_resume(struct vu *vu, int fd, uint64_t pending_seq);

/*
 * Has @text, at most SAY_MAX bytes, appended to the output of a console whose
 * state is new; once, however often it is asked for.
 */
void vu_say_at_start(struct vu *vu, const char *text);

/* The session goes on without its connection: as if that had just ended. */
void vu_abandon(struct vu *vu);

/* The ring's runtime is stopped for good, its front-end told. */
void vu_break_ring(struct vu *vu, unsigned int index, const char *why);

static inline const struct state_session *vu_session(const struct vu *vu)
{
	return STATE_CURRENT(&vu->state->session);
}

#endif
