/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The nested backend where there is no terminal: pipes, files, /dev/null.
 * The end of its input is not the end of the console.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/process.h"
#include "tests/lib/wait.h"

static char dir[64], sock[80], sock0[96], log_path[80];
static pid_t job;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vdc-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	snprintf(sock0, sizeof(sock0), "%s0", sock);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	return 0;
}

static int teardown(void **state)
{
	char rm[80];

	(void)state;
	if (job > 0)
		kill(job, SIGKILL);
	job = 0;
	command_no_orphans(WAIT_MS);
	snprintf(rm, sizeof(rm), "rm -rf %s", dir);
	return system(rm);
}

static void await(bool (*done)(void), const char *what)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (!done()) {
		must(wait_left(deadline) > 0, "no %s", what);
		wait_pause();
	}
}

static bool has_socket(void)
{
	return access(sock0, F_OK) == 0;
}

static bool has_worker(void)
{
	return process_child(job, "vhost-device-console-worker",
			     "console=0") > 0;
}

/* That epoll takes no file is known, and said to nobody. */
static void expect_no_word_of_libevent(void)
{
	FILE *file = fopen(log_path, "re");
	char line[512];

	must(file != NULL, "no log");
	while (fgets(line, sizeof(line), file) != NULL)
		must(strstr(line, "libevent") == NULL, "%s", line);
	fclose(file);
}

/* Standard input and output as given; ends by signal. */
static void without_terminal(int in, int out)
{
	int status;

	job = fork();
	if (!job) {
		setsid();
		dup2(in, 0);
		dup2(out, 1);
		dup2(open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
		close_range(3, ~0U, 0);
		execl(daemon_path(), daemon_path(), daemon_sandbox(), "-s",
		      sock, (char *)NULL);
		_exit(126);
	}
	close(in);
	close(out);
	await(has_socket, "socket");
	await(has_worker, "worker");
	/* Then it meets the end of its input. */
	wait_time(100);
	must(waitpid(job, &status, WNOHANG) == 0, "it ended");
	kill(job, SIGTERM);
	must(waitpid(job, &status, 0) == job && status == 0, "wait status %x",
	     (unsigned int)status);
	job = 0;
	assert_int_equal(access(sock0, F_OK), -1);
	expect_no_word_of_libevent();
}

static int null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static void with_null(void **state)
{
	(void)state;
	without_terminal(null(), null());
}

static void with_files(void **state)
{
	char path[80];
	int in, out;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", dir);
	out = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	in = open(path, O_RDONLY | O_CLOEXEC);
	without_terminal(in, out);
}

static void with_pipes(void **state)
{
	int in[2], out[2];

	(void)state;
	must(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC), "pipe");
	close(in[1]);
	without_terminal(in[0], out[1]);
	close(out[0]);
}

/* Flags of a pipe are its other users' as well. */
static void pipe_flags_stay(void **state)
{
	int in[2];

	(void)state;
	must(!pipe2(in, O_CLOEXEC), "pipe");
	without_terminal(dup(in[0]), null());
	must(!(fcntl(in[0], F_GETFL) & O_NONBLOCK), "the pipe is changed");
	close(in[0]);
	close(in[1]);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_null),
		TEST(with_files),
		TEST(with_pipes),
		TEST(pipe_flags_stay),
	};

	command_adopt_orphans();
	return cmocka_run_group_tests_name("standard streams", tests, NULL,
					   NULL);
}
