/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The workers' seccomp program: what it lets through and what it kills. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/filter.h"
#include "tests/lib/must.h"

#define INSTRUCTIONS_MAX	4096

static struct sock_filter program[INSTRUCTIONS_MAX];
static struct sock_fprog fprog;

static int load(void **state)
{
	int fd = filter_for_workers();
	ssize_t n;

	(void)state;
	if (fd < 0)
		return -1;
	n = pread(fd, program, sizeof(program), 0);
	close(fd);
	fprog.len = (unsigned short)((size_t)n / sizeof(*program));
	fprog.filter = program;
	return n <= 0 || (size_t)n % sizeof(*program);
}

struct call {
	const char *name;
	long nr;
	long arg[6];
};

/* The wait status of a process that makes this call behind the filter. */
static int status_of(const struct call *call)
{
	const long *a = call->arg;
	int status;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog);
		syscall(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void lets_through(void **state)
{
	static const struct call calls[] = {
		{ "read", SYS_read, { -1 } },
		{ "write", SYS_write, { -1 } },
		{ "recvmmsg", SYS_recvmmsg, { -1 } },
		{ "sendmmsg", SYS_sendmmsg, { -1 } },
		{ "close", SYS_close, { -1 } },
		{ "mmap", SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
		{ "munmap", SYS_munmap, { 4096, 4096 } },
		{ "recv", SYS_recvfrom, { -1 } },
		{ "send", SYS_sendto, { -1 } },
		{ "MADV_DONTDUMP", SYS_madvise, { 0, 0, MADV_DONTDUMP } },
		{ "tgkill, which fails", SYS_tgkill, { 1, 1, SIGABRT } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int status = status_of(&calls[i]);

		must(status == 0, "%s: %x", calls[i].name,
		     (unsigned int)status);
	}
}

static void kills(void **state)
{
	static const struct call calls[] = {
		{ "mmap PROT_EXEC", SYS_mmap,
		  { 0, 4096, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
		{ "mprotect PROT_EXEC", SYS_mprotect, { 0, 0, PROT_EXEC } },
		{ "socket", SYS_socket, { 1, 1, 0 } },
		{ "connect", SYS_connect, { -1 } },
		{ "bind", SYS_bind, { -1 } },
		{ "accept4", SYS_accept4, { -1 } },
		{ "execve", SYS_execve, { 0 } },
		{ "execveat", SYS_execveat, { -1 } },
		{ "clone", SYS_clone, { SIGCHLD } },
		{ "clone3", SYS_clone3, { 0 } },
		{ "ptrace", SYS_ptrace, { 0 } },
		{ "kill", SYS_kill, { 0, 0 } },
		{ "tgkill SIGKILL", SYS_tgkill, { 1, 1, SIGKILL } },
		{ "tgkill another", SYS_tgkill, { 2, 2, SIGABRT } },
		{ "F_DUPFD", SYS_fcntl, { 0, F_DUPFD } },
		{ "F_SETFL", SYS_fcntl, { 0, F_SETFL } },
		{ "sendto an address", SYS_sendto, { -1, 0, 0, 0, 1 } },
#if __SIZEOF_LONG__ == 8
		{ "sendto a high address", SYS_sendto,
		  { -1, 0, 0, 0, 1L << 32 } },
		{ "recvfrom a high address", SYS_recvfrom,
		  { -1, 0, 0, 0, 1L << 32 } },
#endif
		{ "sendmsg MSG_OOB", SYS_sendmsg, { -1, 0, MSG_OOB } },
		{ "sendmmsg MSG_FASTOPEN", SYS_sendmmsg,
		  { -1, 0, 1, MSG_FASTOPEN } },
		{ "recvmsg MSG_ERRQUEUE", SYS_recvmsg, { -1, 0, MSG_ERRQUEUE } },
		{ "recvmmsg MSG_OOB", SYS_recvmmsg, { -1, 0, 1, MSG_OOB } },
		{ "dup", SYS_dup, { -1 } },
		{ "pidfd_getfd", SYS_pidfd_getfd, { -1, -1 } },
		{ "setuid", SYS_setuid, { 0 } },
		{ "unlinkat", SYS_unlinkat, { -1, 0, 0 } },
		{ "memfd_create", SYS_memfd_create, { 0 } },
		{ "io_uring_setup", SYS_io_uring_setup, { 0 } },
		{ "bpf", SYS_bpf, { 0 } },
		{ "no such call", 100000, { 0 } },
#ifdef __x86_64__
		{ "x32 read", 0x40000000, { -1 } },
#endif
#ifndef VDC_SANITIZERS
		{ "openat", SYS_openat, { -1 } },
		{ "TIOCSTI", SYS_ioctl, { 0, TIOCSTI } },
		{ "prctl", SYS_prctl, { PR_GET_DUMPABLE } },
		{ "mprotect", SYS_mprotect, { 0, 0, PROT_READ } },
		{ "sigreturn", SYS_rt_sigreturn, { 0 } },
		{ "MADV_REMOVE", SYS_madvise, { 0, 0, MADV_REMOVE } },
#endif
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int status = status_of(&calls[i]);

		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		     "%s: %x", calls[i].name, (unsigned int)status);
	}
}

#ifdef __x86_64__
/* The same kernel by its 32-bit door: getpid there is 20. */
static void kills_foreign_calls(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		int result = 20;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog);
		__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* SIGSEGV: a kernel without that door. */
	assert_true(WIFSIGNALED(status));
	assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
}
#endif

static bool is_asleep(pid_t pid)
{
	char path[40], stat[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(read(fd, stat, sizeof(stat) - 1) > 0, "%s: errno %d", path, errno);
	close(fd);
	return strstr(stat, ") S ") != NULL;
}

/* A sleep that SIGSTOP interrupts: the kernel has it begun again. */
static void can_be_stopped(void **state)
{
	static const struct timespec nap = { .tv_sec = 1 };
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog);
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &nap, NULL);
		syscall(SYS_exit_group, 0);
	}
	while (!is_asleep(pid))
		usleep(100);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	must(status == 0, "it ends with %x", (unsigned int)status);
}

struct allowed {
	const char *name;
};

#define ALLOW(name)			{ #name },
#define ALLOW_VALUE(name, arg, value)	{ #name },
#define ALLOW_WITHOUT(name, arg, bits)	{ #name },
#define ALLOW_SELF(name, sig)		{ #name },
#define ALLOW_BOTH(name, check, other)	{ #name },

static const struct allowed allowed[] = {
#include "supervisor/syscalls.h"
};

static bool is_allowed(const char *name)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (!strcmp(allowed[i].name, name))
			return true;
	return false;
}

/* This machine may not have them. */
static void allows_what_32_bits_need(void **state)
{
	static const char *const wide[][2] = {
		{ "clock_gettime", "clock_gettime64" },
		{ "clock_nanosleep", "clock_nanosleep_time64" },
		{ "ppoll", "ppoll_time64" },
		{ "recvmmsg", "recvmmsg_time64" },
		{ "fstat", "fstat64" },
		{ "fstatfs", "fstatfs64" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		must(is_allowed(wide[i][0]) && is_allowed(wide[i][1]), "%s",
		     wide[i][1]);
}

static void is_sealed(void **state)
{
	int fd = filter_for_workers();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 8), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_through),
		cmocka_unit_test(kills),
#ifdef __x86_64__
		cmocka_unit_test(kills_foreign_calls),
#endif
		cmocka_unit_test(can_be_stopped),
		cmocka_unit_test(allows_what_32_bits_need),
		cmocka_unit_test(is_sealed),
	};

	return cmocka_run_group_tests_name("filter", tests, load, NULL);
}
