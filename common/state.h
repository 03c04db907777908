/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The state of one console that outlives its worker: a sealed memfd made by
 * the supervisor, struct console_state and then the output ring. A worker
 * keeps here, and only here, what the next one needs. No fd numbers; pointers
 * stand only in message headers that are built anew before each call, and no
 * one follows them.
 *
 * Two techniques carry everything:
 *
 * 1. Build the next, switch with one store. A thing that changes stands twice
 *    with an index `current`; the other copy is completed first, then one
 *    aligned store makes it true (STATE_SWITCH).
 * 2. Let the kernel write the last fact. sendmmsg() and recvmmsg() store the
 *    byte count in msg_len, here, before the thread can take a fatal signal:
 *    a stream's position is the record's start plus its msg_len.
 *
 * To a new worker all of this is hostile input; the supervisor reads the
 * header it wrote and two counters, nothing else.
 *
 * A worker may be started to skip the chains that the ones before died on
 * (config.skip, a number of its own for each such start). `skip` is the last
 * of these numbers that a record has seen: it switches together with the
 * position, so that no ring skips twice, whoever dies in between.
 */
#ifndef COMMON_STATE_H
#define COMMON_STATE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/ctl.h"
#include "common/state_point.h"

#define STATE_MAGIC		0x656c6f736e6f6356ULL	/* "Vconsole" */
#define STATE_VERSION		3

#define VU_HEADER_LEN		12
#define VU_PAYLOAD_MAX		4096
#define VU_REPLY_MAX		512

#define RX_CHAINS_MAX		16	/* buffers one record fills */
#define RX_IOVS_MAX		64
#define MARK_MAX		96	/* bytes of a mark in a client's stream */
#define SAY_MAX			96	/* bytes of a notice */
#define TYPED_MAX		512	/* bytes typed ahead at a terminal */

#define STATE_OTHER(thing)	(&(thing)->copy[!STATE_INDEX(thing)])
#define STATE_CURRENT(thing)	(&(thing)->copy[STATE_INDEX(thing)])
#define STATE_INDEX(thing)	\
	(atomic_load_explicit(&(thing)->current, memory_order_relaxed) & 1)
#define STATE_SWITCH(thing)						\
	do {								\
		STATE_POINT();						\
		atomic_signal_fence(memory_order_seq_cst);		\
		atomic_store_explicit(&(thing)->current,		\
				      !STATE_INDEX(thing),		\
				      memory_order_release);		\
		atomic_signal_fence(memory_order_seq_cst);		\
		STATE_POINT();						\
	} while (0)

/* The rings by index. */
enum console_queue {
	CONSOLE_RX,
	CONSOLE_TX,
	CONSOLE_CTRL_RX,		/* to the guest */
	CONSOLE_CTRL_TX,		/* from the guest */
};

struct state_region {
	uint64_t gpa;
	uint64_t size;			/* bytes; 0: the slot is empty */
	uint64_t uva;
	uint64_t offset;		/* in the file */
};

enum state_notifier {
	NOTIFIER_NONE,			/* never set, or dropped at stop */
	NOTIFIER_FD,			/* in the fd store */
	NOTIFIER_NOFD,			/* bit 8: poll, or no interrupts wanted */
};

struct state_ring {
	uint64_t gen;			/* new at each start; 0: never started */
	uint64_t desc;			/* front-end's user addresses */
	uint64_t avail;
	uint64_t used;
	uint32_t num;			/* entries; 0: not set, or refused */
	uint32_t taken;			/* of the chain open at base when stopped */
	uint16_t base;			/* next avail index at the start */
	uint8_t addressed;		/* SET_VRING_ADDR was seen */
	uint8_t started;
	uint8_t enabled;
	uint8_t kick;			/* enum state_notifier */
	uint8_t call;			/* enum state_notifier */
	uint8_t pad;
};

/*
 * All that vhost-user messages change, and the answer to the last of them:
 * what was done and what is answered are one decision.
 */
struct state_session {
	uint64_t conn;			/* 0: no front-end */
	uint64_t ended;			/* the last connection that ended */
	uint64_t seq;			/* messages applied on it */
	uint64_t next_gen;		/* next unused ring generation */
	uint64_t features;
	uint64_t protocol_features;
	uint64_t status;
	uint32_t features_set;		/* SET_FEATURES was seen */
	uint32_t protocol_features_set;
	struct state_region region[MEM_SLOTS_MAX];
	struct state_ring ring[CONSOLE_RINGS];

	uint32_t nplaces;		/* fd store changes of message seq - 1 */
	struct ctl_place place[PENDING_MAX];
	uint32_t reply_len;		/* answer to message seq - 1; 0: none */
	uint8_t reply[VU_REPLY_MAX];

	uint32_t say_len;		/* text for the output ring ... */
	uint64_t says;			/* ... there once tx.said is this */
	char say[SAY_MAX];
};

/* Position in message number seq: at + msg.msg_len bytes of it are in buf. */
struct state_vu_in_record {
	uint64_t conn;
	uint64_t seq;
	uint32_t at;
	uint32_t len;			/* bytes asked for */
	uint32_t fds;			/* an earlier part said MSG_CTRUNC */
	uint32_t pad;
	struct mmsghdr msg;
	struct iovec iov;
};

/* Position in the reply that belongs to (conn, seq): at + msg.msg_len. */
struct state_vu_out_record {
	uint64_t conn;
	uint64_t seq;
	uint32_t at;
	uint32_t len;
	struct mmsghdr msg;
	struct iovec iov;
};

enum state_completed {
	COMPLETED_NONE,			/* in this generation */
	COMPLETED_GOOD,
	COMPLETED_BREAKS,		/* and the ring is broken with it */
};

/* A ring this device drains chain by chain; true while gen is the ring's. */
struct state_ring_pos {
	uint64_t gen;
	uint16_t avail;			/* next avail index */
	uint16_t used;			/* used index once all is published */
	uint16_t head;			/* the last completed chain ... */
	uint16_t completed;		/* ... enum state_completed */
	uint32_t len;			/* ... and its used length */
	uint32_t off;			/* bytes taken of the open chain */
};

/* Guest output: where its ring stands and what has come of it. */
struct state_tx {
	struct state_ring_pos ring;
	uint64_t head;			/* output ring: bytes ever appended */
	uint64_t said;			/* session.says that are in it */
	uint32_t skip;
	uint32_t pad;
};

enum state_rx_kind {
	RX_RECEIVE,			/* msg_len bytes fill the chains in order */
	RX_RETURN,			/* the chains go back with length 0 */
	RX_RETURN_BREAKS,		/* and the ring is broken with them */
};

/* Input straight into guest buffers. */
struct state_rx {
	uint64_t gen;
	uint64_t typed;			/* terminal: bytes the guest has taken */
	uint16_t avail;			/* of the first chain */
	uint16_t used;
	uint16_t n;			/* chains */
	uint16_t kind;			/* enum state_rx_kind */
	uint32_t skip;
	uint32_t pad;
	uint16_t head[RX_CHAINS_MAX];
	uint32_t capacity[RX_CHAINS_MAX];
	struct mmsghdr msg;
	struct iovec iov[RX_IOVS_MAX];
};

/* The control queues and the messages owed to the guest, as one thing. */
struct state_ctrl {
	struct state_ring_pos from_guest;
	struct state_ring_pos to_guest;
	uint32_t owed;			/* bits 1 << enum ctrl_owed */
	uint32_t skip;
};

/*
 * Output to one client: it leads with mark_len bytes of mark[]; after them the
 * client has everything of the output ring below start + msg_len - mark_len,
 * or was told that it was skipped.
 */
struct state_send {
	uint64_t start;
	uint64_t skipped;		/* bytes it never got */
	uint32_t mark_len;
	uint32_t len;			/* all bytes asked for, the mark's too */
	struct mmsghdr msg;
	struct iovec iov[3];
	char mark[MARK_MAX];
};

struct state_client {
	_Atomic uint64_t id;		/* free unless it is above left */
	_Atomic uint64_t left;		/* the last that went from this slot */
	uint64_t budget_us;		/* it may still hold the guest for */
	uint32_t lagging;		/* skipped ahead, holds no one */
	uint32_t half_closed;		/* types no more, and may be gone */
	struct {
		_Atomic uint32_t current;
		struct state_send copy[2];
	} send;
};

struct console_state {
	/* written once by the supervisor */
	uint64_t magic;
	uint32_t version;
	uint32_t size;			/* sizeof(struct console_state) */
	uint64_t ring_size;		/* bytes of output ring that follow */

	_Atomic uint64_t progress;	/* chains, messages, sends: got done */
	_Atomic uint64_t pulse;		/* odd while there is work under way */

	struct {
		_Atomic uint32_t current;
		struct state_session copy[2];
	} session;
	struct {
		_Atomic uint32_t current;
		struct state_vu_in_record copy[2];
		uint8_t buf[VU_HEADER_LEN + VU_PAYLOAD_MAX];
	} vu_in;
	struct {
		_Atomic uint32_t current;
		struct state_vu_out_record copy[2];
	} vu_out;

	struct {
		_Atomic uint32_t current;
		struct state_tx copy[2];
	} tx;
	struct {
		_Atomic uint32_t current;
		struct state_rx copy[2];
	} rx;
	struct {
		_Atomic uint32_t current;
		struct state_ctrl copy[2];
	} ctrl;
	_Atomic uint64_t broken[CONSOLE_RINGS];	/* the broken generation */

	/* terminal: bytes ever typed, the last TYPED_MAX of them */
	_Atomic uint64_t typed;
	uint8_t typed_buf[TYPED_MAX];

	_Atomic uint64_t tail;		/* output ring: oldest byte kept */
	_Atomic uint64_t backlog;	/* what nobody has seen starts here */
	struct state_client client[CLIENTS_MAX];

	_Atomic uint64_t refused_call;	/* its number + 1: WORKER_EXIT_PROOF */
};

/* The output ring's offset in the memfd. */
#define STATE_RING_OFFSET	\
	((sizeof(struct console_state) + 63) & ~(size_t)63)

#endif
