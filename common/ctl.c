/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/ctl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/fd.h"

static const struct {
	const char *name;
	unsigned int places;
} kinds[FD_KINDS] = {
	[FD_FRONTEND] = { "front-end", 1 },
	[FD_CLIENT] = { "client", CLIENTS_MAX },
	[FD_TERM_IN] = { "terminal input", 1 },
	[FD_TERM_OUT] = { "terminal output", 1 },
	[FD_MEM] = { "memory", MEM_SLOTS_MAX },
	[FD_KICK] = { "kick", CONSOLE_RINGS },
	[FD_CALL] = { "call", CONSOLE_RINGS },
	[FD_BACKEND] = { "backend channel", 1 },
	[FD_PENDING] = { "pending", PENDING_MAX },
};

unsigned int fd_kind_places(enum fd_kind kind)
{
	return kinds[kind].places;
}

const char *fd_kind_name(enum fd_kind kind)
{
	return kinds[kind].name;
}

union ctl_control {
	char buf[CMSG_SPACE(CTL_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int ctl_send(int socket, const struct ctl_msg *msg, const int *fds,
	     unsigned int nfds)
{
	union ctl_control control = { 0 };
	struct iovec iov = { (void *)msg, sizeof(*msg) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (nfds > PENDING_MAX)
		return -E2BIG;
	if (nfds) {
		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&mh);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
	}
	if (sendmsg(socket, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static unsigned int take_fds(struct msghdr *mh, int *fds, unsigned int max)
{
	unsigned int nfds = 0;
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
		unsigned int n;

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) /
				   sizeof(int));
		for (unsigned int i = 0; i < n && nfds < max; i++)
			memcpy(&fds[nfds++],
			       CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
	}
	return nfds;
}

/* Returns bytes or -errno; sets *@flags to those of the message. */
static ssize_t receive_bytes(int socket, void *bytes, size_t len, int *fds,
			     unsigned int max, unsigned int *nfds, int *flags)
{
	union ctl_control control;
	struct iovec iov = { bytes, len };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = CMSG_SPACE(max * sizeof(int)),
	};
	ssize_t n;

	*nfds = 0;
	n = recvmsg(socket, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	*nfds = take_fds(&mh, fds, max);
	*flags = mh.msg_flags;
	return n;
}

/* Fds of a message that is not in order are the caller's, too. */
static int receive(int socket, struct ctl_msg *msg, int *fds,
		   unsigned int max, unsigned int *nfds)
{
	int flags = 0;
	ssize_t n = receive_bytes(socket, msg, sizeof(*msg), fds, max, nfds,
				  &flags);

	if (n < 0)
		return (int)n;
	if (n == sizeof(*msg) && *nfds <= PENDING_MAX &&
	    !(flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	/* an empty packet looks like the end, and may carry fds all the same */
	return n == 0 ? -EPIPE : -EPROTO;
}

int ctl_recv(int socket, struct ctl_msg *msg, int *fds, unsigned int *nfds)
{
	int err = receive(socket, msg, fds, PENDING_MAX, nfds);

	if (err) {
		fd_close_all(fds, *nfds);
		*nfds = 0;
	}
	return err;
}

int ctl_recv_all(int socket, struct ctl_msg *msg, int *fds,
		 unsigned int *nfds)
{
	return receive(socket, msg, fds, CTL_FDS_MAX, nfds);
}

ssize_t ctl_recv_stray(int socket, void *bytes, size_t len, int *fds,
		       unsigned int *nfds)
{
	int flags;

	return receive_bytes(socket, bytes, len, fds, CTL_FDS_MAX, nfds,
			     &flags);
}
