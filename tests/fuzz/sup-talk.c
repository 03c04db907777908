/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What workers without a process say, and what they hear. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/contract.h"
#include "common/fd.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sup-model.h"
#include "tests/fuzz/sup-worker.h"
#include "tests/fuzz/sup.h"

#define WORKER_FDS	140		/* that a worker may have */

ssize_t __real_sendmsg(int fd, const struct msghdr *mh, int flags);

/* So many fds in flight the kernel lets one have that has few of them. */
static bool send_as_worker(int socket, const struct msghdr *mh)
{
	struct rlimit limit, few;
	bool sent;

	fuzz_check(!getrlimit(RLIMIT_NOFILE, &limit), "errno %d", errno);
	few = limit;
	few.rlim_cur = WORKER_FDS;
	fuzz_check(!setrlimit(RLIMIT_NOFILE, &few), "errno %d", errno);
	sent = __real_sendmsg(socket, mh, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	fuzz_check(!setrlimit(RLIMIT_NOFILE, &limit), "errno %d", errno);
	return sent;
}

bool worker_sends_on(int socket, const void *bytes, size_t len, int fd,
		     unsigned int nfds)
{
	union {
		char buf[CMSG_SPACE(CTL_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)bytes, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (socket < 0 || nfds > CTL_FDS_MAX)
		return false;
	if (nfds) {
		struct cmsghdr *cmsg = &control.align;

		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		for (unsigned int i = 0; i < nfds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(fd), &fd,
			       sizeof(fd));
	}
	return send_as_worker(socket, &mh);
}

void worker_sends(const void *bytes, size_t len, int fd, unsigned int nfds)
{
	if (worker_sends_on(sup.worker[SUP_TAKEN].control, bytes, len, fd,
			    nfds))
		model_packet(bytes, len, nfds);
}

static void send_plain_message(struct sup_worker *w, uint32_t type,
			       uint64_t id)
{
	const struct ctl_msg msg = { .type = type, .id = id };

	if (w == &sup.worker[SUP_TAKEN])
		worker_sends(&msg, sizeof(msg), -1, 0);
	else
		ctl_send(w->control, &msg, NULL, 0);
}

static void take_message(struct sup_worker *w, const struct ctl_msg *msg)
{
	switch (msg->type) {
	case CTL_START:
		send_plain_message(w, CTL_PONG, 0);
		send_plain_message(w, CTL_READY, 0);
		break;
	case CTL_PING:
		send_plain_message(w, CTL_PONG, msg->id);
		break;
	case CTL_ACK:
		sup.acks += w == &sup.worker[SUP_NEIGHBOUR];
		sup.ack_error = msg->error;
		break;
	case CTL_STOP:
		if (w == &sup.worker[SUP_NEIGHBOUR])
			worker_dies(w, CLD_EXITED, WORKER_EXIT_ASKED);
		break;
	}
}

static void receive(struct sup_worker *w, unsigned int n)
{
	int fds[PENDING_MAX];
	struct ctl_msg msg;
	unsigned int nfds;

	while (n-- && w->control >= 0 &&
	       !ctl_recv(w->control, &msg, fds, &nfds)) {
		fd_close_all(fds, nfds);
		sup.moved++;
		take_message(w, &msg);
	}
}

void worker_receives(unsigned int n)
{
	receive(&sup.worker[SUP_TAKEN], n);
}

void workers_serve(void)
{
	receive(&sup.worker[SUP_NEIGHBOUR], 64);
}

void worker_hangs_up(unsigned int how)
{
	struct sup_worker *w = &sup.worker[SUP_TAKEN];

	switch (how % 4) {
	case 0:
		model_hangs_up();
		fd_close(&w->control);
		break;
	case 1:
		fd_close(&w->log);
		break;
	case 2:
		shutdown(w->control, SHUT_RD);
		break;
	case 3:
		if (w->control >= 0 && !shutdown(w->control, SHUT_WR))
			model_hangs_up();
		break;
	}
}
