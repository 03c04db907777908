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
#define UNREADY_MAX	50
#define START_STEP_US	1000

struct victim {
	int pidfd;			/* -1: none is known */
	bool killed;
	uint64_t due;			/* monotonic us */
};

/* Shared with the test. */
struct killer {
	pid_t pid;			/* the test's alone */
	enum killer_mode mode;
	unsigned int consoles;
	atomic_uint kills[KILLER_CONSOLES];
	atomic_uint unborn;		/* whose, nobody knows */
};

/* The killer's own. */
struct hunt {
	struct killer *k;
	pid_t daemon;
	struct victim victim[KILLER_CONSOLES];
	struct log_tail log;
	pid_t other[CHILDREN_MAX];	/* children that are no workers */
	unsigned int nothers;
	unsigned int start_us;		/* what a worker's start takes */
	unsigned int unready;		/* killed since one was ready */
};

static uint64_t random_due(void)
{
	return mono_us() + DELAY_MIN_US +
	       (uint64_t)random() % (DELAY_MAX_US - DELAY_MIN_US);
}

/* A pidfd of a child of the daemon, which no later process can be taken for. */
static int open_worker(const struct hunt *h, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0 && process_parent(pid) != h->daemon)
		fd_close(&pidfd);
	return pidfd;
}

static void aim(struct hunt *h, unsigned int console, pid_t pid)
{
	struct victim *v = &h->victim[console];

	if (v->killed)
		atomic_fetch_add(&h->k->kills[console], 1);
	fd_close(&v->pidfd);
	v->killed = false;
	v->pidfd = open_worker(h, pid);
	v->due = random_due();
}

static void shoot(struct victim *v)
{
	v->killed = syscall(SYS_pidfd_send_signal, v->pidfd, SIGKILL, NULL,
			    0) == 0;
}

/* A worker that told its supervisor that it is ready is the next victim. */
static void read_line(struct hunt *h, const char *line)
{
	const char *at = strstr(line, "console ");
	unsigned int console;
	int pid;

	if (at != NULL && strstr(at, " ready after ") != NULL &&
	    sscanf(at, "console %u: worker %d", &console, &pid) == 2 &&
	    console < h->k->consoles)
		aim(h, console, pid);
}

/* Microseconds until the next shot, -1 for none. */
static int64_t shoot_those_due(struct hunt *h)
{
	int64_t next = -1;

	for (unsigned int i = 0; i < h->k->consoles; i++) {
		struct victim *v = &h->victim[i];
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

static void wait_for_log(const struct hunt *h, int64_t us)
{
	struct pollfd p = { .fd = h->log.watch, .events = POLLIN };
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };
	char events[4096];

	if (ppoll(&p, 1, us < 0 ? NULL : &time, NULL) == 1)
		while (read(h->log.watch, events, sizeof(events)) > 0)
			;
}

static _Noreturn void kill_after_ready(struct hunt *h)
{
	for (;;) {
		const char *line;

		while ((line = log_tail_next(&h->log)) != NULL)
			read_line(h, line);
		wait_for_log(h, shoot_those_due(h));
	}
}

/*
 * The kernel's list of the daemon's children, if it keeps one: workers are in
 * it from their first moment on. Returns how many are no others.
 */
static unsigned int list_children(const struct hunt *h, pid_t *pids)
{
	char path[64], *next, buf[1024] = "";
	unsigned int n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
		 (int)h->daemon, (int)h->daemon);
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

static bool is_other(const struct hunt *h, pid_t pid)
{
	for (unsigned int i = 0; i < h->nothers; i++)
		if (h->other[i] == pid)
			return true;
	return false;
}

static void find_others(struct hunt *h, const pid_t *worker)
{
	pid_t pids[CHILDREN_MAX];
	unsigned int n = list_children(h, pids);

	for (unsigned int i = 0; i < n; i++) {
		bool is_worker = false;

		for (unsigned int c = 0; c < h->k->consoles; c++)
			is_worker |= worker[c] == pids[i];
		if (!is_worker)
			h->other[h->nothers++] = pids[i];
	}
}

/* Any worker. */
static pid_t find_any(const struct hunt *h)
{
	pid_t pids[CHILDREN_MAX];
	unsigned int n = list_children(h, pids);
	char name[24];

	for (unsigned int i = 0; n > 0 && i < CHILDREN_MAX; i++) {
		pid_t pid = pids[(unsigned int)random() % n];

		if (!is_other(h, pid))
			return pid;
	}
	if (n > 0)
		return 0;
	snprintf(name, sizeof(name), "console=%u",
		 (unsigned int)random() % h->k->consoles);
	return process_child(h->daemon, "vhost-device-console-worker", name);
}

/* Of one that is not its program yet, no one can say. */
static bool console_of(pid_t pid, unsigned int *console)
{
	char arg[24];

	return process_argument(pid, arg, sizeof(arg)) &&
	       sscanf(arg, "console=%u", console) == 1;
}

/* True once it is dead, which is to come at once. */
static bool shoot_and_wait(const struct hunt *h, pid_t pid)
{
	struct victim v = { .pidfd = open_worker(h, pid) };
	struct pollfd p = { .fd = v.pidfd, .events = POLLIN };
	bool dead = false;

	if (v.pidfd >= 0 && poll(&p, 1, 0) == 0) {
		shoot(&v);
		dead = v.killed && poll(&p, 1, 1000) == 1;
	}
	fd_close(&v.pidfd);
	return dead;
}

/*
 * Workers that start slowly, as they do on a busy machine, get more time: if
 * none ever became ready, nothing would move.
 */
static void learn_start_time(struct hunt *h)
{
	const char *line, *at;

	while ((line = log_tail_next(&h->log)) != NULL) {
		at = strstr(line, " ready after ");
		if (at != NULL &&
		    sscanf(at, " ready after %u", &h->start_us) == 1)
			h->unready = 0;
	}
	if (++h->unready > UNREADY_MAX)
		h->start_us += START_STEP_US;
}

static _Noreturn void kill_at_any_time(struct hunt *h)
{
	for (;;) {
		unsigned int us = DELAY_MIN_US + (unsigned int)random() %
				  (DELAY_MAX_US - DELAY_MIN_US + h->start_us);
		unsigned int console;
		bool known;
		pid_t pid;

		usleep(us / h->k->consoles);
		learn_start_time(h);
		pid = find_any(h);
		known = console_of(pid, &console);
		if (pid == 0 || !shoot_and_wait(h, pid))
			continue;
		atomic_fetch_add(known && console < h->k->consoles ?
				 &h->k->kills[console] : &h->k->unborn, 1);
	}
}

static _Noreturn void run(struct hunt *h)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom((unsigned int)getpid());
	if (h->k->mode == KILLER_AFTER_READY)
		kill_after_ready(h);
	kill_at_any_time(h);
}

struct killer *killer_start(const struct daemon *d, enum killer_mode mode)
{
	struct killer *k = mmap(NULL, sizeof(*k), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct hunt h = { .k = k, .daemon = d->pid };
	pid_t worker[KILLER_CONSOLES], pid;

	must(k != MAP_FAILED && d->consoles <= KILLER_CONSOLES, "killer");
	k->mode = mode;
	k->consoles = d->consoles;
	log_tail_open(&h.log, d->log);
	for (unsigned int i = 0; i < k->consoles; i++) {
		worker[i] = daemon_worker(d, i, 0);
		h.victim[i].pidfd = -1;
		aim(&h, i, worker[i]);
	}
	find_others(&h, worker);
	pid = fork();
	must(pid >= 0, "fork: errno %d", errno);
	if (pid == 0)
		run(&h);
	k->pid = pid;
	for (unsigned int i = 0; i < k->consoles; i++)
		fd_close(&h.victim[i].pidfd);
	log_tail_close(&h.log);
	return k;
}

unsigned int killer_kills(const struct killer *k)
{
	unsigned int sum = atomic_load(&k->unborn);

	for (unsigned int i = 0; i < k->consoles; i++)
		sum += atomic_load(&k->kills[i]);
	return sum;
}

const atomic_uint *killer_count(const struct killer *k, unsigned int console)
{
	return &k->kills[console];
}

void killer_stop(struct killer *k)
{
	kill(k->pid, SIGKILL);
	waitpid(k->pid, NULL, 0);
	munmap(k, sizeof(*k));
}

/* A slate that was cleaned, or a ring given up, would be a broken promise. */
void killer_check_log(const struct daemon *d)
{
	static const char *const bad[] = {
		"cannot be resumed", "is broken", "was reset", "closing the",
		"framing", "exited", "parked", "fds cannot be kept",
		"did not answer", "without the open chains", "lines lost",
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		must(daemon_log_count(d, bad[i]) == 0,
		     "the daemon's log says '%s'", bad[i]);
}
