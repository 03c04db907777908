/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The nested backend: a fake guest on the daemon's own terminal.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/pty.h"
#include "tests/lib/world.h"

#define CTRL_C		"\x03"
#define ESCAPE		"\x1d"
#define BLOCKS		120
#define BLOCK		4096

static struct pty pty;

static int setup(void **state)
{
	return world_setup(state);
}

static int teardown(void **state)
{
	int ret = world_teardown(state);

	pty_close(&pty);
	return ret;
}

/* A daemon on a terminal, with a booted guest. */
static void start(struct world *w, const char *escape)
{
	struct daemon *d = &w->daemon;
	const char *argv[] = {
		daemon_path(), "-s", NULL, daemon_sandbox(), "--escape",
		escape, NULL,
	};

	daemon_prepare(d);
	argv[2] = d->sock;
	d->consoles = 1;
	pty_open(&pty, argv);
	pty_start(&pty);
	d->pid = pty.job;
	pty_wait(&pty);
	pty_await_raw(&pty, true);
	w->worker[0] = daemon_worker(d, 0, 0);
	world_qemu(w, 0, GUEST_FEATURES);
}

static void check_console(struct world *w)
{
	guest_print_text(&w->guest[0], "the guest prints\r\n");
	pty_expect_text(&pty, "the guest prints\r\n");
	pty_type(&pty, "typed\r", 6);
	guest_expect_text(&w->guest[0], "typed\r");
}

/* The escape key ends all of it, with status 0, and soon. */
static void end(struct world *w)
{
	int status;

	pty_type(&pty, ESCAPE, 1);
	status = pty_status(&pty, 1000);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	     "the daemon's wait status is 0x%x", status);
	w->daemon.pid = 0;
	pty_await_restored(&pty);
	must(access(daemon_sock(&w->daemon, 0), F_OK) != 0,
	     "the socket is left behind");
}

static void t_45_interrupt_key_and_escape_key(void **state)
{
	struct world *w = *state;

	start(w, "^]");
	pty_expect_text(&pty, "^]");
	check_console(w);
	pty_type(&pty, CTRL_C, 1);
	guest_expect_text(&w->guest[0], CTRL_C);
	/* Stop, quit, end of file, XOFF and XON are the guest's as well. */
	pty_type(&pty, "\x1a\x1c\x04\x13\x11", 5);
	guest_expect_text(&w->guest[0], "\x1a\x1c\x04\x13\x11");
	check_console(w);
	end(w);
}

static void t_45_no_escape_key(void **state)
{
	struct world *w = *state;
	int status;

	start(w, "none");
	pty_type(&pty, ESCAPE, 1);
	guest_expect_text(&w->guest[0], ESCAPE);
	check_console(w);
	kill(pty.job, SIGTERM);
	status = pty_status(&pty, 1000);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	     "the daemon's wait status is 0x%x", status);
	w->daemon.pid = 0;
	pty_await_restored(&pty);
}

/* Raw and transparent: every byte, in order, both ways. */
static void streams(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	unsigned char block[BLOCK];
	uint64_t deadline;

	start(w, "none");
	guest_print_text(g, "begin>");
	pty_expect_text(&pty, "begin>");
	for (unsigned int i = 0; i < BLOCKS; i++) {
		pattern_fill(block, i * BLOCK, BLOCK);
		guest_print(g, block, BLOCK);
		pty_look(&pty);
	}
	deadline = wait_until(WAIT_MS);
	while (pty.shown - pty.seen < BLOCKS * BLOCK) {
		must(wait_fd(pty.master, POLLIN, deadline),
		     "%zu bytes are shown", pty.shown - pty.seen);
		pty_look(&pty);
	}
	pattern_check(pty.screen + pty.seen, 0, BLOCKS * BLOCK, "terminal");
	for (unsigned int at = 0; at < 65536; at += 1024) {
		pattern_fill(block, at, 1024);
		pty_type(&pty, block, 1024);
		guest_expect_input_pattern(g, at, 1024);
	}
	kill(pty.job, SIGTERM);
	pty_status(&pty, 1000);
	w->daemon.pid = 0;
	pty_await_restored(&pty);
}

static void t_44_worker_killed(void **state)
{
	struct world *w = *state;

	start(w, "^]");
	for (unsigned int i = 0; i < 5; i++) {
		check_console(w);
		daemon_kill_worker(&w->daemon, 0, SIGKILL);
		must(pty_is_raw(&pty), "the terminal is not raw any more");
	}
	check_console(w);
	end(w);
}

static void t_44_supervisor_killed(void **state)
{
	struct world *w = *state;
	uint64_t deadline = wait_until(WAIT_MS);
	pid_t worker;

	start(w, "^]");
	check_console(w);
	worker = w->worker[0];
	kill(pty.job, SIGKILL);
	must(WIFSIGNALED(pty_status(&pty, WAIT_MS)), "not killed");
	w->daemon.pid = 0;
	pty_await_restored(&pty);
	fe_expect_end(&w->fe[0]);
	while (kill(worker, 0) == 0 ||
	       access(daemon_sock(&w->daemon, 0), F_OK) == 0) {
		must(wait_left(deadline) > 0, "worker or socket is left");
		wait_pause();
	}
}

/* ^Z has no meaning here, but another process can send the signal. */
static void t_44_stopped_and_continued(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	start(w, "^]");
	for (unsigned int i = 0; i < 3; i++) {
		check_console(w);
		kill(pty.job, SIGTSTP);
		must(WIFSTOPPED(pty_status(&pty, WAIT_MS)), "not stopped");
		pty_await_restored(&pty);
		/* The guest is not: it prints, and nothing is shown. */
		guest_print_text(g, "meanwhile");
		pty_look(&pty);
		must(memmem(pty.screen + pty.seen, pty.shown - pty.seen,
			    "meanwhile", 9) == NULL, "the shell is disturbed");
		pty_continue(&pty);
		pty_wait(&pty);
		pty_expect_text(&pty, "meanwhile");
		pty_await_raw(&pty, true);
	}
	check_console(w);
	end(w);
}

/* A front-end comes and goes; the terminal is told and stays. */
static void front_end_comes_and_goes(void **state)
{
	struct world *w = *state;

	start(w, "^]");
	for (unsigned int i = 0; i < 3; i++) {
		check_console(w);
		fe_close(&w->fe[0]);
		pty_expect_text(&pty, "\r\n[vhost-device-console: ");
		guest_destroy(&w->guest[0]);
		guest_like_qemu(&w->guest[0], 64);
		fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
		fe_qemu_realize(&w->fe[0], &w->guest[0], ~0ULL);
		fe_qemu_start(&w->fe[0], &w->guest[0], GUEST_FEATURES);
		guest_boot(&w->guest[0]);
	}
	end(w);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(t_45_interrupt_key_and_escape_key),
		TEST(t_45_no_escape_key),
		TEST(streams),
		TEST(t_44_worker_killed),
		TEST(t_44_supervisor_killed),
		TEST(t_44_stopped_and_continued),
		TEST(front_end_comes_and_goes),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("nested", tests, NULL, NULL);
}
