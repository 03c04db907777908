/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/ctl.h"
#include "common/fd.h"
#include "tests/lib/unit.h"

static int sv[2];
static int fds_before;

static int setup(void **state)
{
	(void)state;
	fds_before = open_fds();
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv);
}

/* No test may leave an fd open, whatever it sent. */
static int teardown(void **state)
{
	(void)state;
	fd_close_all(sv, 2);
	return open_fds() == fds_before ? 0 : -1;
}

static struct ctl_msg some_msg(uint64_t id)
{
	struct ctl_msg msg = { .type = CTL_COMMIT, .kind = FD_KICK,
			       .index = 3, .error = -EBADF, .id = id };

	msg.nplaces = 2;
	msg.place[0] = (struct ctl_place){ FD_MEM, 31, CTL_NO_FD, 0 };
	msg.place[PENDING_MAX - 1] = (struct ctl_place){ FD_CALL, 1, 7, 0 };
	return msg;
}

static void message(void **state)
{
	struct ctl_msg sent = some_msg(UINT64_MAX - 1), got;
	int fds[PENDING_MAX];
	unsigned int nfds = 9;

	(void)state;
	memset(&got, 0xff, sizeof(got));
	assert_int_equal(ctl_send(sv[0], &sent, NULL, 0), 0);
	assert_int_equal(ctl_recv(sv[1], &got, fds, &nfds), 0);
	assert_int_equal(nfds, 0);
	assert_memory_equal(&got, &sent, sizeof(sent));
	assert_int_equal(ctl_recv(sv[1], &got, fds, &nfds), -EAGAIN);
}

/* Each fd arrives, in order, as a duplicate that no exec inherits. */
static void fds_arrive(void **state)
{
	int files[PENDING_MAX], fds[PENDING_MAX];

	(void)state;
	for (unsigned int i = 0; i < PENDING_MAX; i++) {
		int p[2];

		assert_int_equal(pipe(p), 0);
		close(p[1]);
		files[i] = p[0];
	}
	for (unsigned int n = 1; n <= PENDING_MAX; n++) {
		struct ctl_msg msg = some_msg(n);
		unsigned int nfds;

		assert_int_equal(ctl_send(sv[0], &msg, files, n), 0);
		assert_int_equal(ctl_recv(sv[1], &msg, fds, &nfds), 0);
		assert_int_equal(nfds, n);
		for (unsigned int i = 0; i < n; i++) {
			struct stat a, b;

			assert_int_equal(fstat(files[i], &a), 0);
			assert_int_equal(fstat(fds[i], &b), 0);
			assert_true(fds[i] != files[i]);
			assert_int_equal(a.st_ino, b.st_ino);
			assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		}
		fd_close_all(fds, nfds);
	}
	fd_close_all(files, PENDING_MAX);
}

static void too_many_fds(void **state)
{
	struct ctl_msg msg = some_msg(1);
	int fds[PENDING_MAX + 1] = { 0 };
	unsigned int nfds;

	(void)state;
	assert_int_equal(ctl_send(sv[0], &msg, fds, PENDING_MAX + 1), -E2BIG);
	assert_int_equal(ctl_recv(sv[1], &msg, fds, &nfds), -EAGAIN);
}

/* What another program, or a worker that was taken over, might send. */
static void raw(const void *data, size_t len, unsigned int nfds)
{
	union {
		char buf[CMSG_SPACE(64 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		/* nfds times fd 0 */
	}
	assert_int_equal(sendmsg(sv[0], &mh, 0), len);
}

static void refused(const void *data, size_t len, unsigned int fds_sent,
		    int want)
{
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds = 9;
	int err;

	raw(data, len, fds_sent);
	err = ctl_recv(sv[1], &msg, fds, &nfds);
	must(err == want, "%zu bytes, %u fds: %d, not %d", len, fds_sent, err,
	     want);
	must(nfds == 0, "%zu bytes, %u fds: %u come out", len, fds_sent, nfds);
}

/* setup and teardown watch that all their fds are closed */
static void not_a_message(void **state)
{
	char big[sizeof(struct ctl_msg) + 1] = { 0 };

	(void)state;
	for (unsigned int nfds = 0; nfds <= PENDING_MAX; nfds += 8) {
		refused(big, 1, nfds, -EPROTO);
		refused(big, sizeof(struct ctl_msg) - 1, nfds, -EPROTO);
		refused(big, sizeof(struct ctl_msg) + 1, nfds, -EPROTO);
	}
	refused(big, sizeof(struct ctl_msg), PENDING_MAX + 1, -EPROTO);
	refused(big, sizeof(struct ctl_msg), 64, -EPROTO);
	refused(big, 0, 0, -EPIPE);
	refused(big, 0, 3, -EPIPE);
	message(state);
}

static void ends(void **state)
{
	struct ctl_msg msg = some_msg(1);
	int fds[PENDING_MAX];
	unsigned int nfds;

	(void)state;
	assert_int_equal(ctl_send(sv[0], &msg, NULL, 0), 0);
	fd_close(&sv[0]);
	assert_int_equal(ctl_recv(sv[1], &msg, fds, &nfds), 0);
	assert_int_equal(ctl_recv(sv[1], &msg, fds, &nfds), -EPIPE);
	/* and no SIGPIPE, which would end this test */
	assert_int_equal(ctl_send(sv[1], &msg, NULL, 0), -EPIPE);
}

/* A peer that does not read blocks nobody. */
static void full(void **state)
{
	struct ctl_msg msg = some_msg(0), got;
	int fds[PENDING_MAX];
	unsigned int nfds, sent = 0;
	int err;

	(void)state;
	while (!(err = ctl_send(sv[0], &msg, NULL, 0)))
		msg.id = ++sent;
	assert_int_equal(err, -EAGAIN);
	assert_true(sent > 0);
	for (unsigned int i = 0; i < sent; i++) {
		assert_int_equal(ctl_recv(sv[1], &got, fds, &nfds), 0);
		assert_int_equal(got.id, i);
	}
	assert_int_equal(ctl_send(sv[0], &msg, NULL, 0), 0);
}

static void kinds(void **state)
{
	static const struct {
		enum fd_kind kind;
		unsigned int places;
		const char *name;
	} want[FD_KINDS] = {
		{ FD_FRONTEND, 1, "front-end" },
		{ FD_CLIENT, 16, "client" },
		{ FD_TERM_IN, 1, "terminal input" },
		{ FD_TERM_OUT, 1, "terminal output" },
		{ FD_MEM, 32, "memory" },
		{ FD_KICK, 4, "kick" },
		{ FD_CALL, 4, "call" },
		{ FD_BACKEND, 1, "backend channel" },
		{ FD_PENDING, 32, "pending" },
	};

	(void)state;
	for (unsigned int i = 0; i < FD_KINDS; i++) {
		assert_int_equal(want[i].kind, i);
		assert_int_equal(fd_kind_places(i), want[i].places);
		assert_string_equal(fd_kind_name(i), want[i].name);
	}
}

#define CTL_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CTL_TEST(message),
		CTL_TEST(fds_arrive),
		CTL_TEST(too_many_fds),
		CTL_TEST(not_a_message),
		CTL_TEST(ends),
		CTL_TEST(full),
		CTL_TEST(kinds),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
