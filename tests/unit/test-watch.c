/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Workers that hang, and others that do not. Their supervisor's ticks are made
 * to pass faster than seconds do.
 */
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/attach.h"
#include "supervisor/watch.h"
#include "supervisor/worker.h"
#include "tests/lib/obedient.h"
#include "tests/lib/supervised.h"
#include "tests/lib/unit.h"
#include "tests/lib/wait.h"

#define BUSY_TICKS	5
#define IDLE_TICKS	30
#define HOUR_US		(3600 * UINT64_C(1000000))

static struct supervised s;
static struct console *console = s.console;
static int client;

static int setup(void **state)
{
	(void)state;
	supervised_open(&s, 1);
	client = -1;
	return watch_init(&s.supervisor) ||
	       event_del(s.supervisor.watch_timer);
}

static int teardown(void **state)
{
	(void)state;
	event_free(s.supervisor.watch_timer);
	supervised_close(&s);
	if (client >= 0)
		close(client);
	return 0;
}

/* Events of @ms are handled. */
static void run(unsigned int ms)
{
	uint64_t deadline = wait_until(ms);

	do {
		supervised_run(&s);
		wait_pause();
	} while (wait_left(deadline) > 0);
}

/* A worker that was asked gets up to @ms to answer before the next one. */
static void tick_of(unsigned int ms)
{
	uint64_t deadline = wait_until(ms);

	event_active(s.supervisor.watch_timer, EV_TIMEOUT, 0);
	supervised_run(&s);
	event_del(s.supervisor.watch_timer);
	while (console->worker.watchdog.due && wait_left(deadline) > 0)
		run(1);
}

static void tick(void)
{
	tick_of(30);
}

/* With a worker that does answer, however slow the machine is. */
static void tick_answered(void)
{
	tick_of(WAIT_MS);
}

static void run_until(enum worker_state state)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (console->worker.state != state) {
		must(wait_left(deadline) > 0, "state %d instead of %d",
		     console->worker.state, state);
		run(1);
	}
}

static void attach(void)
{
	int pair[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
	     "socketpair");
	attach_client(console, pair[0], &nobody);
	client = pair[1];
}

static void start(void)
{
	attach();
	worker_start(console);
	run_until(WORKER_READY);
	/* New ones are looked at more closely than those that were seen. */
	tick_answered();
}

static void say(char order)
{
	must(send(client, &order, 1, 0) == 1, "send: errno %d", errno);
	run(5);
}

/* The worker of now takes it, not the one that follows. */
static void give(char order)
{
	uint64_t deadline = wait_until(WAIT_MS);
	int unread;

	say(order);
	while (!ioctl(client, SIOCOUTQ, &unread) && unread > 0) {
		must(wait_left(deadline) > 0, "the order is not taken");
		wait_pause();
	}
}

static pid_t who_serves(void)
{
	char text[32] = "";

	say(OBEDIENT_PID);
	must(wait_fd(client, POLLIN, wait_until(WAIT_MS)), "no answer");
	must(recv(client, text, sizeof(text) - 1, 0) > 0, "no answer");
	return (pid_t)atoi(text);
}

/* It is killed within @most ticks, and another one serves the client. */
static void replaced(unsigned int most)
{
	pid_t pid = console->worker.pid;

	for (unsigned int ticks = 0; !console->worker.condemned &&
				     console->worker.pid == pid; ticks++) {
		must(ticks < most, "alive after %u ticks", ticks);
		tick();
	}
	while (console->worker.pid == pid)
		run(1);
	run_until(WORKER_READY);
}

static void loops_idle(void **state)
{
	(void)state;
	start();
	give(OBEDIENT_LOOP);
	replaced(IDLE_TICKS);
	assert_int_equal(who_serves(), console->worker.pid);
}

static void loops_with_something_to_take(void **state)
{
	(void)state;
	start();
	give(OBEDIENT_LOOP);
	say(OBEDIENT_PID);
	replaced(BUSY_TICKS);
}

/* As a front-end does, by a message that the worker handles. */
static void store_kick(int fd)
{
	const struct ctl_place place = { .kind = FD_KICK, .index = 1 };

	must(fd >= 0 && !fdstore_put(&console->store, 0, &fd, 1) &&
	     !fdstore_commit(&console->store, 0, &place, 1), "kick");
}

static void loops_with_a_kick(void **state)
{
	(void)state;
	start();
	store_kick(eventfd(1, EFD_CLOEXEC));
	give(OBEDIENT_LOOP);
	replaced(BUSY_TICKS);
}

/* To look at some fds is to wait for the front-end: these are left alone. */
static void kick_that_is_not_looked_at(void **state)
{
	struct epoll_event ready = { .events = EPOLLIN };
	int inner = eventfd(1, EFD_CLOEXEC);
	int outer = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	start();
	must(!epoll_ctl(outer, EPOLL_CTL_ADD, inner, &ready), "epoll_ctl");
	store_kick(outer);
	for (unsigned int i = 0; i < BUSY_TICKS; i++)
		tick();
	assert_int_equal(console->worker.ping, 0);
	close(inner);
}

static void loops_at_work(void **state)
{
	(void)state;
	start();
	give(OBEDIENT_WORK);
	replaced(BUSY_TICKS);
}

static ino_t state_inode(void)
{
	struct stat st;

	must(!fstat(console->state, &st), "fstat");
	return st.st_ino;
}

/* What a worker that hangs has written is not trusted as it stands. */
static void stopped(void **state)
{
	ino_t inode;

	(void)state;
	start();
	inode = state_inode();
	kill(console->worker.pid, SIGSTOP);
	replaced(IDLE_TICKS);
	assert_true(state_inode() != inode);
	assert_int_equal(who_serves(), console->worker.pid);
}

static void never_comes_up(void **state)
{
	(void)state;
	strcpy(console->socket.path, "loop");
	worker_start(console);
	for (int i = 0; i < WATCHDOG_START - 1; i++)
		tick();
	assert_false(console->worker.condemned);
	strcpy(console->socket.path, "none");
	replaced(1);
}

/* It waits for others to be handed their fds: not its fault. */
static void waits_for_its_turn(void **state)
{
	(void)state;
	s.supervisor.turns = UINT_MAX;
	attach();
	worker_start(console);
	for (int i = 0; i < 2 * WATCHDOG_START; i++)
		tick();
	assert_int_equal(console->worker.state, WORKER_STARTING);
	assert_int_equal(console->turn, TURN_WAITING);
	assert_false(console->worker.condemned);
}

static void works(void **state)
{
	pid_t pid;

	(void)state;
	start();
	pid = who_serves();
	for (int i = 0; i < 200; i++)
		tick_answered();
	assert_int_equal(who_serves(), pid);
	must(console->worker.ping <= 200 / 10, "asked %llu times",
	     (unsigned long long)console->worker.ping);
	must(console->worker.ping > 200 / IDLE_TICKS, "asked %llu times",
	     (unsigned long long)console->worker.ping);
}

/* We were stopped, for an hour at a time; nobody could answer. */
static void supervisor_that_was_stopped(void **state)
{
	pid_t pid;

	(void)state;
	start();
	pid = console->worker.pid;
	kill(pid, SIGSTOP);
	say(OBEDIENT_PID);
	tick();
	for (int i = 0; i < 20; i++) {
		s.supervisor.watched_us -= HOUR_US;
		tick();
	}
	assert_false(console->worker.condemned);
	kill(pid, SIGCONT);
	run(20);
	for (int i = 0; i < 50; i++)
		tick();
	assert_int_equal(console->worker.pid, pid);
}

static void no_one_is_watched_at_the_end(void **state)
{
	(void)state;
	start();
	kill(console->worker.pid, SIGSTOP);
	s.supervisor.ending = true;
	for (int i = 0; i < 100; i++)
		tick();
	assert_false(console->worker.condemned);
}

/* Each that follows hangs as well, and nothing gets done. */
static void down_the_ladder(void **state)
{
	static const enum state_plan plans[] = {
		STATE_COPY, STATE_COPY, STATE_FRESH,
	};

	(void)state;
	strcpy(console->socket.path, "loop");
	worker_start(console);
	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		/* The next one cannot start: what was planned for it shows. */
		s.options.scrollback_size = UINT64_MAX / 2;
		while (console->worker.state != WORKER_DOWN)
			tick();
		must(console->plan == plans[i], "death %zu: %d", i,
		     console->plan);
		must(console->skip == (i == 1), "death %zu: skip %u", i,
		     console->skip);
		s.options.scrollback_size = 65536;
		run_until(WORKER_STARTED);
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(loops_idle),
		TEST(loops_with_something_to_take),
		TEST(loops_with_a_kick),
		TEST(kick_that_is_not_looked_at),
		TEST(loops_at_work),
		TEST(stopped),
		TEST(never_comes_up),
		TEST(waits_for_its_turn),
		TEST(works),
		TEST(supervisor_that_was_stopped),
		TEST(no_one_is_watched_at_the_end),
		TEST(down_the_ladder),
	};

	if (obedient_asked(argc, argv))
		return obedient_worker(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
