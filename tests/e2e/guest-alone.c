/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Tests that need a daemon of their own for one guest. Nothing else runs then.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/guest-tests.h"
#include "tests/lib/client.h"
#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/guest-shell.h"
#include "tests/lib/must.h"
#include "tests/lib/pty.h"
#include "tests/lib/real-guest.h"
#include "tests/lib/wait.h"

#define CTRL_C		"\x03"
#define ESCAPE		"\x1d"
#define END_MS		10000
#define KILLS		10
#define TICK_MS		500

static struct daemon d;
static struct real_guest guest;
static struct tclient client = { .fd = -1 };
static struct pty tty;

int alone_teardown(void **kind)
{
	(void)kind;
	tclient_close(&client);
	real_guest_stop(&guest);
	if (tty.screen != NULL && d.pid != 0) {
		/* The child of the terminal's shell, which waits for it. */
		kill(d.pid, SIGKILL);
		d.pid = 0;
	}
	pty_close(&tty);
	daemon_destroy(&d);
	return 0;
}

static void end_and_leave_nothing(void)
{
	alone_teardown(NULL);
	command_no_orphans(END_MS);
}

void alone_show_logs(void)
{
	if (d.dir[0] == '\0')
		return;
	daemon_log_show("the daemon's log", d.log);
	real_guest_show_log(&guest);
}

/* The log's first warning, if there is one, comes long before the shell. */
static void await_guest_ready(void)
{
	static const char text[] = "guest ready\r\n";

	while (memmem(tty.screen + tty.seen, tty.shown - tty.seen, text,
		      strlen(text)) == NULL) {
		real_guest_await(&guest, tty.master);
		pty_look(&tty);
	}
	pty_expect_text(&tty, text);
}

static void type(const char *keys)
{
	pty_type(&tty, keys, strlen(keys));
}

void nested_terminal(void **kind)
{
	const char *argv[] = { daemon_path(), daemon_sandbox(), "-s", d.sock,
			       NULL };
	int status;

	daemon_prepare(&d);
	d.consoles = 1;
	pty_open(&tty, argv);
	pty_start(&tty);
	d.pid = tty.job;
	pty_wait(&tty);
	pty_expect_text(&tty, "^] ends it\r\n");
	pty_await_raw(&tty, true);
	real_guest_start(&guest, *kind, &d, 0, NULL);
	await_guest_ready();
	pty_expect_text(&tty, "guest# ");

	type("tty; echo $((6*7))\r");
	pty_expect_text(&tty, "\r\n/dev/hvc0\r\n42\r\n");
	pty_expect_text(&tty, "guest# ");

	/* What says so is in the foreground already. */
	type("sh -c 'echo up; sleep 1000'\r");
	pty_expect_text(&tty, "\r\nup\r\n");
	type(CTRL_C);
	pty_expect_text(&tty, "guest# ");
	type("echo status $?\r");
	pty_expect_text(&tty, "\r\nstatus 130\r\n");
	must(pty_is_raw(&tty), "the terminal is not raw any more");

	type(ESCAPE);
	status = pty_status(&tty, END_MS);
	d.pid = 0;
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	     "the daemon's wait status is 0x%x", (unsigned int)status);
	pty_await_restored(&tty);
	must(access(daemon_sock(&d, 0), F_OK) != 0, "the socket is left");
	end_and_leave_nothing();
}

static void expect_tick(unsigned int n)
{
	char text[24];

	snprintf(text, sizeof(text), "tick %u\r\n", n);
	shell_expect(&client, text);
}

/* What is printed before the kill is left to the worker that comes next. */
static void kill_while_printing(void)
{
	kill(daemon_worker(&d, 0, 0), SIGSTOP);
	wait_time(TICK_MS + TICK_MS / 2);
	daemon_kill_worker(&d, 0, SIGKILL);
}

static void kill_between(unsigned int part)
{
	wait_time(part * TICK_MS / KILLS);
	daemon_kill_worker(&d, 0, SIGKILL);
}

void ticks_through_ten_kills(void **kind)
{
	unsigned int n = 0;

	daemon_start(&d, 1, NULL);
	tclient_open(&client, d.port, 0);
	real_guest_start(&guest, *kind, &d, 0, "vdc.ticks");
	real_guest_await(&guest, client.fd);
	while (n < KILLS) {
		expect_tick(n);
		if (n % 2)
			kill_while_printing();
		else
			kill_between(n);
		n++;
	}
	for (unsigned int i = 0; i < 3; i++)
		expect_tick(n++);
	daemon_stop(&d, END_MS);
	end_and_leave_nothing();
}
