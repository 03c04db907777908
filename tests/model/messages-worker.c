/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/model/messages.h"

#include <string.h>

#define SESSION	(s->session[s->session_current])
#define IN	(s->in[s->in_current])
#define OUT	(s->out[s->out_current])

#define SWITCH(what, next)						\
	do {								\
		memset(&s->what[s->what##_current], POISON,		\
		       sizeof(s->what[0]));				\
		s->what##_current = !s->what##_current;			\
		s->what[s->what##_current] = (next);			\
	} while (0)

struct progress {
	uint8_t have;
	uint8_t fds;
};

/* progress() of vu_in.c */
static struct progress progress(const struct messages *s)
{
	if (IN.seq != SESSION.seq && !BROKEN(NUMBER_IGNORED))
		return (struct progress){ 0 };
	return (struct progress){
		.have = IN.at + IN.msg_len,
		.fds = (!BROKEN(CTRUNC_OF_FIRST_PART_LOST) && IN.fds) ||
		       IN.ctrunc,
	};
}

/* sent() of vu_out.c */
static uint8_t reply_sent(const struct messages *s)
{
	if (OUT.seq != SESSION.seq && !BROKEN(REPLY_NUMBER_IGNORED))
		return 0;
	return OUT.at + OUT.msg_len;
}

static uint8_t kind_of(const struct messages_config *config, unsigned int seq)
{
	return seq < SCRIPT_MAX ? config->script[seq] : MESSAGE_NONE;
}

/* The fds column of vu_table.c */
static bool takes_fds(uint8_t kind)
{
	return kind == MESSAGE_KICK || kind == MESSAGE_NOFD;
}

/*
 * A peek with control data: it looks past the header it was asked for, to the
 * next fd there is.
 */
static uint8_t system_peek(const struct messages *s,
			   const struct messages_config *config)
{
	for (unsigned int seq = s->consumed / MESSAGE_LEN;
	     seq * MESSAGE_LEN < s->sent; seq++)
		if (kind_of(config, seq) == MESSAGE_KICK)
			return (uint8_t)(seq + 1);
	return 0;
}

/* recvmmsg() without control data, of what consume() has asked for. */
static uint8_t system_consume(struct messages *s,
			      const struct messages_config *config)
{
	unsigned int seq = s->consumed / MESSAGE_LEN;
	uint8_t n = 0;

	for (; n < IN.len && s->consumed < s->sent; n++, s->consumed++) {
		unsigned int at = s->consumed % MESSAGE_LEN;

		if (at == 0 && kind_of(config, seq) == MESSAGE_KICK)
			IN.ctrunc = 1;
		s->buf[(IN.at + n) % MESSAGE_LEN] = message_byte(seq, at);
	}
	return n;
}

static uint8_t system_send(struct messages *s)
{
	uint8_t n = 0;

	for (; n < OUT.len && s->replying < REPLY_ROOM; n++, s->replying++)
		messages_answered(s, SESSION.reply[(OUT.at + n) % REPLY_LEN]);
	return n;
}

/* control_put(), control_commit(), control_discard() up to the ack */
static void tell(struct messages *s, uint8_t type, uint8_t seq, uint8_t fd)
{
	for (unsigned int i = 0; i < QUEUE_LEN; i++) {
		if (s->queue[i].type)
			continue;
		s->queue[i] = (struct ctl_message){ type, seq, fd };
		return;
	}
	model_wrong("more to tell the supervisor than the model has room for");
}

/* The handlers, on the session that is to be the next. */
static struct session apply(const struct messages *s,
			    const struct messages_config *config)
{
	struct session next = SESSION;
	uint8_t kind = kind_of(config, next.seq);

	next.nplaces = 0;
	next.reply_len = 0;
	switch (kind) {
	case MESSAGE_KICK:
	case MESSAGE_NOFD:
		next.has_kick = kind == MESSAGE_KICK;
		next.nplaces = 1;
		next.place_fd = kind == MESSAGE_KICK ? 0 : POISON;
		break;
	case MESSAGE_BASE:
		next.has_kick = 0;
		next.nplaces = 1;
		next.place_fd = POISON;
		/* fall through */
	case MESSAGE_GET:
		next.reply_len = REPLY_LEN;
		next.reply[0] = 0x10 + next.seq;
		next.reply[1] = 0x20 + next.seq;
	}
	next.seq++;
	return next;
}

/* move_fd() of vu_sync.c */
static void move_fd(struct messages *s)
{
	s->w.kick = SESSION.place_fd == 0 ? s->w.pending : 0;
	if (SESSION.place_fd == 0)
		s->w.pending = 0;
}

#define WAIT_ACK()		\
	do {			\
		WAIT(s->ack);	\
		s->ack = 0;	\
	} while (0)

bool messages_worker(struct messages *s, const struct messages_config *config)
{
	typeof(s->w) *w = &s->w;
	struct session session;
	struct progress p;

	switch (w->pc) {
	case 0:
		/* take_pending(), take_notifiers() */
		w->pending = s->store.pending;
		w->pending_seq = s->store.pending_seq;
		w->kick = s->store.kick;
		w->from_resume = 1;

		/* vu_sync_resume(), commit_again() */
		if (SESSION.nplaces && !BROKEN(COMMIT_NOT_REPEATED)) {
			if (w->pending && w->pending_seq == SESSION.seq - 1)
				goto commit;
			if (SESSION.place_fd == POISON)
				w->kick = 0;
			tell(s, CTL_COMMIT, SESSION.seq - 1, SESSION.place_fd);
			STEP();
			WAIT_ACK();
		}
resumed:
		w->from_resume = 0;
		/* vu_in_resume() */
		p = progress(s);
		if (w->pending && (w->pending_seq != SESSION.seq || !p.have ||
				   !p.fds)) {
			w->pending = 0;
			tell(s, CTL_DISCARD, 0, 0);
			STEP();
		}
		w->pending_seq = 0;
reply:
		/* vu_out_flush() */
		while (reply_sent(s) < SESSION.reply_len) {
			w->n = reply_sent(s);
			SWITCH(out, ((struct out_record){
				.seq = SESSION.seq,
				.at = w->n,
				.len = SESSION.reply_len - w->n,
			}));
			w->n = 0;
			STEP();
			w->n = system_send(s);
			if (BROKEN(REPLY_COUNTED_BY_US))
				STEP();
			OUT.msg_len = w->n;
			w->n = 0;
			STEP();
			if (BROKEN(READ_BEFORE_ANSWER))
				break;
			WAIT(reply_sent(s) == SESSION.reply_len ||
			     s->replying < REPLY_ROOM);
		}

		/* vu_in_read() */
		while ((p = progress(s)).have < MESSAGE_LEN) {
			WAIT(s->consumed < s->sent);
			p = progress(s);
			if (p.have)
				goto consume;
			/* look_at_header() */
			if (!takes_fds(kind_of(config, s->consumed /
						       MESSAGE_LEN)))
				goto consume;
			if (BROKEN(CONSUMED_BEFORE_PUT)) {
				w->n = system_peek(s, config);
				goto consume;
			}
			/* stage_fds() */
			if (w->pending) {
				w->pending = 0;
				tell(s, CTL_DISCARD, 0, 0);
				STEP();
			}
			w->pending = system_peek(s, config);
			if (w->pending) {
				tell(s, CTL_PUT, SESSION.seq, w->pending);
				STEP();
				if (!BROKEN(PUT_NOT_ACKED))
					WAIT_ACK();
			}
consume:
			p = progress(s);
			SWITCH(in, ((struct in_record){
				.seq = SESSION.seq,
				.at = p.have,
				.len = (p.have ? MESSAGE_LEN : HEADER_LEN) -
				       p.have,
				.fds = p.fds,
			}));
			STEP();
			if (BROKEN(RECEIVE_COUNTED_BY_US)) {
				w->from_resume = system_consume(s, config);
				STEP();
				IN.msg_len = w->from_resume;
				w->from_resume = 0;
			} else {
				IN.msg_len = system_consume(s, config);
			}
			STEP();
			if (w->n) {
				w->pending = w->n;
				w->n = 0;
				tell(s, CTL_PUT, SESSION.seq, w->pending);
				STEP();
				WAIT_ACK();
			}
		}

		/* complete() */
		if (!p.fds && w->pending && !BROKEN(CTRUNC_IGNORED)) {
			w->pending = 0;
			tell(s, CTL_DISCARD, 0, 0);
			STEP();
		}
		if (BROKEN(COMMITTED_BEFORE_SWITCH)) {
			session = apply(s, config);
			if (session.nplaces) {
				tell(s, CTL_COMMIT, SESSION.seq,
				     session.place_fd);
				STEP();
				WAIT_ACK();
			}
		}
		/* vu_dispatch() */
		session = apply(s, config);
		if (BROKEN(REPLY_OUTSIDE_SESSION)) {
			w->n = session.reply_len;
			session.reply_len = 0;
		}
		messages_applied(s, w->pending);
		SWITCH(session, session);
		STEP();
		if (BROKEN(REPLY_OUTSIDE_SESSION)) {
			SESSION.reply_len = w->n;
			w->n = 0;
			STEP();
		}
commit:
		/* commit() of vu_sync.c */
		if (SESSION.nplaces) {
			move_fd(s);
			tell(s, CTL_COMMIT, SESSION.seq - 1, SESSION.place_fd);
			STEP();
			WAIT_ACK();
		} else if (w->pending) {
			tell(s, CTL_DISCARD, 0, 0);
			STEP();
		}
		w->pending = 0;
		if (w->from_resume)
			goto resumed;
		goto reply;
	}
	return false;
}
