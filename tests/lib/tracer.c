/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/tracer.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define VDC_STATE_POINTS
#include "common/state_point.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"

#define OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | \
		 PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK | \
		 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct tracer {
	/* the test's */
	atomic_bool armed;
	unsigned int aim[2];

	/* the tracer's */
	atomic_int works;		/* 1: yes, -1: no */
	atomic_uint stops[2];
	atomic_uint kills;
	atomic_uint start_stops;
	atomic_int strange_end;
	uint32_t kind[2][TRACER_STOPS];
	char where[TRACER_WHERE];
	pid_t daemon;
	pid_t worker;			/* the latest */
	bool fresh;			/* it was started since the kill */
	bool killed;			/* ... and has been killed too */
};

static struct tracer *next_tracer;

static const char *call_name(uint64_t nr)
{
	static char name[40];
	char *known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
						       (int)nr);

	snprintf(name, sizeof(name), "%s", known != NULL ? known : "a call");
	free(known);
	return name;
}

static bool waits_for_events(uint64_t nr)
{
#ifdef SYS_epoll_wait
	if (nr == SYS_epoll_wait)
		return true;
#endif
#ifdef SYS_epoll_pwait2
	if (nr == SYS_epoll_pwait2)
		return true;
#endif
	return nr == SYS_epoll_pwait;
}

static bool is_point(const struct __ptrace_syscall_info *info)
{
	return info->entry.nr == SYS_getpid &&
	       info->entry.args[0] == STATE_POINT_MAGIC;
}

static void note(struct tracer *t, const struct __ptrace_syscall_info *info,
		 uint64_t nr)
{
	if (info->op == PTRACE_SYSCALL_INFO_EXIT)
		snprintf(t->where, sizeof(t->where), "after %s",
			 call_name(nr));
	else if (!is_point(info))
		snprintf(t->where, sizeof(t->where), "before %s",
			 call_name(nr));
	else
		snprintf(t->where, sizeof(t->where), "in %.16s, line %u",
			 (const char *)&info->entry.args[2],
			 (unsigned int)info->entry.args[1]);
}

static uint32_t kind_of(const struct __ptrace_syscall_info *info, uint64_t nr)
{
	bool exit = info->op == PTRACE_SYSCALL_INFO_EXIT;
	bool point = !exit && is_point(info);
	uint64_t hash = nr * 2 + exit + 1;

	if (point)
		hash = info->entry.args[1] ^ info->entry.args[2] ^
		       info->entry.args[3];
	hash = hash * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	return (uint32_t)(hash & ~UINT64_C(1)) | point;
}

static void shoot(struct tracer *t, pid_t pid)
{
	t->killed = true;
	t->fresh = false;
	kill(pid, SIGKILL);
	atomic_fetch_add(&t->kills, 1);
}

/* The end of a point's call is the same place as its start. */
static void count_stop(struct tracer *t, pid_t pid)
{
	static uint64_t nr;
	static bool point;
	struct __ptrace_syscall_info info = { 0 };
	unsigned int life = atomic_load(&t->kills) > 0, n;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		nr = info.entry.nr;
		point = is_point(&info);
	} else if (point) {
		point = false;
		return;
	}
	if (life > 0 && waits_for_events(nr) && t->fresh &&
	    atomic_load(&t->start_stops) == 0)
		atomic_store(&t->start_stops, atomic_load(&t->stops[1]));
	if (!atomic_load(&t->armed) || (life > 0 && !t->fresh))
		return;
	n = atomic_fetch_add(&t->stops[life], 1) + 1;
	if (n < TRACER_STOPS)
		t->kind[life][n] = kind_of(&info, nr);
	if (n != t->aim[life] || atomic_load(&t->kills) > life)
		return;
	note(t, &info, nr);
	shoot(t, pid);
}

static void resume(const struct tracer *t, pid_t pid, int sig)
{
	ptrace(pid == t->worker ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL,
	       (void *)(long)sig);
}

static void stopped(struct tracer *t, pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	switch (status >> 16) {
	case PTRACE_EVENT_EXEC:
		if (pid != t->daemon) {
			t->worker = pid;
			t->fresh = true;
			t->killed = false;
		}
		break;
	case PTRACE_EVENT_STOP:
		if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
		    sig == SIGTTOU) {
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
			return;
		}
		break;
	case 0:
		if (sig != (SIGTRAP | 0x80)) {
			resume(t, pid, sig);
			return;
		}
		if (pid == t->worker)
			count_stop(t, pid);
		break;
	}
	resume(t, pid, 0);
}

static void ended(struct tracer *t, pid_t pid, int status)
{
	if (pid != t->worker)
		return;
	if (!t->killed && status != 0)
		atomic_store(&t->strange_end, status);
	t->worker = 0;
}

static _Noreturn void trace(struct tracer *t)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno != EINTR)
			_exit(0);
		if (pid > 0 && WIFSTOPPED(status))
			stopped(t, pid, status);
		else if (pid > 0)
			ended(t, pid, status);
	}
}

/*
 * In the process that is to become the daemon: the tracer is made no child of
 * it, and has seized it before it goes on.
 */
static void start_tracer(void)
{
	struct tracer *t = next_tracer;
	pid_t pid;

	t->daemon = getpid();
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		if (ptrace(PTRACE_SEIZE, t->daemon, NULL, OPTIONS) != 0) {
			atomic_store(&t->works, -1);
			_exit(1);
		}
		atomic_store(&t->works, 1);
		trace(t);
	}
	waitpid(pid, NULL, 0);
	while (atomic_load(&t->works) == 0)
		usleep(100);
}

struct tracer *tracer_new(void)
{
	struct tracer *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(t != MAP_FAILED, "mmap: errno %d", errno);
	next_tracer = t;
	daemon_before_exec(start_tracer);
	return t;
}

bool tracer_works(const struct tracer *t)
{
	return atomic_load(&t->works) > 0;
}

void tracer_arm(struct tracer *t, unsigned int first, unsigned int second)
{
	t->aim[0] = first;
	t->aim[1] = second;
	atomic_store(&t->stops[0], 0);
	atomic_store(&t->stops[1], 0);
	atomic_store(&t->kills, 0);
	atomic_store(&t->start_stops, 0);
	atomic_store(&t->armed, true);
}

void tracer_disarm(struct tracer *t)
{
	atomic_store(&t->armed, false);
}

unsigned int tracer_stops(const struct tracer *t)
{
	return atomic_load(&t->stops[0]);
}

unsigned int tracer_kills(const struct tracer *t)
{
	return atomic_load(&t->kills);
}

unsigned int tracer_start_stops(const struct tracer *t)
{
	return atomic_load(&t->start_stops);
}

uint32_t tracer_kind(const struct tracer *t, bool successor, unsigned int n)
{
	return n < TRACER_STOPS ? t->kind[successor][n] : 0;
}

const char *tracer_where(const struct tracer *t)
{
	return t->where;
}

int tracer_strange_end(const struct tracer *t)
{
	return atomic_load(&t->strange_end);
}

void tracer_free(struct tracer *t)
{
	daemon_before_exec(NULL);
	munmap(t, sizeof(*t));
}
