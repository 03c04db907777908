/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The world of guest output: guest -> output ring -> clients. */
#ifndef TESTS_MODEL_OUTPUT_H
#define TESTS_MODEL_OUTPUT_H

#include "tests/model/queue.h"

#define CLIENTS		2
#define RING_MAX	4		/* bytes of output ring */
#define CHAINS_MAX	4
#define SOCKET_ROOM	2		/* bytes a client's socket takes */

/* Byte n of what a guest prints is n; after a reboot it begins here. */
#define REBOOTED	0x40

/* A mark that tells of n bytes skipped is these two bytes. */
#define MARK_LEN	2
#define MARK_BEGIN	0x80
#define MARK_END	0xc0

struct output_config {
	uint8_t kills;
	uint8_t clients;
	uint8_t ring;			/* bytes of output ring */
	uint8_t lag;			/* clients' budgets may end */
	uint8_t late;			/* a bit for each client that comes late */
	uint8_t stops;			/* times the front-end stops the ring */
	uint8_t reboot;			/* ... and then the guest reboots */
	uint8_t chain[2][CHAINS_MAX];	/* lengths, before and after that */
};

enum output_break {
	OUTPUT_COPY_BEFORE_TAIL = 1,
	OUTPUT_PUBLISH_BEFORE_SWITCH,
	OUTPUT_NOT_PUBLISHED_AGAIN,
	OUTPUT_NO_GENERATION,
	OUTPUT_OFFSET_DROPPED,
	OUTPUT_OFFSET_LOST_AT_STOP,
	OUTPUT_MARK_FORGOTTEN,
	OUTPUT_SEND_COUNTED_BY_US,
	OUTPUT_SEND_BEFORE_RECORD,
	OUTPUT_KICK_NOT_ASSUMED,
	OUTPUT_CALL_NOT_REPEATED,
	OUTPUT_HOLD_IGNORED,
};

enum front_message { FRONT_NONE, FRONT_STOP, FRONT_CONTINUE, FRONT_REBOOT };

struct output {
	/* the console's state */
	struct {
		struct pos ring;
		uint8_t head;
	} tx[2];
	uint8_t tx_current;
	uint8_t tail;
	uint8_t buf[RING_MAX];
	struct output_send {
		uint8_t start;
		uint8_t mark_len;
		uint8_t len;
		uint8_t msg_len;
		uint8_t mark;		/* bytes it tells of */
	} send[CLIENTS][2];
	uint8_t send_current[CLIENTS];
	uint8_t id[CLIENTS];		/* 0: no client yet */
	uint8_t lagging[CLIENTS];
	struct ring_session ring;	/* changes by one switch */
	uint8_t next_gen;
	uint8_t reply;			/* the base is owed to the front-end */

	/* the guest, its chains by their heads, and the front-end */
	struct queue q;
	uint8_t first[HEADS];		/* byte of the chain */
	uint8_t len[HEADS];
	uint8_t printed;		/* chains */
	uint8_t written;		/* last byte */
	uint8_t life;			/* 1 after the reboot */
	uint8_t running;
	uint8_t stops;
	uint8_t message;		/* enum front_message */
	uint8_t base;			/* answer to STOP */
	uint8_t kept;			/* chains returned before the reboot end here */

	struct {
		uint8_t there;		/* in the fd store */
		uint8_t waiting;	/* bytes in its socket */
		uint8_t last;		/* byte it got */
		uint8_t mark;		/* begun, of so many bytes */
	} client[CLIENTS];

	uint8_t kills;
	uint8_t broken;			/* enum output_break */

	/* the worker: a kill takes it */
	struct {
		uint16_t pc;
		uint8_t resumed;
		uint8_t runs;		/* vq->running */
		uint8_t held;
		uint8_t attached[CLIENTS];
		uint8_t writable[CLIENTS];
		uint8_t event[CLIENTS];	/* EV_WRITE */
		uint8_t used;		/* as the pass began */
		uint8_t i, len, c;
	} w;
};

#define BROKEN(what)	(s->broken == OUTPUT_##what)

/* One action of the worker: output-worker.c */
bool output_worker(struct output *s, const struct output_config *config);

/* @client's position in the output ring, behind @left bytes of a mark. */
struct output_cursor {
	uint8_t pos;
	uint8_t left;
};
struct output_cursor output_cursor(const struct output *s, unsigned int client);

/* @client is there for the console: from here on it gets what is printed. */
void output_attached(struct output *s, unsigned int client, bool first);

/* A byte enters the socket of @client. */
void output_sent(struct output *s, unsigned int client, uint8_t byte);

#endif
