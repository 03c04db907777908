/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vu_out.h"

#include <errno.h>
#include <sys/socket.h>

static uint32_t sent(const struct vu *vu)
{
	const struct state_vu_out_record *r =
		STATE_CURRENT(&vu->state->vu_out);
	const struct state_session *s = vu_session(vu);

	if (r->conn != s->conn || r->seq != s->seq)
		return 0;
	return r->at + r->msg.msg_len;
}

int vu_out_flush(struct vu *vu)
{
	struct console_state *state = vu->state;
	struct state_session *s = STATE_CURRENT(&state->session);
	uint32_t at;

	while ((at = sent(vu)) < s->reply_len) {
		struct state_vu_out_record *next = STATE_OTHER(&state->vu_out);

		*next = (struct state_vu_out_record){
			.conn = s->conn,
			.seq = s->seq,
			.at = at,
			.len = s->reply_len - at,
			.iov = { s->reply + at, s->reply_len - at },
		};
		next->msg.msg_hdr.msg_iov = &next->iov;
		next->msg.msg_hdr.msg_iovlen = 1;
		STATE_SWITCH(&state->vu_out);
		if (sendmmsg(vu->fd, &next->msg, 1,
			     MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return -errno;
	}
	return 0;
}
