/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/contract.h"
#include "supervisor/cause.h"

/* Above every fd of the contract, and room for the copies. */
#define HIGH	64

static int copy_high(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
}

/* Copies go above all targets first, so that no dup2() hits a source. */
static int place_fds(const struct spawn *s, int *program)
{
	const struct {
		int from, to;
	} fds[] = {
		{ copy_high(s->null), STDIN_FILENO },
		{ copy_high(s->null), STDOUT_FILENO },
		{ copy_high(s->control), WORKER_FD_CONTROL },
		{ copy_high(s->state), WORKER_FD_STATE },
		{ copy_high(s->filter), WORKER_FD_FILTER },
	};

	*program = copy_high(s->program);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i].from < 0 || dup2(fds[i].from, fds[i].to) < 0)
			return -1;
	return close_range(WORKER_FD_END, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGPIPE)
			sigaction(sig, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A copy of us: only async-signal-safe calls from here to exec. */
static _Noreturn void child(const struct spawn *s, pid_t parent, char **argv)
{
	char *envp[] = { NULL };
	int program;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
		_exit(CAUSE_EXIT_EXEC);
	reset_signals();
	setsid();
	if (!place_fds(s, &program))
		syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
	_exit(CAUSE_EXIT_EXEC);
}

pid_t spawn_worker(const struct spawn *spawn, int *pidfd)
{
	char name[] = "vhost-device-console-worker";
	char console[32];
	char path[128];
	char *argv[] = { name, console, path, NULL };
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	const pid_t parent = getpid();
	sigset_t all, before;
	long pid;
	int err;

	snprintf(console, sizeof(console), "console=%u", spawn->console);
	snprintf(path, sizeof(path), "socket=%s", spawn->socket_path);
	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	err = errno;
	if (!pid)
		child(spawn, parent, argv);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? -err : (pid_t)pid;
}
