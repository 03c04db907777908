/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One console's fds, by kind and index: what the next worker needs to go on
 * where the last one stopped. common/ctl.h says what puts and commits mean.
 * The store owns its fds and has them closed; to shut a connection down is the
 * worker's part. Functions that can refuse return -EINVAL for a kind, index
 * or list that cannot be, and change nothing when they fail.
 */
#ifndef SUPERVISOR_FDSTORE_H
#define SUPERVISOR_FDSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ctl.h"

#define FDSTORE_PLACES \
	(1 + MEM_SLOTS_MAX + 2 * CONSOLE_RINGS + 1 + PENDING_MAX + \
	 CLIENTS_MAX + 2)

struct fdstore_place {
	int fd;				/* -1: empty */
	bool handed;			/* the worker of now has it */
	bool plain;			/* a kick that notifier.h says is */
	uint64_t id;
};

struct fdstore {
	struct fdstore_place place[FDSTORE_PLACES];
	unsigned int owner;		/* as closer.h knows it */
	unsigned int count;		/* fds held */
	unsigned int budget;		/* and how many it may hold */
	uint64_t next_seq;		/* lower message numbers are settled */
};

/* One fd of the store, borrowed. */
struct fdstore_ref {
	enum fd_kind kind;
	unsigned int index;
	uint64_t id;
	int fd;
};

void fdstore_init(struct fdstore *store, unsigned int owner,
		  unsigned int budget);
void fdstore_clear(struct fdstore *store);

/*
 * Adds an fd that the supervisor accepted or opened (front-end, client,
 * terminal), and takes it unless this fails: -EBUSY when the place is taken,
 * -EMFILE over budget.
 */
int fdstore_set(struct fdstore *store, enum fd_kind kind, unsigned int index,
		uint64_t id, int fd);

/*
 * Makes @fds the pending set of message @seq, instead of the one before, and
 * takes them unless this fails: -ESTALE when that message was committed,
 * -EMFILE over budget.
 */
int fdstore_put(struct fdstore *store, uint64_t seq, const int *fds,
		unsigned int nfds);
void fdstore_discard(struct fdstore *store);

/*
 * Moves fds of message @seq's pending set to places; what is left of the
 * pending set is closed. A message that was committed before: 0, no change.
 */
int fdstore_commit(struct fdstore *store, uint64_t seq,
		   const struct ctl_place *places, unsigned int nplaces);

/*
 * Closes an fd. -ENOENT when the place is empty, or when a connection of
 * another id is there.
 */
int fdstore_drop(struct fdstore *store, enum fd_kind kind, unsigned int index,
		 uint64_t id);

/* Closes the front-end and all that came through it; numbers start anew. */
void fdstore_clear_session(struct fdstore *store);

/*
 * So many fds wait to be closed that those of one more message might be too
 * many: until some are, nothing new is taken from this console's peers and
 * workers.
 */
bool fdstore_is_behind(const struct fdstore *store);

/* The place's fd, borrowed, or -1. */
int fdstore_get(const struct fdstore *store, enum fd_kind kind,
		unsigned int index, uint64_t *id);

/* The same, but -1 for one that a poll() might wait for. */
int fdstore_get_pollable(const struct fdstore *store, enum fd_kind kind,
			 unsigned int index);

/* An empty place of this kind, or -ENOSPC. */
int fdstore_free_index(const struct fdstore *store, enum fd_kind kind);
unsigned int fdstore_count(const struct fdstore *store, enum fd_kind kind);

/*
 * Handing over: after fdstore_unhand() each fd comes up once, the front-end
 * first. fdstore_next() returns 0, or -ENOENT when all are handed over;
 * fdstore_handed() says that this one was sent.
 */
void fdstore_unhand(struct fdstore *store);
int fdstore_next(const struct fdstore *store, struct fdstore_ref *ref);
void fdstore_handed(struct fdstore *store, const struct fdstore_ref *ref);

#endif
