/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control socket as a worker sees it: what it is sent, in which order, and
 * what its own messages do. The worker here is the other end of a socket.
 */
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

#define CONSOLES	SUPERVISED_MAX

static struct supervised s;
static struct console *consoles = s.console;
static int peer[CONSOLES];

static struct ctl_msg msg;
static int fds[PENDING_MAX];
static unsigned int nfds;

static int setup(void **state)
{
	(void)state;
	supervised_open(&s, CONSOLES);
	for (unsigned int i = 0; i < CONSOLES; i++)
		peer[i] = -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	supervised_close(&s);
	fd_close_all(peer, CONSOLES);
	return 0;
}

/* As if a worker had been started. */
static void start(unsigned int i)
{
	int pair[2];

	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
			 SOCK_CLOEXEC, 0, pair), "socketpair");
	fd_close(&peer[i]);
	peer[i] = pair[1];
	consoles[i].worker.state = WORKER_STARTING;
	assert_int_equal(link_open(&consoles[i], pair[0]), 0);
}

/* As if it had died. */
static void end(unsigned int i)
{
	worker_clear(&consoles[i]);
	fd_close(&peer[i]);
}

static int receive(unsigned int i)
{
	int err;

	supervised_run(&s);
	err = ctl_recv(peer[i], &msg, fds, &nfds);
	if (!err)
		fd_close_all(fds, nfds);
	return err;
}

static void expect(unsigned int i, enum ctl_type type)
{
	int err = receive(i);

	must(!err && msg.type == type, "console %u: type %u, %d, not %u", i,
	     err ? 0 : msg.type, err, type);
}

static void expect_fd(unsigned int i, enum fd_kind kind, unsigned int index,
		      uint64_t id)
{
	expect(i, CTL_FD);
	must(msg.kind == kind && msg.index == index && msg.id == id &&
	     nfds == 1, "kind %u index %u id %llu, %u fds", msg.kind,
	     msg.index, (unsigned long long)msg.id, nfds);
}

static void expect_nothing(unsigned int i)
{
	must(receive(i) == -EAGAIN, "a message of type %u", msg.type);
}

static void say(unsigned int i, struct ctl_msg m)
{
	assert_int_equal(ctl_send(peer[i], &m, NULL, 0), 0);
	supervised_run(&s);
}

static void say_put(unsigned int i, uint64_t seq, unsigned int n)
{
	const struct ctl_msg m = { .type = CTL_PUT, .id = seq };
	int some[PENDING_MAX];

	for (unsigned int j = 0; j < n; j++)
		some[j] = STDERR_FILENO;
	assert_int_equal(ctl_send(peer[i], &m, some, n), 0);
	supervised_run(&s);
}

static void say_commit(unsigned int i, uint64_t seq, struct ctl_place place)
{
	struct ctl_msg m = { .type = CTL_COMMIT, .id = seq, .nplaces = 1 };

	m.place[0] = place;
	say(i, m);
}

static void expect_ack(unsigned int i, uint64_t id, int error)
{
	expect(i, CTL_ACK);
	must(msg.id == id && msg.error == error, "ack %llu %d",
	     (unsigned long long)msg.id, msg.error);
}

static int some_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static void ready(unsigned int i)
{
	expect(i, CTL_CONFIG);
	expect(i, CTL_START);
	say(i, (struct ctl_msg){ .type = CTL_READY });
	assert_int_equal(consoles[i].worker.state, WORKER_READY);
}

static void configuration(void **state)
{
	(void)state;
	s.options.max_queue_size_given = true;
	start(3);
	expect(3, CTL_CONFIG);
	assert_int_equal(msg.config.contract, WORKER_CONTRACT);
	assert_int_equal(msg.config.console, 3);
	assert_int_equal(msg.config.max_queue_size, 128);
	assert_int_equal(msg.config.max_queue_size_given, 1);
	assert_int_equal(msg.config.wait_ms, 2000);
	assert_int_equal(msg.config.notices, 1);
	/* Without a terminal every byte is the guest's. */
	assert_int_equal(msg.config.escape, ESCAPE_NONE);

	s.options.overflow = OVERFLOW_BLOCK;
	start(4);
	expect(4, CTL_CONFIG);
	assert_int_equal(msg.config.notices, 0);
}

/* Open chains are skipped by the first that gets so far as to serve. */
static void skipping(void **state)
{
	(void)state;
	consoles[0].skip = 7;
	for (int i = 0; i < 2; i++) {
		start(0);
		expect(0, CTL_CONFIG);
		assert_int_equal(msg.config.skip, 7);
		expect(0, CTL_START);
		end(0);
	}
	start(0);
	ready(0);
	end(0);
	start(0);
	expect(0, CTL_CONFIG);
	assert_int_equal(msg.config.skip, 0);
}

static void asked_for_a_sign(void **state)
{
	const struct ctl_msg pong = { .type = CTL_PONG, .id = 1 };

	(void)state;
	start(0);
	ready(0);
	watchdog_expect(&consoles[0].worker.watchdog, 1, 0);
	worker_ping(&consoles[0]);
	expect(0, CTL_PING);
	assert_int_equal(msg.id, 1);
	expect_nothing(0);
	say(0, pong);
	assert_false(consoles[0].worker.condemned);
	say(0, pong);
	assert_true(consoles[0].worker.condemned);
}

static void nothing_stored(void **state)
{
	(void)state;
	start(0);
	ready(0);
	expect_nothing(0);
}

static void all_that_was_stored(void **state)
{
	struct console *c = &consoles[0];

	(void)state;
	attach_client(c, some_socket(), &nobody);
	attach_frontend(c, some_socket());
	start(0);
	expect(0, CTL_CONFIG);
	expect_fd(0, FD_FRONTEND, 0, 2);
	expect_fd(0, FD_CLIENT, 0, 1);
	expect(0, CTL_START);
	say(0, (struct ctl_msg){ .type = CTL_READY });
	attach_client(c, some_socket(), &nobody);
	expect_fd(0, FD_CLIENT, 1, 3);
	expect_nothing(0);
}

/* What a worker put and committed is the next worker's. */
static void next_worker(void **state)
{
	(void)state;
	attach_frontend(&consoles[0], some_socket());
	start(0);
	expect(0, CTL_CONFIG);
	expect_fd(0, FD_FRONTEND, 0, 1);
	expect(0, CTL_START);
	say_put(0, 0, 2);
	expect_ack(0, 0, 0);
	say_commit(0, 0, (struct ctl_place){ FD_MEM, 5, 1, 0 });
	expect_ack(0, 0, 0);
	say_put(0, 1, 3);
	expect_ack(0, 1, 0);
	end(0);
	start(0);
	expect(0, CTL_CONFIG);
	expect_fd(0, FD_FRONTEND, 0, 1);
	expect_fd(0, FD_MEM, 5, 0);
	for (unsigned int i = 0; i < 3; i++)
		expect_fd(0, FD_PENDING, i, 1);
	expect(0, CTL_START);
	say(0, (struct ctl_msg){ .type = CTL_READY });
	say_commit(0, 0, (struct ctl_place){ FD_MEM, 5, 1, 0 });
	expect_ack(0, 0, 0);
	say(0, (struct ctl_msg){ .type = CTL_DISCARD });
	assert_int_equal(consoles[0].store.count, 2);
	expect_nothing(0);
}

static void dropped(void **state)
{
	struct ctl_msg drop = { .type = CTL_DROP, .kind = FD_CLIENT, .id = 9 };

	(void)state;
	attach_client(&consoles[0], some_socket(), &nobody);
	start(0);
	expect(0, CTL_CONFIG);
	expect_fd(0, FD_CLIENT, 0, 1);
	expect(0, CTL_START);
	say(0, drop);
	assert_int_equal(consoles[0].store.count, 1);
	drop.id = 1;
	say(0, drop);
	assert_int_equal(consoles[0].store.count, 0);
	say(0, drop);
	assert_false(consoles[0].worker.condemned);
}

static void without_front_end(void **state)
{
	(void)state;
	start(0);
	ready(0);
	say_put(0, 0, 1);
	expect_ack(0, 0, -ENOTCONN);
	say_commit(0, 0, (struct ctl_place){ FD_MEM, 0, 0, 0 });
	expect_ack(0, 0, -ENOTCONN);
	assert_int_equal(consoles[0].store.count, 0);
}

/* A worker that does not read is waited for, and nothing is lost. */
static void full_socket(void **state)
{
	struct console *c = &consoles[0];
	const int small = 1;
	unsigned int sent = 0;
	struct fdstore_ref ref;

	(void)state;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		attach_client(c, some_socket(), &nobody);
	start(0);
	expect(0, CTL_CONFIG);
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		expect_fd(0, FD_CLIENT, i, i + 1);
	expect(0, CTL_START);
	assert_int_equal(setsockopt(c->worker.control, SOL_SOCKET, SO_SNDBUF,
				    &small, sizeof(small)), 0);
	for (unsigned int round = 0; round < 8; round++)
		for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
			uint64_t id = sent + 1;

			attach_drop(c, FD_CLIENT, i, id);
			attach_client(c, some_socket(), &nobody);
			supervised_run(&s);
			sent++;
		}
	/* The places hold the last ones; those that fitted went before. */
	assert_int_equal(c->store.count, CLIENTS_MAX);
	sent = 0;
	while (!receive(0)) {
		assert_int_equal(msg.type, CTL_FD);
		sent = msg.id > sent ? (unsigned int)msg.id : sent;
	}
	assert_int_equal(sent, 9 * CLIENTS_MAX);
	assert_int_equal(fdstore_next(&c->store, &ref), -ENOENT);
}

/* Only so many hand over at a time; all get their turn. */
static void turns(void **state)
{
	unsigned int started = 0;

	(void)state;
	for (unsigned int i = 0; i < CONSOLES; i++) {
		attach_client(&consoles[i], some_socket(), &nobody);
		start(i);
	}
	supervised_run(&s);
	for (unsigned int i = 0; i < CONSOLES; i++)
		started += consoles[i].worker.state == WORKER_STARTED;
	assert_int_equal(started, 4);
	for (unsigned int i = 0; i < CONSOLES; i++) {
		expect(i, CTL_CONFIG);
		expect_fd(i, FD_CLIENT, 0, 1);
		expect(i, CTL_START);
		if (i % 2)
			say(i, (struct ctl_msg){ .type = CTL_READY });
		else
			end(i);
	}
	assert_int_equal(s.supervisor.turns, 0);
}

static void asked_to_stop(void **state)
{
	(void)state;
	start(0);
	ready(0);
	worker_stop(&consoles[0]);
	expect(0, CTL_STOP);
	worker_stop(&consoles[1]);
	assert_int_equal(consoles[1].worker.state, WORKER_GONE);
}

static void paused_and_continued(void **state)
{
	(void)state;
	start(0);
	ready(0);
	worker_pause(&consoles[0]);
	expect(0, CTL_PAUSE);
	worker_continue(&consoles[0]);
	expect(0, CTL_CONTINUE);
	expect_nothing(0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(configuration),
		TEST(skipping),
		TEST(asked_for_a_sign),
		TEST(nothing_stored),
		TEST(all_that_was_stored),
		TEST(next_worker),
		TEST(dropped),
		TEST(without_front_end),
		TEST(full_socket),
		TEST(turns),
		TEST(asked_to_stop),
		TEST(paused_and_continued),
	};

	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("worker link", tests, NULL, NULL);
}
