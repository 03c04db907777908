/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The world of vhost-user messages: front-end, worker and fd store. */
#ifndef TESTS_MODEL_MESSAGES_H
#define TESTS_MODEL_MESSAGES_H

#include "tests/model/model.h"

#define SCRIPT_MAX	4
#define MESSAGE_LEN	2		/* a header and a payload of one byte */
#define HEADER_LEN	1
#define REPLY_LEN	2
#define REPLY_ROOM	1		/* bytes the front-end's socket takes */
#define QUEUE_LEN	3		/* to the supervisor */

enum message_kind {
	MESSAGE_NONE,
	MESSAGE_PLAIN,			/* its row takes no fd, nor is there one */
	MESSAGE_KICK,			/* brings an fd */
	MESSAGE_NOFD,			/* could, but says it does not */
	MESSAGE_GET,			/* is answered */
	MESSAGE_BASE,			/* is answered, and drops the fd */
};

struct messages_config {
	uint8_t kills;
	uint8_t script[SCRIPT_MAX];	/* enum message_kind */
};

enum messages_break {
	MESSAGES_REPLY_OUTSIDE_SESSION = 1,
	MESSAGES_PUT_NOT_ACKED,
	MESSAGES_CONSUMED_BEFORE_PUT,
	MESSAGES_COMMIT_NOT_REPEATED,
	MESSAGES_CTRUNC_IGNORED,
	MESSAGES_CTRUNC_OF_FIRST_PART_LOST,
	MESSAGES_NUMBER_IGNORED,
	MESSAGES_RECEIVE_COUNTED_BY_US,
	MESSAGES_REPLY_COUNTED_BY_US,
	MESSAGES_REPLY_NUMBER_IGNORED,
	MESSAGES_COMMITTED_BEFORE_SWITCH,
	MESSAGES_READ_BEFORE_ANSWER,
};

enum { CTL_NONE, CTL_PUT, CTL_COMMIT, CTL_DISCARD };

/* fds are named by the number of their message + 1; 0: none */
struct messages {
	/* the console's state */
	struct session {		/* struct state_session */
		uint8_t seq;
		uint8_t nplaces;
		uint8_t place_fd;	/* index in the pending set, or POISON */
		uint8_t has_kick;
		uint8_t reply_len;
		uint8_t reply[REPLY_LEN];
	} session[2];
	uint8_t session_current;
	struct in_record {		/* struct state_vu_in_record */
		uint8_t seq;
		uint8_t at;
		uint8_t len;
		uint8_t fds;
		uint8_t msg_len;
		uint8_t ctrunc;
	} in[2];
	uint8_t in_current;
	uint8_t buf[MESSAGE_LEN];
	struct out_record {		/* struct state_vu_out_record */
		uint8_t seq;
		uint8_t at;
		uint8_t len;
		uint8_t msg_len;
	} out[2];
	uint8_t out_current;

	/* the supervisor's fd store, and what is on its way there */
	struct {
		uint8_t pending;
		uint8_t pending_seq;
		uint8_t kick;
		uint8_t next_seq;
	} store;
	struct ctl_message {
		uint8_t type;
		uint8_t seq;
		uint8_t fd;
	} queue[QUEUE_LEN];
	uint8_t ack;			/* one is there to be read */

	/* the front-end and its socket; positions in the stream of bytes */
	uint8_t sent;
	uint8_t consumed;
	uint8_t replying;		/* bytes of replies it has yet to read */
	uint8_t answers;		/* bytes of replies that came */

	uint8_t applied;		/* messages */
	uint8_t kills;
	uint8_t broken;

	/* the worker */
	struct {
		uint16_t pc;
		uint8_t pending;
		uint8_t pending_seq;
		uint8_t kick;
		uint8_t n;
		uint8_t from_resume;
	} w;
};

#define BROKEN(what)	(s->broken == MESSAGES_##what)

/* One action of the worker: messages-worker.c */
bool messages_worker(struct messages *s, const struct messages_config *config);

/* What a message of this kind, number @seq, has in its bytes. */
uint8_t message_byte(unsigned int seq, unsigned int at);

/* Message number @seq is applied, with this fd. */
void messages_applied(struct messages *s, uint8_t fd);

/* A byte of a reply goes out. */
void messages_answered(struct messages *s, uint8_t byte);

#endif
