/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"

static int open_fd(void)
{
	int fd = dup(0);

	assert_true(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void closes(void **state)
{
	int fd = open_fd(), was = fd;

	(void)state;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_false(is_open(was));
	fd_close(&fd);
	assert_int_equal(fd, -1);
}

/* 0 is an fd like any other. */
static void closes_zero(void **state)
{
	int saved = open_fd(), zero = 0;

	(void)state;
	fd_close(&zero);
	assert_int_equal(zero, -1);
	assert_false(is_open(0));
	assert_int_equal(dup2(saved, 0), 0);
	fd_close(&saved);
}

static void takes(void **state)
{
	int fd = open_fd(), was = fd;
	int taken = fd_take(&fd);

	(void)state;
	assert_int_equal(fd, -1);
	assert_int_equal(taken, was);
	assert_true(is_open(taken));
	assert_int_equal(fd_take(&fd), -1);
	fd_close(&taken);
}

static void closes_all(void **state)
{
	int fds[4] = { open_fd(), -1, open_fd(), open_fd() };
	int was[4] = { fds[0], fds[1], fds[2], fds[3] };

	(void)state;
	fd_close_all(fds, 3);
	assert_false(is_open(was[0]));
	assert_false(is_open(was[2]));
	assert_true(is_open(was[3]));
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fds[i], -1);
	fd_close(&fds[3]);
}

static void nonblocking(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_set_nonblocking(p[0]), 0);
	assert_true(fcntl(p[0], F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(p[1], F_GETFL) & O_NONBLOCK);
	assert_true(fd_set_nonblocking(-1) < 0);
	fd_close_all(p, 2);
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, 3);
}

/* In a child, as it needs its standard streams closed. Returns 0 if right. */
static int fill_with(unsigned int closed)
{
	int next = dup(0);

	close(next);
	for (int fd = 0; fd <= 2; fd++) {
		dup2(next - 1, fd);	/* something that is not /dev/null */
		if (closed & (1u << fd))
			close(fd);
	}
	if (fd_fill_standard() != 0)
		return 1;
	for (int fd = 0; fd <= 2; fd++)
		if (!is_open(fd) || is_null(fd) != !!(closed & (1u << fd)))
			return 2;
	return is_open(next) ? 3 : 0;
}

static void fills_standard(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	for (unsigned int closed = 0; closed < 8; closed++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(fill_with(closed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		must(status == 0, "fds 0x%x closed: status 0x%x", closed,
		     status);
	}
	fd_close_all(p, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes),
		cmocka_unit_test(closes_zero),
		cmocka_unit_test(takes),
		cmocka_unit_test(closes_all),
		cmocka_unit_test(nonblocking),
		cmocka_unit_test(fills_standard),
	};

	return cmocka_run_group_tests_name("fd", tests, NULL, NULL);
}
