/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vu_in.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/control.h"
#include "worker/vu_proto.h"
#include "worker/vu_table.h"

/* The kernel puts at most this many fds into one message (SCM_MAX_FD). */
#define SCM_FDS_MAX	253

struct progress {
	uint32_t have;		/* bytes of the message in the buffer */
	bool fds;		/* it carried fds */
};

static struct progress progress(const struct vu *vu)
{
	const struct state_vu_in_record *r = STATE_CURRENT(&vu->state->vu_in);
	const struct state_session *s = vu_session(vu);

	if (r->conn != s->conn || r->seq != s->seq)
		return (struct progress){ 0 };
	return (struct progress){
		.have = r->at + r->msg.msg_len,
		.fds = r->fds || (r->msg.msg_hdr.msg_flags & MSG_CTRUNC),
	};
}

static struct vhost_user_header buffered_header(const struct vu *vu)
{
	struct vhost_user_header header;

	memcpy(&header, vu->state->vu_in.buf, sizeof(header));
	return header;
}

void vu_in_close_pending(struct vu *vu)
{
	fd_close_all(vu->pending, vu->npending);
	vu->npending = 0;
}

static void discard_pending(struct vu *vu)
{
	if (!vu->npending)
		return;
	control_discard();
	vu_in_close_pending(vu);
}

void vu_in_resume(struct vu *vu, uint64_t seq)
{
	struct progress p = progress(vu);

	if (seq != vu_session(vu)->seq || !p.have || !p.fds)
		discard_pending(vu);
}

static int peek_header(const struct vu *vu, struct msghdr *mh)
{
	ssize_t n = recvmsg(vu->fd, mh,
			    MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	return n == 0 ? -EPIPE : (int)n;
}

/* All fds of the control data become ours; more than PENDING_MAX are closed. */
static int collect_fds(struct vu *vu, struct msghdr *mh)
{
	struct cmsghdr *cmsg;
	bool lost = mh->msg_flags & MSG_CTRUNC;

	for (cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int),
			       sizeof(fd));
			if (vu->npending < PENDING_MAX) {
				vu->pending[vu->npending++] = fd;
			} else {
				fd_close(&fd);
				lost = true;
			}
		}
	}
	return lost ? -EPROTO : 0;
}

/*
 * Peeks at the header with room for fds and puts what comes into the store.
 * They may be a later message's: a peek with control data looks past the bytes
 * it was asked for. Consuming tells. Fds that the store refuses are missing
 * from their message, which then fails. Returns the bytes peeked or -errno.
 */
static int stage_fds(struct vu *vu)
{
	unsigned char bytes[VU_HEADER_LEN];
	union {
		char buf[CMSG_SPACE(SCM_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	int n = peek_header(vu, &mh);
	int err;

	if (n < 0)
		return n;
	discard_pending(vu);
	err = collect_fds(vu, &mh);
	if (err) {
		log_limited(LOG_WARN, "too many fds with one message");
		return err;
	}
	if (!vu->npending)
		return n;
	err = control_put(vu_session(vu)->seq, vu->pending, vu->npending);
	if (err) {
		log_limited(LOG_WARN, "front-end's fds cannot be kept: %s",
			    strerror(-err));
		vu_in_close_pending(vu);
	}
	return n;
}

static bool may_carry_fds(const unsigned char *header, int n)
{
	uint32_t request;
	const struct vu_row *row;

	if (n < (int)sizeof(request))
		return true;
	memcpy(&request, header, sizeof(request));
	row = vu_row(request);
	return row && row->fds;
}

/* How many bytes of the header to consume, its fds being safe; or -errno. */
static int look_at_header(struct vu *vu)
{
	unsigned char bytes[VU_HEADER_LEN];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	int n = peek_header(vu, &mh);

	if (n > 0 && may_carry_fds(bytes, n))
		return stage_fds(vu);
	return n;
}

/* Consumes up to @len bytes of the message. Returns 0 or -errno. */
static int consume(struct vu *vu, const struct progress *p, uint32_t len)
{
	struct console_state *state = vu->state;
	struct state_vu_in_record *next = STATE_OTHER(&state->vu_in);

	*next = (struct state_vu_in_record){
		.conn = vu_session(vu)->conn,
		.seq = vu_session(vu)->seq,
		.at = p->have,
		.len = len,
		.fds = p->fds,
		.iov = { state->vu_in.buf + p->have, len },
	};
	next->msg.msg_hdr.msg_iov = &next->iov;
	next->msg.msg_hdr.msg_iovlen = 1;
	STATE_SWITCH(&state->vu_in);
	if (recvmmsg(vu->fd, &next->msg, 1, MSG_DONTWAIT, NULL) < 0)
		return -errno;
	return next->msg.msg_len ? 0 : -EPIPE;
}

static int read_header(struct vu *vu, const struct progress *p)
{
	uint32_t len = VU_HEADER_LEN - p->have;

	if (!p->have) {
		int n = look_at_header(vu);

		if (n < 0)
			return n;
		len = (uint32_t)n;
	}
	return consume(vu, p, len);
}

static int check_header(const struct vhost_user_header *header)
{
	if ((header->flags & VHOST_USER_VERSION_MASK) == VHOST_USER_VERSION &&
	    header->size <= VU_PAYLOAD_MAX)
		return 0;
	log_limited(LOG_WARN,
		    "%s (%u): framing lost: flags 0x%x, %u bytes of payload",
		    vu_request_name(header->request), header->request,
		    header->flags, header->size);
	return -EPROTO;
}

static void complete(struct vu *vu, const struct progress *p,
		     const struct vhost_user_header *header,
		     struct vu_msg *msg)
{
	if (!p->fds)
		discard_pending(vu);
	*msg = (struct vu_msg){
		.request = header->request,
		.flags = header->flags,
		.size = header->size,
		.payload = vu->state->vu_in.buf + VU_HEADER_LEN,
		.fds = vu->pending,
		.nfds = vu->npending,
		.carried_fds = p->fds,
	};
}

int vu_in_read(struct vu *vu, struct vu_msg *msg)
{
	for (;;) {
		struct progress p = progress(vu);
		struct vhost_user_header header = buffered_header(vu);
		int err;

		if (p.have < VU_HEADER_LEN) {
			err = read_header(vu, &p);
		} else {
			err = check_header(&header);
			if (!err && p.have == VU_HEADER_LEN + header.size) {
				complete(vu, &p, &header, msg);
				return 1;
			}
			if (!err)
				err = consume(vu, &p, VU_HEADER_LEN +
						      header.size - p.have);
		}
		if (err == -EAGAIN || err == -EINTR)
			return 0;
		if (err)
			return err;
	}
}
