/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What workers get as standard error: nothing that they could read from. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/tty.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

static int kept;			/* standard error of the test */

static int setup(void **state)
{
	(void)state;
	kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return kept < 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(kept, STDERR_FILENO);
	close(kept);
	return 0;
}

/* With @fd as ours. */
static int log_of(int fd)
{
	int log;

	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	log = tty_open_log();
	dup2(kept, STDERR_FILENO);
	must(log > STDERR_FILENO, "%d", log);
	return log;
}

static void terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char byte, text[16] = "";
	int slave, log;

	(void)state;
	must(master >= 0 && !grantpt(master) && !unlockpt(master), "pty");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	log = log_of(slave);
	assert_int_equal(fcntl(log, F_GETFL) & O_ACCMODE, O_WRONLY);
	assert_int_equal(write(master, "typed\n", 6), 6);
	must(wait_fd(slave, POLLIN, wait_until(WAIT_MS)), "nothing typed");
	assert_int_equal(read(log, &byte, 1), -1);
	assert_int_equal(read(slave, text, sizeof(text)), 6);
	assert_int_equal(write(log, "line\n", 5), 5);
	assert_true(read(master, text, sizeof(text)) > 0);
	close(log);
	close(slave);
	close(master);
}

static void pipe_of_a_log(void **state)
{
	int end[2], log;
	char byte;

	(void)state;
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	log = log_of(end[1]);
	assert_int_equal(write(log, "x", 1), 1);
	assert_int_equal(read(end[0], &byte, 1), 1);
	assert_int_equal(read(log, &byte, 1), -1);
	close(log);
	close(end[1]);
	/* no other holds it open */
	assert_int_equal(read(end[0], &byte, 1), 0);
	close(end[0]);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(terminal),
		TEST(pipe_of_a_log),
	};

	return cmocka_run_group_tests_name("log fd", tests, NULL, NULL);
}
