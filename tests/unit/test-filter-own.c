/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The seccomp programs of the supervisor and the caretaker. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/filter.h"
#include "supervisor/spawn.h"
#include "tests/lib/must.h"

/* Returns the wait status of a caretaker that asks a terminal for @request. */
static int caretaker(unsigned long request)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		char room[256] = { 0 };

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    filter_enter_caretaker())
			_exit(1);
		syscall(SYS_ioctl, -1, request, room);
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void caretaker_restores_terminals(void **state)
{
	static const unsigned long well[] = {
		TCGETS, TCSETS,
#ifdef TCGETS2
		TCGETS2, TCSETS2,
#endif
	};
	static const unsigned long ill[] = { TIOCSTI, TIOCSCTTY, TCSETSW,
					     TIOCLINUX };

	(void)state;
	for (size_t i = 0; i < sizeof(well) / sizeof(*well); i++)
		must(!caretaker(well[i]), "request %lx", well[i]);
	for (size_t i = 0; i < sizeof(ill) / sizeof(*ill); i++)
		must(WIFSIGNALED(caretaker(ill[i])), "request %lx", ill[i]);
}

struct refusable {
	const char *name;
	long nr;
	long arg[6];
	bool refused;
};

/* The supervisor's program refuses with an error: it must not die of one. */
static void supervisor_is_refused(void **state)
{
	static const struct refusable calls[] = {
		{ "socket AF_INET", SYS_socket, { AF_INET, SOCK_STREAM }, true },
		{ "socket AF_UNIX", SYS_socket, { AF_UNIX, SOCK_STREAM }, true },
		{ "bind", SYS_bind, { -1 }, true },
		{ "connect", SYS_connect, { -1 }, true },
		{ "execve", SYS_execve, { 0 }, true },
		{ "ptrace", SYS_ptrace, { 0 }, true },
		{ "kill", SYS_kill, { 0, 0 }, true },
		{ "pidfd_getfd", SYS_pidfd_getfd, { -1, -1 }, true },
		{ "setuid", SYS_setuid, { 0 }, true },
		{ "bpf", SYS_bpf, { 0 }, true },
		{ "renameat2", SYS_renameat2, { -1, 0, -1, 0, 0 }, true },
		{ "socket AF_NETLINK", SYS_socket, { AF_NETLINK, -1 }, false },
		{ "accept4", SYS_accept4, { -1 }, false },
		{ "clone3", SYS_clone3, { 0, 0 }, true },
		{ "fork", SYS_clone, { SIGCHLD }, true },
		{ "clone a worker, and more",
		  SYS_clone, { SPAWN_FLAGS | SPAWN_NAMESPACES | CLONE_NEWNET },
		  true },
		{ "clone a thread, which fails", SYS_clone,
		  { CLONE_THREAD | CLONE_NEWUSER }, false },
		{ "execveat", SYS_execveat, { -1 }, false },
		{ "mount", SYS_mount, { 0 }, false },
		{ "recvmsg", SYS_recvmsg, { -1 }, false },
#ifndef VDC_SANITIZERS
		{ "TIOCSTI", SYS_ioctl, { -1, TIOCSTI }, true },
		{ "openat O_CREAT", SYS_openat,
		  { -1, 0, O_CREAT | O_WRONLY, 0600 }, true },
#endif
		{ "openat", SYS_openat, { -1, 0, O_WRONLY }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const long *a = calls[i].arg;
		int status;
		pid_t pid = fork();

		if (!pid) {
			long n;

			if (filter_enter_supervisor())
				syscall(SYS_exit_group, 9);
			n = syscall(calls[i].nr, a[0], a[1], a[2], a[3], a[4],
				    a[5]);
			syscall(SYS_exit_group, n < 0 && errno == ENOSYS);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		must(WIFEXITED(status) &&
		     WEXITSTATUS(status) == calls[i].refused, "%s: %x",
		     calls[i].name, (unsigned int)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caretaker_restores_terminals),
		cmocka_unit_test(supervisor_is_refused),
	};

	return cmocka_run_group_tests_name("filter-own", tests, NULL, NULL);
}
