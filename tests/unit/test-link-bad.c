/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What no worker says: whoever says it is killed, and nothing else happens. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "supervisor/attach.h"
#include "supervisor/worker.h"
#include "supervisor/worker_link.h"
#include "tests/lib/must.h"
#include "tests/lib/supervised.h"

static struct supervised s;
static struct console *console = s.console;
static int peer;

static int setup(void **state)
{
	(void)state;
	peer = supervised_serving(&s);
	return peer < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	supervised_close(&s);
	fd_close(&peer);
	return 0;
}

static void expect_condemned(const char *what, size_t row)
{
	supervised_run(&s);
	must(console->worker.condemned, "%s, row %zu", what, row);
	assert_int_equal(console->store.count, 1);
}

static void message(void **state)
{
	static const struct ctl_msg bad[] = {
		{ .type = 0 },
		{ .type = CTL_ACK },
		{ .type = 9999 },
		{ .type = CTL_READY },		/* it is already */
		{ .type = CTL_PONG },		/* it was not asked */
		{ .type = CTL_QUIT },		/* there is no terminal */
		{ .type = CTL_PAUSED },
		{ .type = CTL_PUT },		/* no fd */
		{ .type = CTL_DROP, .kind = FD_KINDS },
		{ .type = CTL_DROP, .kind = 0xffffffff },
		{ .type = CTL_DROP, .kind = FD_CLIENT, .index = CLIENTS_MAX },
		{ .type = CTL_DROP, .kind = FD_PENDING },
		{ .type = CTL_COMMIT, .nplaces = PENDING_MAX + 1 },
		{ .type = CTL_COMMIT, .nplaces = 0xffffffff },
		{ .type = CTL_COMMIT, .nplaces = 1 },
	};


	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (i) {
			teardown(state);
			setup(state);
		}
		assert_int_equal(ctl_send(peer, &bad[i], NULL, 0), 0);
		expect_condemned("message", i);
	}
}

static void packet(void **state)
{
	(void)state;
	assert_int_equal(send(peer, "x", 1, 0), 1);
	expect_condemned("packet", 0);
}

static void fd_where_none_belongs(void **state)
{
	const struct ctl_msg m = { .type = CTL_DISCARD };
	int fd = STDERR_FILENO;

	(void)state;
	assert_int_equal(ctl_send(peer, &m, &fd, 1), 0);
	expect_condemned("fd", 0);
}

/* One that does not read: what it is sent piles up, and no ack fits. */
static void fill(void)
{
	for (unsigned int i = 0; i < 1000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		attach_client(console, fd, &nobody);
		attach_drop(console, FD_CLIENT, 0, console->last_id);
		supervised_run(&s);
	}
	assert_false(console->worker.condemned);
}

static void put_one(uint64_t seq)
{
	const struct ctl_msg m = { .type = CTL_PUT, .id = seq };
	int fd = STDERR_FILENO;

	assert_int_equal(ctl_send(peer, &m, &fd, 1), 0);
	supervised_run(&s);
}

static void little_is_in_flight(void **state)
{
	unsigned int n = 0;
	struct ctl_msg m;
	int fds[PENDING_MAX];
	unsigned int nfds;

	(void)state;
	fill();
	while (!ctl_recv(peer, &m, fds, &nfds)) {
		fd_close_all(fds, nfds);
		n++;
	}
	must(n >= 16 && n <= 40, "%u messages", n);
}

static void no_wait_for_an_answer(void **state)
{
	const struct ctl_msg next[] = {
		{ .type = CTL_PUT, .id = 1 },
		{ .type = CTL_COMMIT, .id = 0 },
	};

	for (size_t i = 0; i < sizeof(next) / sizeof(*next); i++) {
		int fd = STDERR_FILENO;

		if (i) {
			teardown(state);
			setup(state);
		}
		fill();
		put_one(0);
		assert_false(console->worker.condemned);
		assert_true(console->worker.ack_owed);
		assert_int_equal(ctl_send(peer, &next[i], &fd,
					  next[i].type == CTL_PUT), 0);
		supervised_run(&s);
		must(console->worker.condemned, "row %zu", i);
	}
}

/* What needs no answer is done meanwhile. */
static void read_while_an_answer_is_owed(void **state)
{
	const struct ctl_msg m = { .type = CTL_DISCARD };

	(void)state;
	fill();
	put_one(0);
	assert_int_equal(console->store.count, 2);
	assert_int_equal(ctl_send(peer, &m, NULL, 0), 0);
	supervised_run(&s);
	assert_int_equal(console->store.count, 1);
	assert_false(console->worker.condemned);
}

/* The same worker, had it behaved. */
static void nothing_wrong(void **state)
{
	const struct ctl_msg m = { .type = CTL_DISCARD };

	(void)state;
	assert_int_equal(ctl_send(peer, &m, NULL, 0), 0);
	supervised_run(&s);
	assert_false(console->worker.condemned);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(message),
		TEST(packet),
		TEST(fd_where_none_belongs),
		TEST(little_is_in_flight),
		TEST(no_wait_for_an_answer),
		TEST(read_while_an_answer_is_owed),
		TEST(nothing_wrong),
	};

	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("worker link, bad", tests, NULL,
					   NULL);
}
