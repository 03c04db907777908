/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Messages that come with more fds than this process has room for. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vu-world.h"
#include "worker/vu_in.h"
#include "worker/vu_proto.h"

#define FDS	8

static void send_table(int socket, const int *fds)
{
	struct vhost_user_header header = {
		.request = VHOST_USER_SET_MEM_TABLE,
		.flags = VHOST_USER_VERSION,
	};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FDS * sizeof(int))];
	} control = { .align = { .cmsg_level = SOL_SOCKET,
				 .cmsg_type = SCM_RIGHTS,
				 .cmsg_len = CMSG_LEN(FDS * sizeof(int)) } };
	struct iovec iov = { &header, sizeof(header) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.align), fds, FDS * sizeof(int));
	assert_int_equal(sendmsg(socket, &mh, 0), sizeof(header));
}

/* What is not whole is not taken, and what came of it is closed. */
static void r_13_ctrunc_of_few(void **state)
{
	(void)state;
	for (unsigned int room = 0; room < FDS; room++) {
		struct vu_world w;
		struct rlimit was, little;
		struct vu_msg msg;
		int pair[2], ends[2], fds[FDS], next;

		vu_world_open(&w);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		assert_int_equal(pipe(ends), 0);
		w.vu.fd = pair[0];
		for (unsigned int i = 0; i < FDS; i++)
			fds[i] = ends[0];
		send_table(pair[1], fds);
		next = dup(0);
		close(next);
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
		little = (struct rlimit){ (rlim_t)next + room, was.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &little), 0);
		assert_int_equal(vu_in_read(&w.vu, &msg), -EPROTO);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		assert_in_range(w.vu.npending, 0, room);
		vu_in_close_pending(&w.vu);
		fd_close_all(pair, 2);
		fd_close_all(ends, 2);
		w.vu.fd = -1;
		assert_int_equal(vu_world_close(&w), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(r_13_ctrunc_of_few),
	};

	return cmocka_run_group_tests_name("vu_in", tests, NULL, NULL);
}
