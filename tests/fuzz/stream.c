/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/fd.h"
#include "tests/fuzz/input.h"
#include "tests/lib/vhost.h"

#define HEADER		12
#define PAYLOAD_MAX	4096

void stream_reset(struct stream *s)
{
	for (unsigned int i = 0; i < s->n; i++)
		fd_close_all(s->message[i].fds, s->message[i].nfds);
	s->len = s->sent = s->have = s->received = 0;
	s->n = s->answered = 0;
	s->exact = true;
	s->wild = s->ends = s->ended = false;
	s->protocol_features = 0;
}

void stream_forget(struct stream *s)
{
	fuzz_check(s->sent == s->len && !s->have, "not all is said");
	s->len = s->sent = 0;
	s->n = s->answered = 0;
}

void stream_last_is_good(struct stream *s)
{
	if (s->n)
		s->message[s->n - 1].good = true;
}

bool stream_add(struct stream *s, uint32_t request, uint32_t flags,
		const void *payload, uint32_t size, const int *fds,
		unsigned int nfds)
{
	uint32_t header[3] = { request, flags, size };
	struct stream_message *m = &s->message[s->n];
	uint32_t there = size < PAYLOAD_MAX ? size : PAYLOAD_MAX;

	if (s->n == STREAM_MESSAGES || s->len + HEADER + there > STREAM_MAX ||
	    nfds > STREAM_FDS)
		return false;
	*m = (struct stream_message){
		.start = s->len, .fds_at = s->len, .nfds = nfds,
	};
	for (unsigned int i = 0; i < nfds; i++)
		m->fds[i] = fds[i];
	memcpy(s->bytes + s->len, header, HEADER);
	if (there)
		memcpy(s->bytes + s->len + HEADER, payload, there);
	s->len += HEADER + there;
	m->end = s->len;
	stream_foretell(s, m, request, flags, payload, size);
	/* request 0 is unknown like others, but stands for no answer here */
	if (!request && !s->ends)
		s->exact = false;
	s->n++;
	return true;
}

/* The kernel may say of fds amid a message that they came before it. */
void stream_last_fds_at(struct stream *s, size_t off)
{
	struct stream_message *m = &s->message[s->n - 1];

	if (!m->nfds || m->start < s->sent)
		return;
	m->fds_at = m->start + off % (m->end - m->start);
	s->exact &= m->fds_at == m->start;
}

void stream_add_raw(struct stream *s, const void *bytes, size_t len)
{
	if (len > STREAM_MAX - s->len)
		return;
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
	s->exact = false;
}

static ssize_t send_piece(int fd, const void *bytes, size_t len,
			  const int *fds, unsigned int nfds)
{
	union {
		char buf[CMSG_SPACE(STREAM_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)bytes, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, nfds * sizeof(int));
	}
	return sendmsg(fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Where the next message with fds begins; it begins a piece of its own. */
static struct stream_message *next_with_fds(struct stream *s)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (s->message[i].nfds && s->message[i].fds_at >= s->sent)
			return &s->message[i];
	return NULL;
}

void stream_send(struct stream *s, int fd, size_t n)
{
	if (n > s->len - s->sent)
		n = s->len - s->sent;
	while (n > 0 && fd >= 0) {
		struct stream_message *m = next_with_fds(s);
		size_t piece = n;
		ssize_t sent;

		if (m && m->fds_at > s->sent && m->fds_at - s->sent < piece)
			piece = m->fds_at - s->sent;
		if (m && m->fds_at != s->sent)
			m = NULL;
		if (m && s->sent + piece > m->end)
			piece = m->end - s->sent;
		sent = send_piece(fd, s->bytes + s->sent, piece,
				  m ? m->fds : NULL, m ? m->nfds : 0);
		if (sent < 0) {
			/* the kernel has limits of its own for fds */
			s->exact &= errno == EAGAIN || errno == EPIPE ||
				    errno == ECONNRESET;
			return;
		}
		if (m) {
			fd_close_all(m->fds, m->nfds);
			m->nfds = 0;
		}
		s->sent += (size_t)sent;
		n -= (size_t)sent;
	}
}

static struct stream_message *next_answered(struct stream *s)
{
	while (s->answered < s->n) {
		struct stream_message *m = &s->message[s->answered];

		if (m->request && m->end <= s->sent)
			return m;
		if (m->end > s->sent)
			return NULL;
		s->answered++;
	}
	return NULL;
}

static void check_answer(struct stream *s, uint32_t size)
{
	struct stream_message *m;
	uint32_t header[3];
	uint64_t status = 0;

	memcpy(header, s->in, HEADER);
	fuzz_check(header[1] == FE_REPLY_FLAGS, "flags 0x%x in answer to %u",
		   header[1], header[0]);
	if (!s->exact)
		return;
	m = next_answered(s);
	fuzz_check(m, "answer to %u", header[0]);
	fuzz_check(header[0] == m->request, "answer to %u, not %u", header[0],
		   m->request);
	if (size >= sizeof(status))
		memcpy(&status, s->in + HEADER, sizeof(status));
	if (m->acked)
		fuzz_check(size == 8 && (!m->refused || status) &&
			   (!m->good || !status),
			   "ack of %u: %u bytes, status %u", m->request, size,
			   status != 0);
	else
		fuzz_check(!m->refused || size == 0, "answer to %u: %u bytes",
			   m->request, size);
	s->answered++;
}

/* Takes whole answers off the buffer. */
static void take_answers(struct stream *s)
{
	uint32_t size;

	if (s->wild)
		s->have = 0;
	while (s->have >= HEADER) {
		memcpy(&size, s->in + 8, sizeof(size));
		fuzz_check(size <= 512, "an answer of %u bytes", size);
		if (s->have < HEADER + size)
			return;
		check_answer(s, size);
		memcpy(s->last, s->in + HEADER, sizeof(s->last));
		s->have -= HEADER + size;
		memmove(s->in, s->in + HEADER + size, s->have);
	}
}

void stream_receive(struct stream *s, int fd)
{
	ssize_t n;

	while (fd >= 0 && !s->ended) {
		n = recv(fd, s->in + s->have, sizeof(s->in) - s->have,
			 MSG_DONTWAIT);
		if (n < 0 && errno != ECONNRESET)
			return;
		if (n <= 0) {
			fuzz_check(s->ends || !s->exact,
				   "the connection is closed");
			s->ended = true;
			return;
		}
		s->have += (size_t)n;
		s->received += (size_t)n;
		take_answers(s);
	}
}

void stream_check_end(const struct stream *s)
{
	if (!s->exact || s->sent < s->len)
		return;
	if (s->ends) {
		fuzz_check(s->ended, "the connection goes on");
		return;
	}
	for (unsigned int i = s->answered; i < s->n; i++)
		fuzz_check(!s->message[i].request, "no answer to %u",
			   s->message[i].request);
	fuzz_check(!s->have, "half an answer");
}
