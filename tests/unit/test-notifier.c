/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Which fds the supervisor may poll. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/notifier.h"
#include "tests/lib/must.h"

static void expect(const char *what, int fd, bool plain)
{
	must(fd >= 0, "%s: no such fd here", what);
	must(notifier_is_plain(fd) == plain, "%s", what);
	close(fd);
}

static int pipe_end(unsigned int which)
{
	int end[2];

	must(!pipe2(end, O_CLOEXEC), "pipe2");
	close(end[!which]);
	return end[which];
}

static void what_front_ends_use(void **state)
{
	(void)state;
	expect("eventfd", eventfd(0, EFD_CLOEXEC), true);
	expect("pipe", pipe_end(0), true);
	expect("pipe", pipe_end(1), true);
	expect("socket", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), true);
}

/* A name that begins as that of a socket does. */
static int file(void)
{
	char dir[] = "/tmp/vdc-test-XXXXXX";
	int fd;

	must(mkdtemp(dir) && !chdir(dir), "%s", dir);
	fd = open("socket:[1]", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unlink("socket:[1]");
	must(!chdir("/") && !rmdir(dir), "%s", dir);
	return fd;
}

static void what_they_do_not(void **state)
{
	sigset_t none;

	(void)state;
	sigemptyset(&none);
	/* what stands for those whose poll() takes their lock */
	expect("TCP socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	       false);
	expect("epoll", epoll_create1(EPOLL_CLOEXEC), false);
	expect("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), false);
	expect("signalfd", signalfd(-1, &none, SFD_CLOEXEC), false);
	expect("inotify", inotify_init1(IN_CLOEXEC), false);
	expect("memfd", memfd_create("socket:[1]", MFD_CLOEXEC), false);
	expect("/dev/null", open("/dev/null", O_RDWR | O_CLOEXEC), false);
	expect("file", file(), false);
	assert_false(notifier_is_plain(-1));
	assert_false(notifier_is_plain(1000000));
}

/* As the supervisor is. */
static void without_being_dumpable(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
	expect("eventfd", eventfd(0, EFD_CLOEXEC), true);
	/* what stands for those whose poll() takes their lock */
	expect("TCP socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	       false);
	expect("epoll", epoll_create1(EPOLL_CLOEXEC), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_front_ends_use),
		cmocka_unit_test(what_they_do_not),
		cmocka_unit_test(without_being_dumpable),
	};

	return cmocka_run_group_tests_name("notifier", tests, NULL, NULL);
}
