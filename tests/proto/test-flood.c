/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * any number of fds with any message, in any order, and more than
 * the worker has room for. All of them are closed, the connection ends only
 * where it has to, and worker and supervisor have the fds they had.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "tests/lib/world.h"

#define FDS_MOST	253		/* SCM_MAX_FD */
#define FDS_KEPT	32		/* of one message */
#define REQUESTS	46
#define ROUNDS		2000
#define CTRUNCS		50

struct flood {
	struct world *world;
	int ends[2];
	long worker, supervisor;
};

static void look(struct flood *f)
{
	f->worker = process_fds_settled(f->world->worker[0]);
	f->supervisor = process_fds_settled(f->world->daemon.pid);
}

/* Acks are all that is negotiated. */
static void connect_again(struct world *w)
{
	fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_tell(&w->fe[0], fe_msg_u64(FE_SET_PROTOCOL_FEATURES, P_REPLY_ACK));
	fe_barrier(&w->fe[0]);
}

static void begin(struct flood *f, struct world *w)
{
	*f = (struct flood){ .world = w };
	world_quiet_daemon(w, 2);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 1, 1);
	world_check_console(w, 1, 1);
	guest_like_qemu(&w->guest[0], 64);
	connect_again(w);
	world_client(w, 0, 0);
	daemon_log_wait(&w->daemon, "console 0: client ", 1);
	tclient_expect_quiet(&w->client[0], 50);
	look(f);
}

/* The write end is told when there is nobody left to read. */
static void make_pipe(struct flood *f)
{
	must(pipe2(f->ends, O_CLOEXEC) == 0, "pipe: errno %d", errno);
}

static void expect_closed(struct flood *f, const char *what, uint32_t n)
{
	struct pollfd p = { .fd = f->ends[1] };

	close(f->ends[0]);
	must(poll(&p, 1, WAIT_MS) == 1 && (p.revents & POLLERR) != 0,
	     "%s %u: an fd stays open", what, n);
	close(f->ends[1]);
}

static void expect_same(const struct flood *f)
{
	uint64_t deadline = wait_until(WAIT_MS);
	const struct world *w = f->world;

	while (process_fds(w->worker[0]) != f->worker ||
	       process_fds(w->daemon.pid) != f->supervisor) {
		must(wait_left(deadline) > 0,
		     "worker: %ld fds, then %ld; supervisor: %ld, then %ld",
		     f->worker, process_fds(w->worker[0]), f->supervisor,
		     process_fds(w->daemon.pid));
		wait_pause();
	}
}

static void again(struct flood *f)
{
	fe_close(&f->world->fe[0]);
	connect_again(f->world);
}

static struct fe_msg with(struct fe_msg m, int fd, unsigned int n)
{
	for (m.nfds = 0; m.nfds < n;)
		m.fds[m.nfds++] = fd;
	return m;
}

/* Takes fds, by the table that protocol.md has. */
static bool may_carry(uint32_t request)
{
	switch (request) {
	case FE_SET_MEM_TABLE:
	case FE_SET_VRING_KICK:
	case FE_SET_VRING_CALL:
	case FE_SET_VRING_ERR:
	case FE_SET_BACKEND_REQ_FD:
	case FE_ADD_MEM_REG:
	case FE_REM_MEM_REG:
		return true;
	default:
		return false;
	}
}

/*
 * One request with so many fds. More than are kept of one message end the
 * connection if the request takes fds at all; where it does not, the kernel
 * drops them unseen. Two are too many for each of these.
 */
static void send_with_fds(struct flood *f, uint32_t request, unsigned int n)
{
	struct frontend *fe = &f->world->fe[0];
	struct fe_msg m = fe_msg_state(request, 1, 1), reply;

	make_pipe(f);
	m.flags |= FE_NEED_REPLY;
	fe_tell(fe, with(m, f->ends[0], n));
	if (may_carry(request) && n > FDS_KEPT) {
		fe_expect_end(fe);
	} else {
		must(fe_recv(fe, &reply) && reply.request == request,
		     "request %u with %u fds is not answered", request, n);
		must((n == 1 && may_carry(request)) || reply.size == 0 ||
		     fe_msg_get_u64(&reply, 0) != 0,
		     "request %u with %u fds is accepted", request, n);
		fe_barrier(fe);
	}
	/* it may have been taken */
	if (may_carry(request) && (n == 1 || n > FDS_KEPT))
		again(f);
	expect_closed(f, "request", request);
}

static void r_06_fd_balance(void **state)
{
	static const unsigned int count[] = { 1, 2, 8, 9, FDS_KEPT,
					      FDS_KEPT + 1, FDS_MOST };
	struct flood f;

	begin(&f, *state);
	for (uint32_t request = 0; request < REQUESTS; request++)
		for (size_t i = 0; i < ARRAY_LEN(count); i++)
			send_with_fds(&f, request, count[i]);
	again(&f);
	expect_same(&f);
	world_check_console(f.world, 1, 1);
	world_end(f.world);
}

/* A ring's fds before there is a ring, memory after the rings, all twice. */
static void r_06_fds_in_the_wrong_order(void **state)
{
	static const uint32_t request[] = {
		FE_SET_VRING_KICK, FE_SET_VRING_CALL, FE_SET_VRING_ERR,
		FE_SET_BACKEND_REQ_FD, FE_ADD_MEM_REG, FE_SET_MEM_TABLE,
		FE_REM_MEM_REG,
	};
	struct flood f;
	struct world *w = *state;
	struct rnd rnd = { 6 };

	begin(&f, w);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct guest *g = &w->guest[0];
		unsigned int which = rnd_below(&rnd, ARRAY_LEN(request));
		struct fe_msg m = fe_msg_u64(request[which],
					     rnd_below(&rnd, 6));

		if (request[which] == FE_SET_MEM_TABLE)
			m = fe_msg_table(g->region, g->nregions);
		else if (which >= 4)
			m = fe_msg_region(request[which],
					  &g->region[rnd_below(&rnd, 2)]);
		make_pipe(&f);
		if (rnd_one_in(&rnd, 2))
			m = with(m, f.ends[0], 1 + rnd_below(&rnd, 3));
		fe_tell(&w->fe[0], m);
		if (rnd_one_in(&rnd, 50))
			again(&f);
		/* else it may meet the next one's fds with its own */
		if (rnd_one_in(&rnd, 8))
			fe_barrier(&w->fe[0]);
		close(f.ends[0]);
		close(f.ends[1]);
	}
	again(&f);
	expect_same(&f);
	world_check_console(w, 1, 1);
	world_end(w);
}

/* Two control messages at once, and one that is not about fds. */
static void send_in_parts(struct flood *f, const struct fe_msg *m,
			  bool credentials)
{
	union {
		struct cmsghdr align;
		char buf[256];
	} control = { 0 };
	struct iovec iov = { (void *)m, FE_HEADER + m->size };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
			     .msg_control = &control };
	struct ucred cred = { getpid(), getuid(), getgid() };
	struct cmsghdr *c = &control.align;

	for (unsigned int i = 0; i < m->nfds; i++) {
		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS,
				       .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(c), &m->fds[i], sizeof(int));
		mh.msg_controllen += CMSG_SPACE(sizeof(int));
		c = (struct cmsghdr *)(control.buf + mh.msg_controllen);
	}
	if (credentials) {
		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_CREDENTIALS,
				       .cmsg_len = CMSG_LEN(sizeof(cred)) };
		memcpy(CMSG_DATA(c), &cred, sizeof(cred));
		mh.msg_controllen += CMSG_SPACE(sizeof(cred));
	}
	must(sendmsg(f->world->fe[0].fd, &mh, MSG_NOSIGNAL) ==
	     (ssize_t)iov.iov_len, "sendmsg: errno %d", errno);
}

static void r_13_control_messages(void **state)
{
	struct world *w = *state;
	struct fe_msg m, reply;
	struct flood f;

	begin(&f, w);
	fe_qemu_realize(&w->fe[0], &w->guest[0], ~0ULL);
	m = fe_msg_table(w->guest[0].region, w->guest[0].nregions);
	m.flags |= FE_NEED_REPLY;
	for (unsigned int i = 0; i < 4; i++) {
		if (i == 2)
			m.nfds = 1;
		send_in_parts(&f, &m, i % 2);
		must(fe_recv(&w->fe[0], &reply) &&
		     (fe_msg_get_u64(&reply, 0) == 0) == (m.nfds == 2),
		     "%u control messages, %u", m.nfds, i % 2);
	}
	again(&f);
	expect_same(&f);
	world_end(w);
}

/*
 * More than a worker may have open: the kernel says that there were others,
 * and drops those. test-vu-in has the same with few.
 */
static void r_13_ctrunc(void **state)
{
	struct world *w = *state;
	struct flood f;

	begin(&f, w);
	must(process_fds_max(w->worker[0]) < FDS_MOST,
	     "a worker has room for %ld fds", process_fds_max(w->worker[0]));
	for (unsigned int i = 0; i < CTRUNCS; i++)
		send_with_fds(&f, FE_SET_MEM_TABLE, FDS_MOST);
	expect_same(&f);
	world_check_console(w, 1, 1);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_06_fd_balance),
		WORLD_TEST(r_06_fds_in_the_wrong_order),
		WORLD_TEST(r_13_control_messages),
		WORLD_TEST(r_13_ctrunc),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
