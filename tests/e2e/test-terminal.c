/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The nested backend on a pseudo-terminal, under a shell of our own that has
 * job control; no guest. And without a terminal: pipes, files, /dev/null.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/process.h"
#include "tests/lib/wait.h"

#define WORKER	"vhost-device-console-worker"

/* What the shell is told, a byte each; it answers each with an int. */
enum order {
	START_FOREGROUND = 'f',		/* the daemon; pid */
	START_BACKGROUND = 'b',		/* pid */
	WAIT = 'w',			/* takes the terminal; wait status */
	CONTINUE_FOREGROUND = 'F',	/* 0 */
	CONTINUE_BACKGROUND = 'B',	/* 0 */
	FLAGS = 'n',			/* of its standard input */
};

static char dir[64], sock[80], sock0[96];
static int master = -1, slave = -1;
static int shell = -1;			/* connection to the shell */
static pid_t job;
static struct termios before;
static char screen[65536];
static size_t shown;

static pid_t start_job(bool foreground)
{
	pid_t pid = fork();

	if (pid) {
		setpgid(pid, pid);
		if (foreground)
			tcsetpgrp(0, pid);
		return pid;
	}
	setpgid(0, 0);
	if (foreground)
		tcsetpgrp(0, getpid());
	close_range(3, ~0U, 0);
	execl(daemon_path(), daemon_path(), "-s", sock, (char *)NULL);
	_exit(126);
}

static int obey(enum order order, pid_t *pid)
{
	int status = -1;

	switch (order) {
	case START_FOREGROUND:
		return *pid = start_job(true);
	case START_BACKGROUND:
		return *pid = start_job(false);
	case WAIT:
		waitpid(*pid, &status, WUNTRACED);
		tcsetpgrp(0, getpid());
		return status;
	case CONTINUE_FOREGROUND:
		tcsetpgrp(0, *pid);
		return kill(-*pid, SIGCONT);
	case CONTINUE_BACKGROUND:
		return kill(-*pid, SIGCONT);
	case FLAGS:
		return fcntl(0, F_GETFL);
	}
	return -1;
}

static _Noreturn void be_a_shell(const char *tty, int orders)
{
	pid_t pid = -1;
	char order;
	int fd;

	setsid();
	fd = open(tty, O_RDWR);
	ioctl(fd, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	orders = dup2(orders, 3);
	close_range(4, ~0U, 0);
	while (read(orders, &order, 1) == 1) {
		int answer = obey((enum order)order, &pid);

		if (write(orders, &answer, sizeof(answer)) < 0)
			break;
	}
	_exit(0);
}

static int tell(enum order order)
{
	char byte = (char)order;
	int answer;

	must(write(shell, &byte, 1) == 1, "the shell is gone");
	must(wait_fd(shell, POLLIN, wait_until(WAIT_MS)), "the shell waits");
	must(read(shell, &answer, sizeof(answer)) == sizeof(answer),
	     "the shell is gone");
	return answer;
}

static int setup(void **state)
{
	char tty[64];
	int pair[2];

	(void)state;
	strcpy(dir, "/tmp/vdc-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	snprintf(sock0, sizeof(sock0), "%s0", sock);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, tty, sizeof(tty)) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	slave = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (!fork())
		be_a_shell(tty, pair[1]);
	close(pair[1]);
	shell = pair[0];
	shown = 0;
	screen[0] = '\0';
	return tcgetattr(slave, &before);
}

static int teardown(void **state)
{
	char rm[80];

	(void)state;
	if (job > 0)
		kill(job, SIGKILL);
	job = 0;
	fd_close(&shell);
	fd_close(&slave);
	fd_close(&master);
	command_no_orphans(WAIT_MS);
	snprintf(rm, sizeof(rm), "rm -rf %s", dir);
	return system(rm);
}

static void look(void)
{
	ssize_t n;

	while ((n = read(master, screen + shown, sizeof(screen) - 1 - shown)) >
	       0)
		shown += (size_t)n;
	screen[shown] = '\0';
}

static void await_text(const char *text)
{
	uint64_t deadline = wait_until(WAIT_MS);

	for (look(); !strstr(screen, text); look()) {
		must(wait_left(deadline) > 0, "no \"%s\" in \"%s\"", text,
		     screen);
		wait_fd(master, POLLIN, deadline);
	}
}

static bool is_raw(void)
{
	struct termios now;

	must(!tcgetattr(slave, &now), "tcgetattr: errno %d", errno);
	return !(now.c_lflag & (ICANON | ISIG | ECHO)) &&
	       !(now.c_oflag & OPOST) && !(now.c_iflag & (ICRNL | IXON));
}

static void await_raw(bool raw)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (is_raw() != raw) {
		must(wait_left(deadline) > 0, "raw mode is %d", !raw);
		wait_pause();
	}
}

/* Settings as they were, and no socket. */
static void await_restored(void)
{
	uint64_t deadline = wait_until(WAIT_MS);
	struct termios now;

	do {
		must(wait_left(deadline) > 0, "not as before");
		wait_pause();
		tcgetattr(slave, &now);
	} while (now.c_iflag != before.c_iflag ||
		 now.c_oflag != before.c_oflag ||
		 now.c_cflag != before.c_cflag ||
		 now.c_lflag != before.c_lflag ||
		 memcmp(now.c_cc, before.c_cc, sizeof(now.c_cc)) ||
		 !access(sock0, F_OK));
}

static pid_t await_worker(pid_t but)
{
	uint64_t deadline = wait_until(WAIT_MS);
	pid_t pid;

	while (!(pid = process_child(job, WORKER, "console=0")) || pid == but) {
		must(wait_left(deadline) > 0, "no worker");
		wait_pause();
	}
	return pid;
}

static void start(void)
{
	job = tell(START_FOREGROUND);
	await_text("^] ends it");
	await_raw(true);
	await_worker(0);
}

static void type(const char *keys)
{
	must(write(master, keys, strlen(keys)) == (ssize_t)strlen(keys),
	     "write: errno %d", errno);
}

static void expect_end(int status)
{
	int s = tell(WAIT);

	must(WIFEXITED(s) && WEXITSTATUS(s) == status, "wait status %x",
	     (unsigned int)s);
	job = 0;
	await_restored();
}

static void expect_stopped(void)
{
	int status = tell(WAIT);

	must(WIFSTOPPED(status), "wait status %x", (unsigned int)status);
}

static void escape_ends_it(void **state)
{
	(void)state;
	start();
	must(!(tell(FLAGS) & O_NONBLOCK), "the shell's terminal is changed");
	type("\x1d");
	expect_end(0);
	must(!(tell(FLAGS) & O_NONBLOCK), "the shell's terminal is changed");
}

static void signals_end_it(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		shown = 0;
		start();
		kill(job, signals[i]);
		expect_end(0);
	}
}

/* To the guest it goes, and ends nothing. */
static void interrupt_key_is_the_guests(void **state)
{
	(void)state;
	start();
	type("\003\032\034");
	await_worker(0);
	assert_true(is_raw());
	type("\x1d");
	expect_end(0);
}

static void killed(void **state)
{
	int status;

	(void)state;
	start();
	kill(job, SIGKILL);
	status = tell(WAIT);
	assert_true(WIFSIGNALED(status));
	job = 0;
	await_restored();
}

static void worker_killed(void **state)
{
	pid_t pid;

	(void)state;
	start();
	pid = await_worker(0);
	kill(pid, SIGKILL);
	await_worker(pid);
	await_text("SIGKILL");
	assert_true(is_raw());
	type("\x1d");
	expect_end(0);
}

/* The terminal is in raw mode, and gets no more than it has to. */
static void log_lines(void **state)
{
	(void)state;
	start();
	kill(await_worker(0), SIGSEGV);
	await_text("SIGSEGV");
	type("\x1d");
	expect_end(0);
	look();
	for (const char *p = screen; (p = strchr(p, '\n')); p++)
		must(p > screen && p[-1] == '\r', "a bare LF: %s", screen);
	must(!strstr(screen, "sock0"), "more than warnings: %s", screen);
}

static void background_is_refused(void **state)
{
	int status;

	(void)state;
	job = tell(START_BACKGROUND);
	status = tell(WAIT);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	job = 0;
	await_text("background");
	assert_int_equal(command_lines(screen), 1);
	await_restored();
}

static void stopped_and_continued(void **state)
{
	(void)state;
	start();
	kill(job, SIGTSTP);
	expect_stopped();
	assert_false(is_raw());
	/* In the background it stops again, and leaves the terminal alone. */
	tell(CONTINUE_BACKGROUND);
	expect_stopped();
	assert_false(is_raw());
	tell(CONTINUE_FOREGROUND);
	await_raw(true);
	type("\x1d");
	expect_end(0);
}

/* A SIGSTOP gives no warning; what the shell then does is undone. */
static void stopped_without_warning(void **state)
{
	(void)state;
	start();
	kill(job, SIGSTOP);
	expect_stopped();
	tcsetattr(slave, TCSANOW, &before);
	tell(CONTINUE_FOREGROUND);
	await_raw(true);
	type("\x1d");
	expect_end(0);
}

static void killed_while_stopped(void **state)
{
	(void)state;
	start();
	kill(job, SIGTSTP);
	expect_stopped();
	kill(job, SIGKILL);
	tell(WAIT);
	job = 0;
	await_restored();
}

/* Standard input and output as given; ends by signal. */
static void without_terminal(int in, int out)
{
	uint64_t deadline = wait_until(WAIT_MS);
	int status;

	job = fork();
	if (!job) {
		setsid();
		dup2(in, 0);
		dup2(out, 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		close_range(3, ~0U, 0);
		execl(daemon_path(), daemon_path(), "-s", sock, (char *)NULL);
		_exit(126);
	}
	close(in);
	close(out);
	while (access(sock0, F_OK)) {
		must(wait_left(deadline) > 0, "no socket");
		wait_pause();
	}
	await_worker(0);
	/* The end of its input is long past by now. */
	wait_time(100);
	must(waitpid(job, &status, WNOHANG) == 0, "it ended");
	kill(job, SIGTERM);
	must(waitpid(job, &status, 0) == job && status == 0, "wait status %x",
	     (unsigned int)status);
	job = 0;
	assert_int_equal(access(sock0, F_OK), -1);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(escape_ends_it),
		TEST(signals_end_it),
		TEST(interrupt_key_is_the_guests),
		TEST(killed),
		TEST(worker_killed),
		TEST(log_lines),
		TEST(background_is_refused),
		TEST(stopped_and_continued),
		TEST(stopped_without_warning),
		TEST(killed_while_stopped),
		TEST(with_null),
		TEST(with_files),
		TEST(with_pipes),
		TEST(pipe_flags_stay),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	command_adopt_orphans();
	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
