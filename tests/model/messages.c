/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * vhost-user messages, as worker/vu_in.c, vu_table.c, vu_sync.c, vu_out.c and
 * handover.c treat them, with the supervisor's fd store behind.
 *
 * What has to come out: each message is applied once, in order, with its own
 * fd and no other; the answers are those, byte by byte; in the end the fds are
 * where the session says, in the store and in the worker. What a worker said
 * to the supervisor and had no ack for may be lost with it.
 */
#include "tests/model/messages.h"

#include <string.h>

static const struct messages_config *config;

static unsigned int script_len(void)
{
	unsigned int n = 0;

	while (n < SCRIPT_MAX && config->script[n])
		n++;
	return n;
}

uint8_t message_byte(unsigned int seq, unsigned int at)
{
	return (uint8_t)(1 + MESSAGE_LEN * seq + at);
}

static bool is_answered(uint8_t kind)
{
	return kind == MESSAGE_GET || kind == MESSAGE_BASE;
}

/* Byte number @n of all answers. */
static uint8_t answer_byte(unsigned int n)
{
	for (unsigned int seq = 0; seq < script_len(); seq++) {
		if (!is_answered(config->script[seq]))
			continue;
		if (n < REPLY_LEN)
			return (uint8_t)(0x10 * (n + 1) + seq);
		n -= REPLY_LEN;
	}
	return 0;
}

/* The fd that is the ring's after message number @seq. */
static uint8_t kick_after(unsigned int seq)
{
	uint8_t fd = 0;

	for (unsigned int i = 0; i < seq; i++) {
		if (config->script[i] == MESSAGE_KICK)
			fd = (uint8_t)(i + 1);
		else if (config->script[i] == MESSAGE_NOFD ||
			 config->script[i] == MESSAGE_BASE)
			fd = 0;
	}
	return fd;
}

static void messages_init(void *world, const void *scope, unsigned int broken)
{
	struct messages *s = world;

	config = scope;
	memset(&s->session[1], POISON, sizeof(s->session[1]));
	memset(&s->in[1], POISON, sizeof(s->in[1]));
	memset(&s->out[1], POISON, sizeof(s->out[1]));
	memset(s->buf, POISON, sizeof(s->buf));
	s->kills = config->kills;
	s->broken = (uint8_t)broken;
}

void messages_applied(struct messages *s, uint8_t fd)
{
	uint8_t seq = s->applied++, want = 0;

	for (unsigned int at = 0; at < MESSAGE_LEN; at++)
		if (seq >= script_len() ||
		    s->buf[at] != message_byte(seq, at))
			model_wrong("message %u has byte 0x%02x", seq,
				    s->buf[at]);
	if (seq < script_len() && config->script[seq] == MESSAGE_KICK)
		want = (uint8_t)(seq + 1);
	if (fd != want)
		model_wrong("message %u comes with fd %u, not %u", seq, fd,
			    want);
}

void messages_answered(struct messages *s, uint8_t byte)
{
	if (byte != answer_byte(s->answers))
		model_wrong("byte %u of the answers is 0x%02x, not 0x%02x",
			    s->answers, byte, answer_byte(s->answers));
	s->answers++;
}

/* The worker, and what it said on its control socket. */
static bool messages_kill(struct messages *s)
{
	if (!s->kills || !s->w.pc)
		return false;
	s->kills--;
	memset(&s->w, 0, sizeof(s->w));
	memset(s->queue, 0, sizeof(s->queue));
	s->ack = 0;
	return true;
}

/* fdstore_commit() */
static void store_commit(struct messages *s, const struct ctl_message *msg)
{
	if (msg->seq < s->store.next_seq)
		return;
	if (msg->fd != POISON &&
	    (!s->store.pending || s->store.pending_seq != msg->seq)) {
		model_wrong("commit %u: there is no such fd", msg->seq);
		return;
	}
	s->store.kick = msg->fd == POISON ? 0 : s->store.pending;
	s->store.pending = s->store.pending_seq = 0;
	s->store.next_seq = msg->seq + 1;
}

/* fdstore_put(), fdstore_discard() */
static bool supervisor(struct messages *s)
{
	struct ctl_message msg = s->queue[0];

	if (!msg.type)
		return false;
	memmove(s->queue, s->queue + 1, sizeof(s->queue) - sizeof(msg));
	memset(&s->queue[QUEUE_LEN - 1], 0, sizeof(msg));
	switch (msg.type) {
	case CTL_PUT:
		if (msg.seq < s->store.next_seq)
			model_wrong("put %u is late", msg.seq);
		s->store.pending = msg.fd;
		s->store.pending_seq = msg.seq;
		break;
	case CTL_COMMIT:
		store_commit(s, &msg);
		break;
	default:
		s->store.pending = s->store.pending_seq = 0;
		return true;
	}
	s->ack = 1;
	return true;
}

static bool front_sends(struct messages *s)
{
	if (s->sent == MESSAGE_LEN * script_len())
		return false;
	s->sent++;
	return true;
}

static bool front_reads(struct messages *s)
{
	if (!s->replying)
		return false;
	s->replying--;
	return true;
}

enum { WORKER, KILL, SUPERVISOR, SENDS, READS, ACTIONS };

static const struct model_action actions[ACTIONS] = {
	[WORKER] = { "worker", false },
	[KILL] = { "KILL", true },
	[SUPERVISOR] = { "supervisor", false },
	[SENDS] = { "sends", false },
	[READS] = { "reads", false },
};

static bool messages_act(void *world, unsigned int action)
{
	struct messages *s = world;

	switch (action) {
	case WORKER:
		return messages_worker(s, config);
	case KILL:
		return messages_kill(s);
	case SUPERVISOR:
		return supervisor(s);
	case SENDS:
		return front_sends(s);
	default:
		return front_reads(s);
	}
}

static void messages_end(const void *world)
{
	const struct messages *s = world;
	uint8_t kick = kick_after(script_len());

	if (s->applied != script_len())
		model_wrong("%u messages are applied, for ever", s->applied);
	if (answer_byte(s->answers))
		model_wrong("%u bytes are answered, for ever", s->answers);
	if (s->store.kick != kick || s->w.kick != kick)
		model_wrong("fd %u is in the store, %u in the worker, not %u",
			    s->store.kick, s->w.kick, kick);
	if (s->store.pending)
		model_wrong("fd %u is pending for ever", s->store.pending);
}

static void messages_show(const void *world, FILE *to)
{
	const struct messages *s = world;
	const struct session *now = &s->session[s->session_current];
	const struct in_record *in = &s->in[s->in_current];

	fprintf(to, "at %u; session %u, reply of %u; read %u at %u+%u%s; "
		"front-end sent %u, gone %u, got %u; store: kick %u, "
		"pending %u of %u; worker: kick %u, pending %u", s->w.pc,
		now->seq, now->reply_len, in->seq, in->at, in->msg_len,
		in->fds || in->ctrunc ? " with fds" : "", s->sent, s->consumed,
		s->answers, s->store.kick, s->store.pending,
		s->store.pending_seq, s->w.kick, s->w.pending);
}

#define SCRIPT(kills_, ...)	\
	&(struct messages_config){ .kills = (kills_), .script = { __VA_ARGS__ } }

static const struct model_scope scopes[] = {
	{ "set-up", SCRIPT(3, MESSAGE_PLAIN, MESSAGE_KICK, MESSAGE_GET),
	  false },
	{ "fd of the next", SCRIPT(3, MESSAGE_NOFD, MESSAGE_KICK, MESSAGE_GET),
	  false },
	{ "replaced and dropped", SCRIPT(3, MESSAGE_KICK, MESSAGE_KICK,
					 MESSAGE_BASE), false },
	{ "answers", SCRIPT(3, MESSAGE_GET, MESSAGE_GET, MESSAGE_PLAIN),
	  false },
	{ "set-up and stop, many", SCRIPT(6, MESSAGE_PLAIN, MESSAGE_KICK,
					  MESSAGE_GET, MESSAGE_BASE), true },
	{ "dropped, set anew, many", SCRIPT(6, MESSAGE_NOFD, MESSAGE_KICK,
					    MESSAGE_BASE, MESSAGE_KICK), true },
	{ "answers, many", SCRIPT(6, MESSAGE_GET, MESSAGE_BASE, MESSAGE_GET,
				  MESSAGE_KICK), true },
};

static const struct model_break breaks[] = {
	{ "reply-outside-session", 0, "answer and effect are one switch" },
	{ "put-not-acked", 0, "an fd is in the store before it is consumed" },
	{ "consumed-before-put", 0, "an fd is stored before it is consumed" },
	{ "commit-not-repeated", 0, "the commit is repeated by a resume" },
	{ "ctrunc-ignored", 1, "MSG_CTRUNC says whose the peeked fds were" },
	{ "ctrunc-of-first-part-lost", 0, "... in any part of the message" },
	{ "number-ignored", 0, "what was read is of one message" },
	{ "receive-counted-by-us", 0, "the kernel stores what it received" },
	{ "reply-counted-by-us", 0, "the kernel stores what it sent" },
	{ "reply-number-ignored", 3, "what was sent is of one answer" },
	{ "committed-before-switch", 0, "fds move once the session has" },
	{ "read-before-answer", 3, "nothing is read before the answer is out" },
};

const struct model model_messages = {
	.name = "messages",
	.size = sizeof(struct messages),
	.scope = scopes,
	.nscopes = COUNT(scopes),
	.breaks = breaks,
	.nbreaks = COUNT(breaks),
	.action = actions,
	.nactions = ACTIONS,
	.init = messages_init,
	.act = messages_act,
	.end = messages_end,
	.show = messages_show,
};
