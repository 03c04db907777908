/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/userns.h"
#include "supervisor/cause.h"

/*
 * A worker starts with none of the fds that peers have sent, not even until it
 * executes its program: closing them could make it sleep. So it shares the
 * table at first, and takes of it what is below SLOT_END. The kernel copies
 * tables by the word, and so all of the first word is ours.
 */
enum {
	SLOT_PROGRAM = WORKER_FD_END,
	SLOT_NULL,
	SLOT_LOG,
	SLOT_END,
	RESERVED = 64,
};

int spawn_reserve(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < RESERVED);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int fill_slots(const struct spawn *s)
{
	if (dup3(s->program, SLOT_PROGRAM, O_CLOEXEC) < 0 ||
	    dup3(s->null, SLOT_NULL, O_CLOEXEC) < 0 ||
	    dup3(s->log, SLOT_LOG, O_CLOEXEC) < 0 ||
	    dup2(s->control, WORKER_FD_CONTROL) < 0 ||
	    dup2(s->state, WORKER_FD_STATE) < 0 ||
	    dup2(s->filter, WORKER_FD_FILTER) < 0 ||
	    dup2(s->proof, WORKER_FD_PROOF) < 0)
		return -errno;
	return 0;
}

static void clear_slots(const struct spawn *s)
{
	for (int slot = WORKER_FD_CONTROL; slot < SLOT_END; slot++)
		dup3(s->null, slot, O_CLOEXEC);
}

static int take_slots(void)
{
	if (close_range(SLOT_END, ~0U, CLOSE_RANGE_UNSHARE) ||
	    dup2(SLOT_NULL, STDIN_FILENO) < 0 ||
	    dup2(SLOT_NULL, STDOUT_FILENO) < 0 ||
	    dup2(SLOT_LOG, STDERR_FILENO) < 0)
		return -1;
	return 0;
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
static _Noreturn void child(const struct spawn *s,
			    const struct userns_maps *maps, char **argv)
{
	char *envp[] = { NULL };

	/* A supervisor that died before has closed the control socket. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		_exit(CAUSE_EXIT_EXEC);
	reset_signals();
	setsid();
	if (take_slots())
		_exit(cause_exit_of_exec(errno));
	if (s->namespaces && userns_map(maps))
		_exit(CAUSE_EXIT_MAPS);
	syscall(SYS_execveat, SLOT_PROGRAM, "", argv, envp,
		AT_EMPTY_PATH);
	_exit(cause_exit_of_exec(errno));
}

/*
 * Not clone3(): no filter can look at its flags, and container runtimes refuse
 * it for that. The stack, 0, is a copy of ours.
 */
static long clone_self(unsigned long flags, int *pidfd)
{
#ifdef __s390__
	return syscall(SYS_clone, 0, flags, pidfd, 0, 0);
#else
	return syscall(SYS_clone, flags, 0, pidfd, 0, 0);
#endif
}

pid_t spawn_worker(const struct spawn *spawn, int *pidfd)
{
	char name[] = "vhost-device-console-worker";
	char console[32];
	char path[128];
	char *argv[] = { name, console, path, NULL };
	const unsigned long flags = SPAWN_FLAGS |
		(spawn->namespaces ? SPAWN_NAMESPACES : 0);
	struct userns_maps maps;
	sigset_t all, before;
	long pid;
	int err = fill_slots(spawn);

	if (err) {
		clear_slots(spawn);
		return err;
	}
	if (spawn->socket_path) {
		snprintf(console, sizeof(console), "console=%u",
			 spawn->console);
		snprintf(path, sizeof(path), "socket=%s", spawn->socket_path);
	} else {
		snprintf(console, sizeof(console), "trial");
		argv[2] = NULL;
	}
	userns_maps_init(&maps, getuid(), getgid());
	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone_self(flags, pidfd);
	err = errno;
	if (!pid)
		child(spawn, &maps, argv);
	sigprocmask(SIG_SETMASK, &before, NULL);
	clear_slots(spawn);
	return pid < 0 ? -err : (pid_t)pid;
}
