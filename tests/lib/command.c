/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/must.h"
#include "tests/lib/wait.h"

static pid_t start(const char *const *argv, int out, int err)
{
	pid_t pid = fork();

	must(pid >= 0, "fork: errno %d", errno);
	if (pid)
		return pid;
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(out, 1);
	dup2(err, 2);
	close_range(3, ~0U, 0);
	execv(argv[0], (char *const *)argv);
	_exit(126);
}

/* Adds what @fd has to @text; false at its end. */
static bool collect(int fd, char *text, size_t size, size_t *len)
{
	char rest[512];
	size_t room = size - 1 - *len;
	ssize_t n = room ? read(fd, text + *len, room) :
		    read(fd, rest, sizeof(rest));

	if (n > 0 && room)
		*len += (size_t)n;
	text[*len] = '\0';
	return n > 0;
}

void command_run(struct command *c, const char *const *argv)
{
	uint64_t deadline = wait_until(WAIT_MS);
	size_t out_len = 0, err_len = 0;
	int out[2], err[2];
	bool more = true;
	pid_t pid;

	must(!pipe2(out, O_CLOEXEC) && !pipe2(err, O_CLOEXEC), "pipe");
	pid = start(argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	c->out[0] = '\0';
	while (more) {
		must(wait_fd(err[0], POLLIN, deadline), "%s goes on", argv[0]);
		more = collect(err[0], c->err, sizeof(c->err), &err_len);
	}
	while (collect(out[0], c->out, sizeof(c->out), &out_len))
		;
	close(out[0]);
	close(err[0]);
	must(waitpid(pid, &c->status, 0) == pid, "waitpid: errno %d", errno);
}

unsigned int command_lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n' || !text[1];
	return n;
}

void command_adopt_orphans(void)
{
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1), "subreaper: errno %d", errno);
}

void command_no_orphans(unsigned int ms)
{
	uint64_t deadline = wait_until(ms);
	siginfo_t info = { .si_pid = 0 };

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG)) {
		must(wait_left(deadline) > 0, "a process is left");
		if (!info.si_pid)
			wait_pause();
	}
	must(errno == ECHILD, "waitid: errno %d", errno);
}
