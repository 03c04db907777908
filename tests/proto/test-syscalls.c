/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Every system call there is, tried by the real worker in its real jail: a
 * worker on trial is stopped at the last call it makes, which is then made
 * another. What it survives is on a list here, by name, and nothing else.
 */
#ifdef __x86_64__
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ctl.h"
#include "common/fd.h"
#include "supervisor/cause.h"
#include "supervisor/filter.h"
#include "supervisor/spawn.h"
#include "supervisor/statefd.h"
#include "supervisor/worker_end.h"
#include "tests/lib/daemon.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/require.h"
#include "tests/lib/unit.h"
#include "tests/proto/argument-rows.h"

#define CALLS		520		/* more than there are */
#define STEPS		16
#define JUNK		((unsigned long)-1)

/* To be kept in step with supervisor/syscalls.h, by hand and by thought. */
static const char *const allowed[] = {
	"brk", "clock_gettime", "clock_nanosleep", "close", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "exit_group", "fstat",
	"fstatfs", "getpid", "gettid", "gettimeofday", "mmap", "munmap",
	"poll", "ppoll", "preadv2", "read", "recvfrom", "recvmmsg", "recvmsg",
	"restart_syscall", "rt_sigprocmask", "sendmmsg", "sendmsg", "sendto",
	"shutdown", "write", "writev",
};

static struct spawn worker;

static int begin(void **state)
{
	(void)state;
	if (strcmp(daemon_sandbox(), "--sandbox=strict") != 0)
		test_skip("permit user namespaces");
	if (spawn_reserve())
		return -1;
	worker = (struct spawn){
		.program = open(daemon_beside("vhost-device-console-worker"),
				O_PATH | O_CLOEXEC),
		.null = open("/dev/null", O_RDWR | O_CLOEXEC),
		.log = STDERR_FILENO,
		.filter = filter_for_workers(),
		.proof = filter_for_proof(),
		.namespaces = true,
	};
	if (become_ordinary())
		return -1;
	worker.state = statefd_new(65536);
	return worker.program < 0 || worker.filter < 0 || worker.state < 0;
}

/* To the next call, or the end of one; a signal is let through. */
static void step(pid_t pid, int *status)
{
	long sig = 0;

	if (*status >> 16 == 0 && WSTOPSIG(*status) != (SIGTRAP | 0x80))
		sig = WSTOPSIG(*status);
	must(ptrace(PTRACE_SYSCALL, pid, NULL, sig) == 0, "ptrace: errno %d",
	     errno);
	must(waitpid(pid, status, __WALL) == pid, "waitpid: errno %d", errno);
}

/* What it is about to call, -1 if it is not. */
static long call_at(pid_t pid, unsigned long *first)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	*first = info.entry.args[0];
	return (long)info.entry.nr;
}

/* A worker in its jail, stopped as it is about to end. */
static pid_t start_worker(void)
{
	struct ctl_msg msg = { .type = CTL_CONFIG };
	int control[2], pidfd = -1, status;
	unsigned long how;
	pid_t pid;

	msg.config = (struct worker_config){
		.contract = WORKER_CONTRACT, .trial = 1, .log_level = 1,
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    control), 0);
	worker.control = control[1];
	pid = spawn_worker(&worker, &pidfd);
	assert_true(pid > 0);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (long)(PTRACE_O_TRACESYSGOOD |
						   PTRACE_O_EXITKILL)) != 0)
		test_skip("permit ptrace(2) of one's own processes");
	/* What it is asked for it can only hear of now. */
	must(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0, "interrupt");
	must(waitpid(pid, &status, __WALL) == pid, "waitpid");
	assert_int_equal(ctl_send(control[0], &msg, NULL, 0), 0);
	do {
		step(pid, &status);
		must(WIFSTOPPED(status), "the worker ends before its time: %x",
		     (unsigned int)status);
	} while (call_at(pid, &how) != SYS_exit_group);
	must(how == WORKER_EXIT_ASKED, "it ends with %lu", how);
	fd_close_all(control, 2);
	fd_close(&pidfd);
	return pid;
}

static void set_call(struct user_regs_struct *regs, const struct call *call)
{
	regs->orig_rax = (unsigned long long)call->nr;
	regs->rdi = call->arg[0];
	regs->rsi = call->arg[1];
	regs->rdx = call->arg[2];
	regs->r10 = call->arg[3];
	regs->r8 = call->arg[4];
	regs->r9 = call->arg[5];
}

static void make_it(pid_t pid, const struct call *call)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	must(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) == 0, "regs");
	set_call(&regs, call);
	must(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) == 0, "regs");
}

/*
 * Goes on at an instruction of its own: the kernel by the 32-bit door. The
 * call it stands at is made none first.
 */
static void make_it_foreign(pid_t pid)
{
	struct call none = { .nr = SYS_getpid };
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };
	int status = W_STOPCODE(SIGTRAP | 0x80);

	make_it(pid, &none);
	step(pid, &status);
	must(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) == 0, "regs");
	must(ptrace(PTRACE_POKETEXT, pid, (void *)regs.rip,
		    (void *)0x80cdUL) == 0, "poke");
	regs.rax = 20;
	must(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) == 0, "regs");
	step(pid, &status);
}

/* The signal @call kills the worker by, or 0. */
static int fate_of(const struct call *call)
{
	pid_t pid = start_worker();
	int status = W_STOPCODE(SIGTRAP | 0x80);
	unsigned long first;

	if (call)
		make_it(pid, call);
	else
		make_it_foreign(pid);
	/* The next call is the end of this one. */
	for (unsigned int i = 0; i < STEPS && WIFSTOPPED(status); i++) {
		step(pid, &status);
		if (WIFSTOPPED(status) && call_at(pid, &first) >= 0)
			break;
	}
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	kill(pid, SIGKILL);
	if (WIFSTOPPED(status))
		waitpid(pid, &status, __WALL);
	return 0;
}

static bool is_allowed(long nr, const char *name)
{
	/* uretprobe() and uprobe(): the kernel asks no filter for its own. */
	if (nr == 335 || nr == 336)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (name && strcmp(allowed[i], name) == 0)
			return true;
	return false;
}

static void each_call(void **state)
{
	unsigned int survived = 0;

	(void)state;
	for (long nr = 0; nr < CALLS; nr++) {
		/* No address, no fd, no length: what is let in does nothing. */
		struct call call = { .nr = nr };
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
							      (int)nr);
		int fate;

		if (nr == SYS_poll || nr == SYS_ppoll)
			call.arg[1] = JUNK;
		else if (nr == SYS_read || nr == SYS_write || nr == SYS_close)
			call.arg[0] = JUNK;
		else if (nr == SYS_mmap) {
			call.arg[2] = PROT_READ | PROT_WRITE;
			call.arg[3] = MAP_SHARED;
		}
		fate = fate_of(&call);
		if (is_allowed(nr, name))
			must(fate != SIGSYS || !name,
			     "%s is needed, and kills", name);
		else
			must(fate == SIGSYS, "call %ld, %s, is let through: %d",
			     nr, name ? name : "which has no name", fate);
		survived += fate != SIGSYS;
		free(name);
	}
	printf("%u of %d calls are let through\n", survived, CALLS);
}

static void foreign_calls(void **state)
{
	static const long x32[] = { 0, 1, 9, 10, 20, 39, 59, 512, 520, 547 };
	int fate;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(x32); i++) {
		struct call call = { .nr = 0x40000000 | x32[i] };

		must(fate_of(&call) == SIGSYS, "x32 call %ld", x32[i]);
	}
	/* SIGSEGV: a kernel without that door. */
	fate = fate_of(NULL);
	must(fate == SIGSYS || fate == SIGSEGV, "i386 call: %d", fate);
}

static void arguments(void **state)
{
	(void)state;
	for (const struct call *c = killed_calls; c->nr >= 0; c++)
		must(fate_of(c) == SIGSYS, "call %ld, row %td", c->nr,
		     c - killed_calls);
	for (const struct call *c = survived_calls; c->nr >= 0; c++)
		must(fate_of(c) == 0, "call %ld, row %td", c->nr,
		     c - survived_calls);
}

/* A program that traps @call and nothing else. */
static int trap_one(const char *call)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("trap", MFD_CLOEXEC);

	must(ctx != NULL && fd >= 0 &&
	     seccomp_rule_add(ctx, SCMP_ACT_TRAP,
			      seccomp_syscall_resolve_name(call), 0) == 0 &&
	     seccomp_export_bpf(ctx, fd) == 0, "%s: no program", call);
	seccomp_release(ctx);
	return fd;
}

/* As if a library had come to need a call that is not on the list. */
static void proves_itself_first(void **state)
{
	static const char *const calls[] = {
		"epoll_ctl", "preadv2", "write", "poll", "sendmmsg",
		"recvmmsg", "sendto", "recvfrom", "read", "writev",
		"shutdown", "sendmsg", "recvmsg", "fstatfs", "mmap", "munmap",
		"madvise", "clock_nanosleep", "brk",
	};
	const int proof = worker.proof;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct ctl_msg msg = { .type = CTL_CONFIG };
		int control[2], pidfd = -1;
		siginfo_t info = { 0 };
		char text[96];

		worker.proof = trap_one(calls[i]);
		msg.config = (struct worker_config){
			.contract = WORKER_CONTRACT, .trial = 1,
		};
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET |
					    SOCK_CLOEXEC, 0, control), 0);
		worker.control = control[1];
		assert_int_equal(ctl_send(control[0], &msg, NULL, 0), 0);
		assert_true(spawn_worker(&worker, &pidfd) > 0);
		assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED),
				 0);
		worker_end_text(&info, worker.state, text, sizeof(text));
		must(strstr(text, calls[i]) != NULL, "without %s: it %s",
		     calls[i], text);
		assert_int_equal(cause_of(&info), CAUSE_CANNOT_RUN);
		fd_close_all(control, 2);
		fd_close(&pidfd);
		close(worker.proof);
	}
	worker.proof = proof;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call),
		cmocka_unit_test(foreign_calls),
		cmocka_unit_test(arguments),
		cmocka_unit_test(proves_itself_first),
	};

	return cmocka_run_group_tests_name("syscalls", tests, begin, NULL);
}

#else

#include "tests/lib/require.h"

int main(void)
{
	test_skip("use an x86-64 machine, whose registers this test knows");
}

#endif
