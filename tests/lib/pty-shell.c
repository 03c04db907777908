/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/pty-shell.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTION	3

/* Both sides do it: whoever is first, the other must not be too late. */
static void to_foreground(pid_t pid)
{
	setpgid(pid, pid);
	tcsetpgrp(0, pid);
}

static void to_background(pid_t pid)
{
	setpgid(pid, pid);
}

static pid_t start(const char *const *argv, void (*place)(pid_t pid))
{
	pid_t pid = fork();

	if (pid > 0)
		place(pid);
	if (pid != 0)
		return pid;
	place(getpid());
	signal(SIGTTOU, SIG_DFL);
	close_range(CONNECTION, ~0U, 0);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int obey(enum pty_order order, const char *const *argv, pid_t *job)
{
	int status = -1;

	switch (order) {
	case PTY_START:
		return *job = start(argv, to_foreground);
	case PTY_START_BEHIND:
		return *job = start(argv, to_background);
	case PTY_WAIT:
		waitpid(*job, &status, WUNTRACED);
		tcsetpgrp(0, getpid());
		return status;
	case PTY_CONTINUE:
		tcsetpgrp(0, *job);
		return kill(-*job, SIGCONT);
	case PTY_CONTINUE_BEHIND:
		return kill(-*job, SIGCONT);
	case PTY_FLAGS:
		return fcntl(0, F_GETFL);
	}
	return -1;
}

void pty_shell(const char *tty, int connection, const char *const *argv)
{
	pid_t job = -1;
	char order;
	int fd;

	setsid();
	fd = open(tty, O_RDWR);
	ioctl(fd, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	/* Out of the way of 0 to 3 first. */
	connection = fcntl(connection, F_DUPFD, 10);
	fd = fcntl(fd, F_DUPFD, 10);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	dup2(connection, CONNECTION);
	close_range(CONNECTION + 1, ~0U, 0);
	while (read(CONNECTION, &order, 1) == 1) {
		int answer = obey((enum pty_order)order, argv, &job);

		if (write(CONNECTION, &answer, sizeof(answer)) < 0)
			break;
	}
	_exit(0);
}
