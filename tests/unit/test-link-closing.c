/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What comes from a worker takes a minute to close: the supervisor does not
 * wait for that, and takes nothing more in than it has room for.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/mono.h"
#include "supervisor/attach.h"
#include "supervisor/closer.h"
#include "supervisor/worker.h"
#include "supervisor/worker_link.h"
#include "tests/lib/must.h"
#include "tests/lib/slow.h"
#include "tests/lib/supervised.h"
#include "tests/lib/wait.h"

#define AT_ONCE_US	(SLOW_S * 1000000 / 10)

static struct supervised s;
static struct console *console = s.console;
static int peer;
static uint64_t began;

static void await_behind(unsigned int n)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (closer_behind(0) != n) {
		must(wait_left(deadline) > 0, "%u left", closer_behind(0));
		wait_pause();
	}
}

static int setup(void **state)
{
	(void)state;
	began = mono_us();
	peer = supervised_serving(&s);
	return peer < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	supervised_close(&s);
	must(mono_us() - began < AT_ONCE_US, "waited for a close");
	fd_close(&peer);
	slow_end();
	await_behind(0);
	return 0;
}

/* The last one has no other holder. */
static void send_fds(struct ctl_msg m, unsigned int n)
{
	int fds[CTL_FDS_MAX];
	char control[CMSG_SPACE(sizeof(fds))] = { 0 };
	struct iovec iov = { &m, sizeof(m) };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);

	for (unsigned int i = 0; i < n - 1; i++)
		fds[i] = STDERR_FILENO;
	fds[n - 1] = slow_socket();
	*cmsg = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(n * sizeof(int)),
	};
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	must(sendmsg(peer, &mh, 0) == sizeof(m), "sendmsg");
	close(fds[n - 1]);
}

static void more_than_a_message_may_have(void **state)
{
	(void)state;
	send_fds((struct ctl_msg){ .type = CTL_PUT }, PENDING_MAX + 1);
	supervised_run(&s);
	assert_true(console->worker.condemned);
	assert_int_equal(console->store.count, 1);
}

static void as_many_as_there_can_be(void **state)
{
	(void)state;
	send_fds((struct ctl_msg){ .type = CTL_PUT }, CTL_FDS_MAX);
	supervised_run(&s);
	assert_true(console->worker.condemned);
	await_behind(1);
}

static void where_none_belongs(void **state)
{
	(void)state;
	send_fds((struct ctl_msg){ .type = CTL_DISCARD }, 1);
	supervised_run(&s);
	assert_true(console->worker.condemned);
}

static void put_and_discarded(void **state)
{
	const struct ctl_msg discard = { .type = CTL_DISCARD };

	(void)state;
	send_fds((struct ctl_msg){ .type = CTL_PUT }, 1);
	supervised_run(&s);
	assert_int_equal(console->store.count, 2);
	assert_int_equal(ctl_send(peer, &discard, NULL, 0), 0);
	supervised_run(&s);
	assert_int_equal(console->store.count, 1);
	assert_int_equal(closer_behind(0), 1);
}

static void never_received(void **state)
{
	(void)state;
	send_fds((struct ctl_msg){ .type = CTL_PUT }, 1);
	worker_clear(console);
}

/* As many wait behind a slow one as make the store's budget doubtful. */
static void fall_behind(void)
{
	int fd = slow_socket();

	closer_close(0, &fd);
	while (!fdstore_is_behind(&console->store)) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		closer_close(0, &fd);
	}
}

static void nothing_is_received_behind(void **state)
{
	const struct ctl_msg put = { .type = CTL_PUT };
	uint64_t deadline = wait_until(WAIT_MS);
	int fd = STDERR_FILENO;

	(void)state;
	fall_behind();
	assert_int_equal(ctl_send(peer, &put, &fd, 1), 0);
	supervised_run(&s);
	assert_int_equal(console->store.count, 1);
	slow_end();
	while (console->store.count != 2) {
		must(wait_left(deadline) > 0, "never received");
		supervised_run(&s);
		wait_pause();
	}
	assert_false(console->worker.condemned);
}

static void none_is_started_behind(void **state)
{
	(void)state;
	worker_clear(console);
	fall_behind();
	console->worker.state = WORKER_DOWN;
	worker_start(console);
	assert_int_equal(console->worker.pidfd, -1);
	assert_true(evtimer_pending(console->worker_timer, NULL));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(more_than_a_message_may_have),
		TEST(as_many_as_there_can_be),
		TEST(where_none_belongs),
		TEST(put_and_discarded),
		TEST(never_received),
		TEST(nothing_is_received_behind),
		TEST(none_is_started_behind),
	};

	log_init(LOG_ERROR, false);
	if (closer_start(1))
		return 1;
	return cmocka_run_group_tests_name("worker link, closing", tests, NULL,
					   NULL);
}
