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
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define VDC_STATE_POINTS
#include "common/state_point.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/seize.h"
#include "tests/lib/wait.h"

#define POINT_NR	UINT64_MAX	/* the call of a STATE_POINT() */

/*
 * Stops a worker that runs untraced, and ends its wait for events if there are
 * none. It sees nothing of the signal itself, which the tracer keeps.
 */
#define ATTENTION	SIGURG

struct tracer {
	/* the test's */
	unsigned int next_aim[2];
	atomic_uint asked;		/* for so many steps */

	/* the tracer's */
	atomic_int works;		/* 1: yes, -1: no */
	atomic_uint begun;		/* so many steps */
	atomic_int worker;		/* the latest */
	atomic_int strange_end;
	atomic_uint kills;
	unsigned int aim[2];
	struct tracer_step now, last;
	unsigned int successor_stops;
	char where[TRACER_WHERE];
	pid_t daemon;
	bool fresh;			/* it was started since the kill */
	bool killed;			/* ... and has been killed too */
	uint64_t nr;			/* the call it is in */
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

static void shoot(struct tracer *t, pid_t pid)
{
	t->killed = true;
	t->fresh = false;
	kill(pid, SIGKILL);
	atomic_fetch_add(&t->kills, 1);
}

static bool is_asked(const struct tracer *t)
{
	return atomic_load(&t->asked) != atomic_load(&t->begun);
}

/* The worker has nothing left to do: what is asked for begins. */
static void begin_step(struct tracer *t)
{
	t->now.kills = atomic_load(&t->kills);
	t->last = t->now;
	t->now = (struct tracer_step){ 0 };
	t->successor_stops = 0;
	t->aim[0] = t->next_aim[0];
	t->aim[1] = t->next_aim[1];
	atomic_store(&t->kills, 0);
	atomic_store(&t->begun, atomic_load(&t->asked));
}

/* What was aimed at is done. */
static bool is_over(const struct tracer *t)
{
	unsigned int kills = atomic_load(&t->kills);

	return kills == 2 || t->aim[kills] == 0;
}

static void count_stop(struct tracer *t, pid_t pid,
		       const struct __ptrace_syscall_info *info)
{
	bool entry = info->op == PTRACE_SYSCALL_INFO_ENTRY;
	unsigned int life = atomic_load(&t->kills), n;

	if (life > 0 && entry && waits_for_events(t->nr) && t->fresh &&
	    t->now.start_stops == 0)
		t->now.start_stops = t->successor_stops;
	if (life > 1 || (life > 0 && !t->fresh))
		return;
	n = life > 0 ? ++t->successor_stops : ++t->now.stops;
	t->now.points += life == 0 && entry && is_point(info);
	if (n != t->aim[life])
		return;
	note(t, info, t->nr);
	t->now.at_point[life] = entry && is_point(info);
	shoot(t, pid);
}

/*
 * The kernel looks for events before it looks for signals: a wait that a signal
 * ended found none, and the worker is idle.
 */
static bool is_idle(const struct tracer *t,
		    const struct __ptrace_syscall_info *info)
{
	return info->op == PTRACE_SYSCALL_INFO_EXIT &&
	       waits_for_events(t->nr) && info->exit.rval == -EINTR;
}

static void take_stop(struct tracer *t, pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };
	bool entry;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return;
	entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
	if (entry)
		t->nr = is_point(&info) ? POINT_NR : info.entry.nr;
	else if (t->nr == POINT_NR)
		return;		/* the same place as its start */
	if (is_idle(t, &info)) {
		if (is_asked(t))
			begin_step(t);
		return;
	}
	if (!is_over(t))
		count_stop(t, pid, &info);
	if (entry && is_asked(t) && waits_for_events(t->nr))
		kill(pid, ATTENTION);
}

static void resume(const struct tracer *t, pid_t pid, int sig)
{
	bool traced = pid == atomic_load(&t->worker) &&
		      (is_asked(t) || !is_over(t));

	ptrace(traced ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL,
	       (void *)(long)sig);
}

static void stopped(struct tracer *t, pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	switch (status >> 16) {
	case PTRACE_EVENT_EXEC:
		if (pid != t->daemon) {
			atomic_store(&t->worker, pid);
			t->fresh = true;
			t->killed = false;
			t->nr = SYS_execve;
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
			resume(t, pid, sig == ATTENTION ? 0 : sig);
			return;
		}
		if (pid == atomic_load(&t->worker))
			take_stop(t, pid);
		break;
	}
	resume(t, pid, 0);
}

static void ended(struct tracer *t, pid_t pid, int status)
{
	if (pid != atomic_load(&t->worker))
		return;
	if (!t->killed && status != 0)
		atomic_store(&t->strange_end, status);
	atomic_store(&t->worker, 0);
}

static _Noreturn void trace(void *arg)
{
	struct tracer *t = arg;
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

/* In the process that is to become the daemon. */
static void start_tracer(void)
{
	struct tracer *t = next_tracer;

	t->daemon = getpid();
	seize_daemon(&t->works, trace, t);
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

struct tracer_step tracer_next(struct tracer *t, unsigned int first,
			       unsigned int second)
{
	uint64_t deadline = wait_until(WAIT_MS);
	unsigned int step = atomic_load(&t->asked) + 1;
	pid_t worker;

	t->next_aim[0] = first;
	t->next_aim[1] = second;
	atomic_store(&t->asked, step);
	worker = atomic_load(&t->worker);
	if (worker != 0)
		kill(worker, ATTENTION);
	while (atomic_load(&t->begun) != step) {
		must(wait_left(deadline) > 0, "no worker waits for events");
		wait_pause();
	}
	return t->last;
}

unsigned int tracer_kills(const struct tracer *t)
{
	return atomic_load(&t->kills);
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
