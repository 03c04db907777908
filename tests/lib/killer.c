/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/killer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mono.h"
#include "tests/lib/log-tail.h"
#include "tests/lib/must.h"
#include "tests/lib/process.h"

#define DELAY_MIN_US	200
#define DELAY_MAX_US	5000
#define CHILDREN_MAX	64

struct victim {
	int pidfd;			/* -1: none is known */
	bool killed;
	uint64_t due;			/* monotonic us */
};

struct killer {
	/* of the killer alone */
	enum killer_mode mode;
	pid_t daemon;
	unsigned int consoles;
	struct victim victim[KILLER_CONSOLES];
	struct log_tail log;
	pid_t other[CHILDREN_MAX];	/* children that are no workers */
	unsigned int nothers;

	pid_t pid;			/* its own, known to the test */

	/* shared */
	atomic_uint kills[KILLER_CONSOLES];
	atomic_uint blind;
};

static uint64_t random_due(void)
{
	return mono_us() + DELAY_MIN_US +
	       (uint64_t)random() % (DELAY_MAX_US - DELAY_MIN_US);
}

/* A pidfd of a child of the daemon, which no later process can be taken for. */
static int open_worker(const struct killer *k, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0 && process_parent(pid) != k->daemon)
		fd_close(&pidfd);
	return pidfd;
}

static void aim(struct killer *k, unsigned int console, pid_t pid)
{
	struct victim *v = &k->victim[console];

	if (v->killed)
		atomic_fetch_add(&k->kills[console], 1);
	fd_close(&v->pidfd);
	v->killed = false;
	v->pidfd = open_worker(k, pid);
	v->due = random_due();
}

static void shoot(struct victim *v)
{
	v->killed = syscall(SYS_pidfd_send_signal, v->pidfd, SIGKILL, NULL,
			    0) == 0;
}

/* A worker that told its supervisor that it is ready is the next victim. */
static void read_line(struct killer *k, const char *line)
{
	const char *at = strstr(line, "console ");
	unsigned int console;
	int pid;

	if (at != NULL && strstr(at, " ready after ") != NULL &&
	    sscanf(at, "console %u: worker %d", &console, &pid) == 2 &&
	    console < k->consoles)
		aim(k, console, pid);
}

/* Microseconds until the next shot, -1 for none. */
static int64_t shoot_those_due(struct killer *k)
{
	int64_t next = -1;

	for (unsigned int i = 0; i < k->consoles; i++) {
		struct victim *v = &k->victim[i];
		int64_t left = (int64_t)(v->due - mono_us());

		if (v->pidfd < 0 || v->killed)
			continue;
		if (left <= 0)
			shoot(v);
		else if (next < 0 || left < next)
			next = left;
	}
	return next;
}

static void wait_for_log(const struct killer *k, int64_t us)
{
	struct pollfd p = { .fd = k->log.watch, .events = POLLIN };
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };
	char events[4096];

	if (ppoll(&p, 1, us < 0 ? NULL : &time, NULL) == 1)
		while (read(k->log.watch, events, sizeof(events)) > 0)
			;
}

static _Noreturn void kill_after_ready(struct killer *k)
{
	for (;;) {
		const char *line;

		while ((line = log_tail_next(&k->log)) != NULL)
			read_line(k, line);
		wait_for_log(k, shoot_those_due(k));
	}
}

/*
 * The kernel's list of the daemon's children, if it keeps one: workers are in
 * it from their first moment on. Returns how many are no others.
 */
static unsigned int list_children(const struct killer *k, pid_t *pids)
{
	char path[64], *next, buf[1024] = "";
	unsigned int n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
		 (int)k->daemon, (int)k->daemon);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(buf, sizeof(buf), file) == NULL)
		buf[0] = '\0';
	fclose(file);
	for (char *at = buf; n < CHILDREN_MAX; at = next) {
		pid_t pid = (pid_t)strtol(at, &next, 10);

		if (next == at)
			break;
		pids[n++] = pid;
	}
	return n;
}

static bool is_other(const struct killer *k, pid_t pid)
{
	for (unsigned int i = 0; i < k->nothers; i++)
		if (k->other[i] == pid)
			return true;
	return false;
}

static void find_others(struct killer *k, const pid_t *worker)
{
	pid_t pids[CHILDREN_MAX];
	unsigned int n = list_children(k, pids);

	for (unsigned int i = 0; i < n; i++) {
		bool is_worker = false;

		for (unsigned int c = 0; c < k->consoles; c++)
			is_worker |= worker[c] == pids[i];
		if (!is_worker)
			k->other[k->nothers++] = pids[i];
	}
}

/* Any worker; of one that is not its program yet, no one can say whose. */
static pid_t find_any(const struct killer *k)
{
	pid_t pids[CHILDREN_MAX];
	unsigned int n = list_children(k, pids);
	char name[24];

	for (unsigned int i = 0; n > 0 && i < CHILDREN_MAX; i++) {
		pid_t pid = pids[(unsigned int)random() % n];

		if (!is_other(k, pid))
			return pid;
	}
	if (n > 0)
		return 0;
	snprintf(name, sizeof(name), "console=%u",
		 (unsigned int)random() % k->consoles);
	return process_child(k->daemon, "vhost-device-console-worker", name);
}

/* True once it is dead, which is to come at once. */
static bool shoot_and_wait(const struct killer *k, pid_t pid)
{
	struct victim v = { .pidfd = open_worker(k, pid) };
	struct pollfd p = { .fd = v.pidfd, .events = POLLIN };
	bool dead = false;

	if (v.pidfd >= 0 && poll(&p, 1, 0) == 0) {
		shoot(&v);
		dead = v.killed && poll(&p, 1, 1000) == 1;
	}
	fd_close(&v.pidfd);
	return dead;
}

static _Noreturn void kill_at_any_time(struct killer *k)
{
	for (;;) {
		unsigned int us = DELAY_MIN_US + (unsigned int)random() %
				  (DELAY_MAX_US - DELAY_MIN_US);
		pid_t pid;

		usleep(us / k->consoles);
		pid = find_any(k);
		if (pid != 0 && shoot_and_wait(k, pid))
			atomic_fetch_add(&k->blind, 1);
	}
}

static _Noreturn void run(struct killer *k)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom((unsigned int)getpid());
	if (k->mode == KILLER_AFTER_READY)
		kill_after_ready(k);
	kill_at_any_time(k);
}

struct killer *killer_start(const struct daemon *d, enum killer_mode mode)
{
	struct killer *k = mmap(NULL, sizeof(*k), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t worker[KILLER_CONSOLES], pid;

	must(k != MAP_FAILED && d->consoles <= KILLER_CONSOLES, "killer");
	k->mode = mode;
	k->daemon = d->pid;
	k->consoles = d->consoles;
	log_tail_open(&k->log, d->log);
	for (unsigned int i = 0; i < k->consoles; i++) {
		worker[i] = daemon_worker(d, i, 0);
		k->victim[i].pidfd = -1;
		aim(k, i, worker[i]);
	}
	find_others(k, worker);
	pid = fork();
	must(pid >= 0, "fork: errno %d", errno);
	if (pid == 0)
		run(k);
	k->pid = pid;
	for (unsigned int i = 0; i < k->consoles; i++)
		close(k->victim[i].pidfd);
	log_tail_close(&k->log);
	return k;
}

unsigned int killer_kills(const struct killer *k)
{
	unsigned int sum = atomic_load(&k->blind);

	for (unsigned int i = 0; i < k->consoles; i++)
		sum += atomic_load(&k->kills[i]);
	return sum;
}

unsigned int killer_least(const struct killer *k)
{
	unsigned int least = atomic_load(&k->kills[0]);

	if (k->mode == KILLER_AT_ANY_TIME)
		return atomic_load(&k->blind) / k->consoles;
	for (unsigned int i = 1; i < k->consoles; i++)
		if (atomic_load(&k->kills[i]) < least)
			least = atomic_load(&k->kills[i]);
	return least;
}

void killer_stop(struct killer *k)
{
	kill(k->pid, SIGKILL);
	waitpid(k->pid, NULL, 0);
	munmap(k, sizeof(*k));
}
