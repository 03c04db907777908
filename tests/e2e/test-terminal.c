/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The nested backend on a terminal, without a guest: raw mode and its end
 * however it comes, job control, log lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/pty.h"
#include "tests/lib/wait.h"

#define ESCAPE		"\x1d"

static struct daemon d;
static struct pty tty;

static int setup(void **state)
{
	const char *argv[] = { daemon_path(), daemon_sandbox(), "-s", d.sock,
			       NULL };

	(void)state;
	daemon_prepare(&d);
	d.consoles = 1;
	pty_open(&tty, argv);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (d.pid > 0)
		kill(d.pid, SIGKILL);
	d.pid = 0;
	pty_close(&tty);
	command_no_orphans(WAIT_MS);
	daemon_destroy(&d);
	return 0;
}

static void start(void)
{
	pty_start(&tty);
	d.pid = tty.job;
	pty_expect_text(&tty, "^] ends it");
	pty_await_raw(&tty, true);
	daemon_worker(&d, 0, 0);
}

static int job_status(void)
{
	pty_wait(&tty);
	return pty_status(&tty, WAIT_MS);
}

/* Settings are as they were, and there is no socket. */
static void expect_restored(void)
{
	uint64_t deadline = wait_until(WAIT_MS);

	d.pid = 0;
	pty_await_restored(&tty);
	while (!access(daemon_sock(&d, 0), F_OK)) {
		must(wait_left(deadline) > 0, "the socket is left");
		wait_pause();
	}
}

static void expect_end(void)
{
	int status = job_status();

	must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %x",
	     (unsigned int)status);
	expect_restored();
}

static void end(void)
{
	pty_type(&tty, ESCAPE, 1);
	expect_end();
}

static void expect_stopped(void)
{
	int status = job_status();

	must(WIFSTOPPED(status), "wait status %x", (unsigned int)status);
}

/* The shell shares the terminal with us; its flags stay. */
static void flags_stay(void **state)
{
	(void)state;
	start();
	assert_false(pty_flags(&tty) & O_NONBLOCK);
	end();
	assert_false(pty_flags(&tty) & O_NONBLOCK);
}

static void signals_end_it(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		start();
		kill(d.pid, signals[i]);
		expect_end();
	}
}

static void killed(void **state)
{
	(void)state;
	start();
	kill(d.pid, SIGKILL);
	assert_true(WIFSIGNALED(job_status()));
	expect_restored();
}

static void worker_killed(void **state)
{
	(void)state;
	start();
	daemon_kill_worker(&d, 0, SIGKILL);
	pty_expect_text(&tty, "SIGKILL");
	assert_true(pty_is_raw(&tty));
	end();
}

static bool shows(const char *text)
{
	return memmem(tty.screen, tty.shown, text, strlen(text)) != NULL;
}

/* The terminal is in raw mode, and gets no more lines than it has to. */
static void log_lines(void **state)
{
	(void)state;
	start();
	daemon_kill_worker(&d, 0, SIGSEGV);
	pty_expect_text(&tty, "SIGSEGV");
	end();
	pty_look(&tty);
	for (size_t i = 0; i < tty.shown; i++)
		must(tty.screen[i] != '\n' || (i && tty.screen[i - 1] == '\r'),
		     "a bare LF: %.*s", (int)tty.shown, tty.screen);
	must(!shows("sock0"), "more than warnings: %.*s", (int)tty.shown,
	     tty.screen);
}

static void background_is_refused(void **state)
{
	int status;

	(void)state;
	pty_start_behind(&tty);
	status = job_status();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	pty_expect_text(&tty, "background");
	expect_restored();
}

static void stopped_and_continued(void **state)
{
	(void)state;
	start();
	kill(d.pid, SIGTSTP);
	expect_stopped();
	assert_false(pty_is_raw(&tty));
	/* Behind it stops again, and leaves the terminal alone. */
	pty_continue_behind(&tty);
	expect_stopped();
	assert_false(pty_is_raw(&tty));
	pty_continue(&tty);
	pty_await_raw(&tty, true);
	end();
}

/* A SIGSTOP gives no warning; what the shell then does is undone. */
static void stopped_without_warning(void **state)
{
	(void)state;
	start();
	kill(d.pid, SIGSTOP);
	expect_stopped();
	tcsetattr(tty.slave, TCSANOW, &tty.before);
	pty_continue(&tty);
	pty_await_raw(&tty, true);
	end();
}

static void killed_while_stopped(void **state)
{
	(void)state;
	start();
	kill(d.pid, SIGTSTP);
	expect_stopped();
	kill(d.pid, SIGKILL);
	assert_true(WIFSIGNALED(job_status()));
	expect_restored();
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(flags_stay),
		TEST(signals_end_it),
		TEST(killed),
		TEST(worker_killed),
		TEST(log_lines),
		TEST(background_is_refused),
		TEST(stopped_and_continued),
		TEST(stopped_without_warning),
		TEST(killed_while_stopped),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	command_adopt_orphans();
	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
