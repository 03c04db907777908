/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifdef __x86_64__
#include "tests/lib/inject.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/seize.h"
#include "tests/lib/wait.h"

/* Ends a process's wait; it sees nothing of it, as the tracer keeps it. */
#define ATTENTION	SIGURG
#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define BELOW_STACK	100000		/* where the data is: none gets there */
#define PROGRAMS_MAX	64
#define SYSCALL_LEN	2		/* of the instruction */

enum phase {
	PHASE_NONE,
	PHASE_ASKED,			/* until it makes some call */
	PHASE_CALLED,			/* until that is over */
	PHASE_OVER,			/* until it has survived */
};

/* A process, from its exec() on, and the address of its data. */
struct program {
	pid_t pid;
	unsigned long data;
};

struct inject {
	atomic_int works;		/* 1: yes, -1: no */
	atomic_uint asked, answered;

	/* the test's, until the daemon starts or it asks */
	char data[INJECT_DATA];
	pid_t pid;
	struct inject_call call;

	/* the tracer's, until it answers */
	pid_t daemon;
	struct program program[PROGRAMS_MAX];
	unsigned int programs;
	enum phase phase;
	struct user_regs_struct saved;
	struct inject_result result;
};

static struct inject *next_inject;

static void answer(struct inject *in, int sig, long value)
{
	in->result = (struct inject_result){ sig, value };
	in->phase = PHASE_NONE;
	atomic_store(&in->answered, atomic_load(&in->asked));
}

static int registers(pid_t pid, int request, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	return ptrace(request, pid, NT_PRSTATUS, &iov) == 0 ? 0 : -errno;
}

static unsigned long located(unsigned long word, unsigned long data)
{
	return word - INJECT_ADDRESS < INJECT_DATA ?
	       word - INJECT_ADDRESS + data : word;
}

static void write_data(struct inject *in, pid_t pid)
{
	struct user_regs_struct regs;
	unsigned long data;

	if (in->programs == PROGRAMS_MAX ||
	    registers(pid, PTRACE_GETREGSET, &regs) != 0)
		return;
	data = (regs.rsp - BELOW_STACK) & ~15UL;
	in->program[in->programs++] = (struct program){ pid, data };
	for (size_t i = 0; i < INJECT_DATA; i += sizeof(long)) {
		unsigned long word;

		memcpy(&word, in->data + i, sizeof(word));
		ptrace(PTRACE_POKEDATA, pid, data + i, located(word, data));
	}
}

/* The caretaker has the daemon's, as it is a copy of it. */
static unsigned long data_of(const struct inject *in, pid_t pid)
{
	for (unsigned int i = 0; i < in->programs; i++)
		if (in->program[i].pid == pid)
			return in->program[i].data;
	return in->program[0].data;
}

/* It is about to call something: that waits for ours. */
static void begin_call(struct inject *in, pid_t pid)
{
	struct user_regs_struct regs;
	unsigned long data = data_of(in, pid);

	registers(pid, PTRACE_GETREGSET, &in->saved);
	regs = in->saved;
	regs.orig_rax = (unsigned long)in->call.nr;
	regs.rdi = located(in->call.arg[0], data);
	regs.rsi = located(in->call.arg[1], data);
	regs.rdx = located(in->call.arg[2], data);
	regs.r10 = located(in->call.arg[3], data);
	regs.r8 = located(in->call.arg[4], data);
	regs.r9 = located(in->call.arg[5], data);
	registers(pid, PTRACE_SETREGSET, &regs);
	in->phase = PHASE_CALLED;
}

static void end_call(struct inject *in, pid_t pid)
{
	struct user_regs_struct regs;

	registers(pid, PTRACE_GETREGSET, &regs);
	in->saved.rax = in->saved.orig_rax;
	in->saved.rip -= SYSCALL_LEN;
	in->saved.orig_rax = -1UL;
	registers(pid, PTRACE_SETREGSET, &in->saved);
	in->result.value = (long)regs.rax;
	in->phase = PHASE_OVER;
}

static void step_on(struct inject *in, pid_t pid)
{
	switch (in->phase) {
	case PHASE_NONE:
		break;
	case PHASE_ASKED:
		begin_call(in, pid);
		break;
	case PHASE_CALLED:
		end_call(in, pid);
		break;
	case PHASE_OVER:
		answer(in, 0, in->result.value);
		break;
	}
}

static void stopped(struct inject *in, pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);
	bool ours = pid == in->pid && in->phase != PHASE_NONE;

	if (event == PTRACE_EVENT_STOP &&
	    (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	     sig == SIGTTOU)) {
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		return;
	}
	if (event == 0 && sig == ATTENTION &&
	    atomic_load(&in->asked) != atomic_load(&in->answered)) {
		if (pid == in->pid && in->phase == PHASE_NONE)
			in->phase = PHASE_ASKED;
		ours = in->phase != PHASE_NONE;
	} else if (event == 0 && sig == SYSCALL_STOP && ours) {
		step_on(in, pid);
		ours = in->phase != PHASE_NONE;
	} else if (event == PTRACE_EVENT_EXEC) {
		write_data(in, pid);
	}
	if (event != 0 || sig == SYSCALL_STOP || sig == ATTENTION)
		sig = 0;
	ptrace(ours ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, (long)sig);
}

static _Noreturn void trace(void *arg)
{
	struct inject *in = arg;
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno != EINTR)
			_exit(0);
		if (pid > 0 && WIFSTOPPED(status))
			stopped(in, pid, status);
		else if (pid > 0 && pid == in->pid && in->phase != PHASE_NONE)
			answer(in, WIFSIGNALED(status) ? WTERMSIG(status) : -1,
			       0);
	}
}

/* In the process that is to become the daemon. */
static void be_traced(void)
{
	struct inject *in = next_inject;

	in->daemon = getpid();
	seize_daemon(&in->works, trace, in);
}

struct inject *inject_new(const void *data)
{
	struct inject *in = mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(in != MAP_FAILED, "mmap: errno %d", errno);
	memcpy(in->data, data, INJECT_DATA);
	next_inject = in;
	daemon_before_exec(be_traced);
	return in;
}

bool inject_works(const struct inject *in)
{
	return atomic_load(&in->works) > 0;
}

struct inject_result inject_call(struct inject *in, pid_t pid,
				 const struct inject_call *call)
{
	uint64_t deadline = wait_until(WAIT_MS);
	unsigned int asked = atomic_load(&in->asked) + 1;

	in->pid = pid;
	in->call = *call;
	atomic_store(&in->asked, asked);
	must(kill(pid, ATTENTION) == 0, "kill: errno %d", errno);
	while (atomic_load(&in->answered) != asked) {
		must(wait_left(deadline) > 0, "call %ld is never made",
		     call->nr);
		wait_pause();
	}
	return in->result;
}

void inject_free(struct inject *in)
{
	daemon_before_exec(NULL);
	munmap(in, sizeof(*in));
}
#endif
