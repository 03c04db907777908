/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control socket between the supervisor and one worker: SOCK_SEQPACKET,
 * one struct ctl_msg a packet, fds by SCM_RIGHTS. The supervisor trusts none
 * of what a worker says but as a wish about that worker's own console.
 *
 * The fd store. The supervisor keeps a duplicate of every fd a worker works
 * with, by kind and index, and hands all of them to the next worker. An fd
 * that a front-end sends goes to the pending set first (CTL_PUT, under the
 * number of the message that carried it), and to its place only when the
 * message was applied (CTL_COMMIT, which a resumed worker repeats).
 */
#ifndef COMMON_CTL_H
#define COMMON_CTL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/contract.h"

#define CONSOLE_RINGS	4	/* rx, tx, control rx, control tx */
#define CLIENTS_MAX	16
#define MEM_SLOTS_MAX	32
#define PENDING_MAX	32	/* fds of one vhost-user message */

/*
 * As many as the kernel lets a message have (SCM_MAX_FD): for what there is no
 * room, the kernel closes in the receiver's name.
 */
#define CTL_FDS_MAX	253

enum fd_kind {
	FD_FRONTEND,		/* the vhost-user connection; id: connection */
	FD_CLIENT,		/* id: client */
	FD_TERM_IN,		/* nested: what is typed; id: client */
	FD_TERM_OUT,		/* nested: what is shown; id: client */
	FD_MEM,			/* index: memory slot */
	FD_KICK,		/* index: ring */
	FD_CALL,		/* index: ring */
	FD_BACKEND,		/* SET_BACKEND_REQ_FD */
	FD_PENDING,		/* index: position; id: message number */
	FD_KINDS
};

/* Places of a kind in one console's store; index is below it. */
unsigned int fd_kind_places(enum fd_kind kind);
const char *fd_kind_name(enum fd_kind kind);

enum ctl_type {
	/* supervisor to worker */
	CTL_CONFIG = 1,		/* config; the first message */
	CTL_FD,			/* kind, index, id, one fd */
	CTL_START,		/* all that was stored has been handed over */
	CTL_ACK,		/* id, error: answers CTL_PUT and CTL_COMMIT */
	CTL_PAUSE,		/* nested: leave the terminal alone */
	CTL_CONTINUE,		/* nested: use it again */
	CTL_STOP,		/* flush what can be flushed, exit */
	CTL_PING,		/* id; is it still at work? */

	/* worker to supervisor */
	CTL_READY = 64,		/* jailed, resumed, serving */
	/*
	 * Acked, as is CTL_COMMIT: a worker waits for the answer to one before
	 * it sends the next.
	 */
	CTL_PUT,		/* id: message number; nfds fds */
	CTL_DISCARD,		/* the pending set is not wanted */
	CTL_COMMIT,		/* id: message number; places */
	CTL_DROP,		/* kind, index, id: close this fd for good */
	CTL_HALF_CLOSED,	/* a client's input ended; is it still there? */
	CTL_PAUSED,		/* nested: answers CTL_PAUSE */
	CTL_QUIT,		/* nested: the escape key was typed */
	CTL_PONG,		/* id; answers CTL_PING, and CTL_START with 0 */
};

#define CTL_NO_FD	0xff

/* One fd of the pending set, or nothing (CTL_NO_FD), becomes a place's fd. */
struct ctl_place {
	uint8_t kind;		/* FD_MEM, FD_KICK, FD_CALL, FD_BACKEND */
	uint8_t index;
	uint8_t fd;		/* position in the pending set or CTL_NO_FD */
	uint8_t pad;
};

struct ctl_msg {
	uint32_t type;		/* enum ctl_type */
	uint32_t kind;		/* enum fd_kind */
	uint32_t index;
	int32_t error;		/* CTL_ACK: 0 or -errno */
	uint64_t id;
	union {
		/* The largest comes first: initialisers leave none of it out. */
		struct {
			uint32_t nplaces;
			struct ctl_place place[PENDING_MAX];
		};
		struct worker_config config;
	};
};

/*
 * Sends @msg with @nfds fds, at most PENDING_MAX; they stay the caller's.
 * Never blocks. Returns 0 or -errno: -EAGAIN when the socket is full,
 * -ETOOMANYREFS when this user has too many fds in flight; both pass.
 */
int ctl_send(int socket, const struct ctl_msg *msg, const int *fds,
	     unsigned int nfds);

/*
 * Receives one message and its fds, which become the caller's; @fds has room
 * for PENDING_MAX. Never blocks. Returns 0, -EAGAIN, -EPIPE at the end,
 * -EPROTO for anything that is not a whole struct ctl_msg (its fds are
 * closed), or -errno.
 */
int ctl_recv(int socket, struct ctl_msg *msg, int *fds, unsigned int *nfds);

/*
 * The same from a sender that is not trusted, and for a receiver that must not
 * close what came: @fds has room for CTL_FDS_MAX, and its fds become the
 * caller's whatever this returns.
 */
int ctl_recv_all(int socket, struct ctl_msg *msg, int *fds,
		 unsigned int *nfds);

/*
 * The same for a stream of bytes on which no fds are to come. Returns bytes, 0
 * at the end, or -errno.
 */
ssize_t ctl_recv_stray(int socket, void *bytes, size_t len, int *fds,
		       unsigned int *nfds);

#endif
