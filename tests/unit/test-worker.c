/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What follows the end of a worker: the real policy, and real processes. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "supervisor/attach.h"
#include "supervisor/statefd.h"
#include "supervisor/worker.h"
#include "supervisor/worker_link.h"
#include "tests/lib/must.h"
#include "tests/lib/obedient.h"
#include "tests/lib/supervised.h"
#include "tests/lib/wait.h"

static struct supervised s;
static struct console *console = s.console;

static int setup(void **state)
{
	(void)state;
	supervised_open(&s, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	supervised_close(&s);
	return 0;
}

static void run_until(enum worker_state state)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (console->worker.state != state) {
		must(wait_left(deadline) > 0, "state %d instead of %d",
		     console->worker.state, state);
		supervised_run(&s);
		wait_pause();
	}
}

/* The worker is another one than @pid, and serves. */
static void run_until_not(pid_t pid)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (console->worker.pid == pid) {
		must(wait_left(deadline) > 0, "worker %d lives on", (int)pid);
		supervised_run(&s);
		wait_pause();
	}
	run_until(WORKER_READY);
}

static void attach_a_client(struct console *c, int fd)
{
	attach_client(c, fd, &nobody);
}

static int attach(void (*attach_as)(struct console *c, int fd))
{
	int pair[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
	     "socketpair");
	attach_as(console, pair[0]);
	return pair[1];
}

static int start(void)
{
	int client = attach(attach_a_client);

	worker_start(console);
	run_until(WORKER_READY);
	return client;
}

static void say(int client, char order)
{
	must(send(client, &order, 1, 0) == 1, "send: errno %d", errno);
}

/* The pid of the worker that has this client. */
static pid_t who_serves(int client)
{
	char text[32] = "";

	say(client, OBEDIENT_PID);
	must(wait_fd(client, POLLIN, wait_until(WAIT_MS)), "no answer");
	must(recv(client, text, sizeof(text) - 1, 0) > 0, "no answer");
	return (pid_t)atoi(text);
}

static void make_progress(int client, uint64_t count)
{
	say(client, OBEDIENT_PROGRESS);
	who_serves(client);
	assert_int_equal(statefd_progress(console->state), count);
}

static ino_t state_inode(void)
{
	struct stat st;

	must(!fstat(console->state, &st), "fstat");
	return st.st_ino;
}

static bool is_closed(int peer)
{
	char byte;

	return recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Makes its worker die; the next one has the same client and state. */
static void resumed(char order, bool same_memfd)
{
	int client = start();
	pid_t first = who_serves(client);
	ino_t inode = state_inode();

	make_progress(client, 1);
	assert_int_equal(first, console->worker.pid);
	say(client, order);
	run_until_not(first);
	assert_int_equal(who_serves(client), console->worker.pid);
	assert_int_equal(statefd_progress(console->state), 1);
	assert_int_equal(state_inode() == inode, same_memfd);
	close(client);
}

static void resumed_after_kill(void **state)
{
	(void)state;
	resumed(SIGKILL, true);
}

static void resumed_after_term(void **state)
{
	(void)state;
	resumed(SIGTERM, true);
}

static void resumed_after_end(void **state)
{
	(void)state;
	resumed(OBEDIENT_END, true);
}

static void resumed_on_copy_after_segv(void **state)
{
	(void)state;
	resumed(SIGSEGV, false);
}

static void resumed_on_copy_after_abort(void **state)
{
	(void)state;
	resumed(SIGABRT, false);
}

static void resumed_on_copy_after_failure(void **state)
{
	(void)state;
	resumed(OBEDIENT_FAIL, false);
}

/* It may not choose what is paced and never parked. */
static void resumed_on_copy_after_lie(void **state)
{
	(void)state;
	resumed(OBEDIENT_LIE, false);
}

static void resumed_on_copy_after_nonsense(void **state)
{
	(void)state;
	resumed(OBEDIENT_NONSENSE, false);
}

/* It closed its control socket and did not go: that is for us to end. */
static void hung_up(void **state)
{
	(void)state;
	resumed(OBEDIENT_HANG_UP, false);
}

/* The front-end has to start anew, on an empty state; clients stay. */
static void clean_slate(char order)
{
	int client = start();
	int frontend = attach(attach_frontend);
	pid_t first = who_serves(client);

	make_progress(client, 1);
	say(client, order);
	run_until_not(first);
	assert_true(is_closed(frontend));
	assert_int_equal(console->store.count, 1);
	assert_int_equal(statefd_progress(console->state), 0);
	assert_int_equal(who_serves(client), console->worker.pid);
	close(frontend);
	close(client);
}

static void clean_slate_after_sigsys(void **state)
{
	(void)state;
	clean_slate(SIGSYS);
}

static void clean_slate_after_bad_state(void **state)
{
	(void)state;
	clean_slate(OBEDIENT_BAD_STATE);
}

/* Rung by rung, as long as none of them gets anything done. */
static void down_the_ladder(void **state)
{
	int client = start();
	int frontend = attach(attach_frontend);

	(void)state;
	for (unsigned int rung = 0; rung < 3; rung++) {
		pid_t pid = who_serves(client);

		assert_false(is_closed(frontend));
		assert_int_equal(console->skips, rung == 2);
		say(client, SIGSEGV);
		run_until_not(pid);
	}
	assert_true(is_closed(frontend));
	close(frontend);
	close(client);
}

static void kill_storm(void **state)
{
	int client = start();
	ino_t inode = state_inode();

	(void)state;
	for (int i = 0; i < 30; i++) {
		pid_t pid = console->worker.pid;

		kill(pid, SIGKILL);
		run_until_not(pid);
	}
	assert_int_equal(who_serves(client), console->worker.pid);
	assert_int_equal(state_inode(), inode);
	close(client);
}

static void parked(int status)
{
	int client = attach(attach_a_client);
	int frontend = attach(attach_frontend);

	snprintf(console->socket.path, sizeof(console->socket.path), "exit %d",
		 status);
	worker_start(console);
	run_until(WORKER_PARKED);
	assert_true(is_closed(client));
	assert_true(is_closed(frontend));
	assert_true(event_pending(console->worker_timer, EV_TIMEOUT, NULL));
	/* Then it lives, should the reason have gone away. */
	strcpy(console->socket.path, "none");
	event_active(console->worker_timer, EV_TIMEOUT, 0);
	run_until(WORKER_READY);
	close(frontend);
	close(client);
}

static void parked_without_jail(void **state)
{
	(void)state;
	parked(WORKER_EXIT_JAIL);
}

static void parked_after_other_build(void **state)
{
	(void)state;
	parked(WORKER_EXIT_CONTRACT);
}

static void not_executable(void **state)
{
	(void)state;
	fd_close(&s.supervisor.program);
	s.supervisor.program = open("/dev/null", O_PATH | O_CLOEXEC);
	worker_start(console);
	run_until(WORKER_PARKED);
}

/* Six deaths at once: this console rests. */
static void parked_in_the_end(void **state)
{
	(void)state;
	strcpy(console->socket.path, "exit 1");
	worker_start(console);
	run_until(WORKER_PARKED);
}

static void start_that_fails_is_tried_again(void **state)
{
	(void)state;
	s.options.scrollback_size = UINT64_MAX / 2;
	worker_start(console);
	assert_int_equal(console->worker.state, WORKER_DOWN);
	event_base_loop(s.supervisor.base, EVLOOP_ONCE);
	assert_int_equal(console->worker.state, WORKER_DOWN);
	s.options.scrollback_size = 65536;
	run_until(WORKER_READY);
}

/* More often than a death of its own may come: nothing is closed for it. */
static void exec_that_fails_is_tried_again(void **state)
{
	int client = attach(attach_a_client);
	uint64_t deadline = wait_until(WAIT_MS);
	unsigned int tries = 0;
	pid_t pid = 0;

	(void)state;
	snprintf(console->socket.path, sizeof(console->socket.path), "exit %d",
		 CAUSE_EXIT_EXEC_LATER);
	worker_start(console);
	while (tries < 8) {
		tries += console->worker.pid != pid;
		pid = console->worker.pid;
		must(wait_left(deadline) > 0, "%u tries", tries);
		assert_int_not_equal(console->worker.state, WORKER_PARKED);
		supervised_run(&s);
		wait_pause();
	}
	strcpy(console->socket.path, "none");
	run_until(WORKER_READY);
	assert_int_equal(who_serves(client), console->worker.pid);
	close(client);
}

static void stopped(void **state)
{
	int client = start();

	(void)state;
	s.supervisor.ending = true;
	worker_stop(console);
	run_until(WORKER_GONE);
	assert_true(event_base_got_break(s.supervisor.base));
	assert_int_equal(console->worker.pidfd, -1);
	close(client);
}

static void stopped_between_workers(void **state)
{
	(void)state;
	s.options.scrollback_size = UINT64_MAX / 2;
	worker_start(console);
	worker_stop(console);
	assert_int_equal(console->worker.state, WORKER_GONE);
	assert_false(event_pending(console->worker_timer, EV_TIMEOUT, NULL));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(resumed_after_kill),
		TEST(resumed_after_term),
		TEST(resumed_after_end),
		TEST(resumed_on_copy_after_segv),
		TEST(resumed_on_copy_after_abort),
		TEST(resumed_on_copy_after_failure),
		TEST(resumed_on_copy_after_lie),
		TEST(resumed_on_copy_after_nonsense),
		TEST(hung_up),
		TEST(clean_slate_after_sigsys),
		TEST(clean_slate_after_bad_state),
		TEST(down_the_ladder),
		TEST(kill_storm),
		TEST(parked_without_jail),
		TEST(parked_after_other_build),
		TEST(not_executable),
		TEST(parked_in_the_end),
		TEST(start_that_fails_is_tried_again),
		TEST(exec_that_fails_is_tried_again),
		TEST(stopped),
		TEST(stopped_between_workers),
	};

	if (obedient_asked(argc, argv))
		return obedient_worker(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
