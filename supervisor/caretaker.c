/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/caretaker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "supervisor/own_jail.h"

#define FINISH_MS	1000

/* The only fds of the caretaker but for those of the sockets. */
enum {
	KEPT_NULL = 2,			/* and 0 and 1 */
	KEPT_PIPE,
	KEPT_READY,
	KEPT_FOLDER,
	KEPT_TTY,
	KEPT_END
};

static int keep_fds(int pipe, int ready, int folder, int tty)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int from[KEPT_END] = { null, null, null, pipe, ready, folder,
				     tty < 0 ? null : tty };
	int high[KEPT_END];

	/* Above all targets first, so that no dup2() hits a source. */
	for (int i = 0; i < KEPT_END; i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, KEPT_END);
		if (high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < KEPT_END; i++)
		if (dup2(high[i], i) < 0)
			return -errno;
	return close_range(KEPT_END, ~0U, 0) ? -errno : 0;
}

static void ignore_signals(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT,
				       SIGTSTP, SIGTTOU, SIGTTIN, SIGPIPE };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

/* An inode number is not used again while its file is open. */
static void hold_inodes(const struct console_table *table)
{
	for (unsigned int i = 0; i < table->count; i++) {
		const struct socket_file *file = &table->console[i].socket;

		(void)openat(KEPT_FOLDER, socket_file_name(file),
			     O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
}

static void await_end(void)
{
	char byte;

	while (read(KEPT_PIPE, &byte, 1) < 0 && errno == EINTR)
		;
}

static _Noreturn void run(const struct console_table *table,
			  const struct tty *tty, int pipe, int ready,
			  int folder)
{
	struct own_jail_report report;
	struct tty kept = *tty;

	setsid();
	ignore_signals();
	prctl(PR_SET_NAME, "vdc-caretaker", 0, 0, 0);
	if (keep_fds(pipe, ready, folder, tty->fd) || chdir("/"))
		_exit(1);
	kept.fd = tty->fd < 0 ? -1 : KEPT_TTY;
	hold_inodes(table);
	report = own_jail_caretaker(KEPT_FOLDER);
	if (write(KEPT_READY, &report, sizeof(report)) != sizeof(report) ||
	    report.err)
		_exit(1);
	await_end();
	for (unsigned int i = 0; i < table->count; i++)
		socket_file_remove(&table->console[i].socket, KEPT_FOLDER);
	tty_restore_if_raw(&kept);
	_exit(0);
}

/* Returns once @ready says that it is on guard, or that it is not. */
static int await_ready(int ready, enum sandbox_policy policy)
{
	struct own_jail_report report;
	ssize_t n;

	do
		n = read(ready, &report, sizeof(report));
	while (n < 0 && errno == EINTR);
	if (n == sizeof(report))
		return own_jail_judge_caretaker(&report, policy);
	log_error("caretaker: it has ended");
	return -ECHILD;
}

int caretaker_start(struct caretaker *caretaker,
		    const struct console_table *table, int folder,
		    const struct tty *tty, enum sandbox_policy policy)
{
	int end[2] = { -1, -1 };
	int ready[2] = { -1, -1 };
	int err = 0;

	if (pipe2(end, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		goto no_caretaker;
	caretaker->pid = fork();
	if (caretaker->pid < 0)
		goto no_caretaker;
	if (!caretaker->pid)
		run(table, tty, end[0], ready[1], folder);
	fd_close(&ready[1]);
	err = await_ready(ready[0], policy);
	if (!err)
		caretaker->pipe = fd_take(&end[1]);
	goto out;
no_caretaker:
	err = -errno;
	log_error("caretaker: %s", strerror(-err));
out:
	fd_close_all(end, 2);
	fd_close_all(ready, 2);
	return err;
}

void caretaker_finish(struct caretaker *caretaker)
{
	struct pollfd p = { .events = POLLIN };

	fd_close(&caretaker->pipe);
	p.fd = (int)syscall(SYS_pidfd_open, caretaker->pid, 0);
	if (p.fd < 0)
		return;
	poll(&p, 1, FINISH_MS);
	close(p.fd);
	waitpid(caretaker->pid, NULL, WNOHANG);
}
