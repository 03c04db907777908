/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/frontend.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

void fe_init(struct frontend *fe)
{
	*fe = (struct frontend){ .fd = -1, .backend = -1 };
}

void fe_open(struct frontend *fe, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	uint64_t deadline = wait_until(WAIT_MS);

	fe_init(fe);
	must(strlen(path) < sizeof(addr.sun_path), "long path %s", path);
	strcpy(addr.sun_path, path);
	fe->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fe->fd >= 0, "socket: errno %d", errno);
	while (connect(fe->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		must((errno == ECONNREFUSED || errno == EAGAIN ||
		      errno == ENOENT) && wait_left(deadline) > 0,
		     "connect to %s: errno %d", path, errno);
		wait_pause();
	}
}

/* Like fe_recv(), for a connection that may be refused. */
static bool try_features(struct frontend *fe)
{
	struct fe_msg m = fe_msg(FE_GET_FEATURES);

	if (send(fe->fd, &m, FE_HEADER, MSG_NOSIGNAL) != FE_HEADER)
		return false;
	return fe_recv(fe, &m);
}

void fe_open_again(struct frontend *fe, const char *path)
{
	uint64_t deadline = wait_until(WAIT_MS);

	for (;;) {
		fe_open(fe, path);
		if (try_features(fe))
			return;
		fe_close(fe);
		must(wait_left(deadline) > 0, "%s serves no one again", path);
		wait_pause();
	}
}

void fe_close(struct frontend *fe)
{
	fd_close(&fe->fd);
	fd_close(&fe->backend);
}

void fe_write(struct frontend *fe, const void *data, size_t len,
	      const int *fds, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FE_FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds > 0) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
	}
	n = sendmsg(fe->fd, &msg, MSG_NOSIGNAL);
	must(n == (ssize_t)len, "sendmsg of %zu bytes: %zd, errno %d", len, n,
	     errno);
}

/* struct fe_msg begins as the message does on the wire. */
void fe_send(struct frontend *fe, const struct fe_msg *m)
{
	fe_write(fe, m, FE_HEADER + m->size, m->fds, m->nfds);
}

void fe_send_cut(struct frontend *fe, const struct fe_msg *m, unsigned int n,
		 const size_t *cut, unsigned int ncuts)
{
	size_t start = 0, end = 0, room = n * sizeof(*m);
	const int *fds = NULL;
	unsigned int nfds = 0, c = 0;
	char *bytes = malloc(room);

	must(bytes != NULL, "out of memory");
	for (unsigned int i = 0; i < n; i++) {
		if (m[i].nfds > 0) {
			if (end > start)
				fe_write(fe, bytes + start, end - start, fds,
					 nfds);
			start = end;
			fds = m[i].fds;
			nfds = m[i].nfds;
		}
		memcpy(bytes + end, &m[i], FE_HEADER + m[i].size);
		end += FE_HEADER + m[i].size;
		for (; c < ncuts && cut[c] < end; c++) {
			if (cut[c] <= start)
				continue;
			fe_write(fe, bytes + start, cut[c] - start, fds, nfds);
			start = cut[c];
			nfds = 0;
		}
	}
	if (end > start)
		fe_write(fe, bytes + start, end - start, fds, nfds);
	free(bytes);
}

/* Fills @buf; false at the end of the connection. */
static bool read_all(struct frontend *fe, void *buf, size_t len)
{
	uint64_t deadline = wait_until(WAIT_MS);

	for (size_t got = 0; got < len;) {
		ssize_t n;

		must(wait_fd(fe->fd, POLLIN, deadline),
		     "no answer: %zu of %zu bytes came", got, len);
		n = recv(fe->fd, (char *)buf + got, len - got, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET)) {
			must(got == 0, "the connection ended in a message");
			return false;
		}
		must(n > 0, "recv: errno %d", errno);
		got += (size_t)n;
	}
	return true;
}

bool fe_recv(struct frontend *fe, struct fe_msg *m)
{
	*m = fe_msg(0);
	if (!read_all(fe, m, FE_HEADER))
		return false;
	must(m->size <= FE_PAYLOAD_MAX, "a reply of %u bytes", m->size);
	must(m->size == 0 || read_all(fe, m->payload, m->size),
	     "the connection ended in a message");
	return true;
}

struct fe_msg fe_call(struct frontend *fe, const struct fe_msg m)
{
	struct fe_msg reply;

	fe_send(fe, &m);
	must(fe_recv(fe, &reply), "request %u closed the connection",
	     m.request);
	must(reply.request == m.request, "answer to %u is of %u", m.request,
	     reply.request);
	must(reply.flags == FE_REPLY_FLAGS, "answer to %u has flags 0x%x",
	     m.request, reply.flags);
	return reply;
}

uint64_t fe_get(struct frontend *fe, uint32_t request)
{
	struct fe_msg reply = fe_call(fe, fe_msg(request));

	must(reply.size == 8, "answer to %u has %u bytes", request, reply.size);
	return fe_msg_get_u64(&reply, 0);
}

uint64_t fe_ack(struct frontend *fe, struct fe_msg m)
{
	struct fe_msg reply;

	m.flags |= FE_NEED_REPLY;
	reply = fe_call(fe, m);
	must(reply.size == 8, "ack of %u has %u bytes", m.request, reply.size);
	return fe_msg_get_u64(&reply, 0);
}

void fe_ok(struct frontend *fe, struct fe_msg m)
{
	uint64_t status = fe_ack(fe, m);

	must(status == 0, "request %u is refused: %llu", m.request,
	     (unsigned long long)status);
}

void fe_refused(struct frontend *fe, struct fe_msg m)
{
	must(fe_ack(fe, m) != 0, "request %u is accepted", m.request);
}

void fe_tell(struct frontend *fe, struct fe_msg m)
{
	fe_send(fe, &m);
}

void fe_barrier(struct frontend *fe)
{
	fe_get(fe, FE_GET_FEATURES);
}

void fe_expect_end(struct frontend *fe)
{
	struct fe_msg m;

	while (fe_recv(fe, &m))
		;
}

void fe_expect_no_request(struct frontend *fe)
{
	must(!wait_fd(fe->backend, POLLIN, wait_until(0)),
	     "there is something on the backend channel");
}
