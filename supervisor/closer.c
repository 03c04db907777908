/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/closer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

#define STACK_SIZE	(128 << 10)

struct job {
	int fd;
	bool shut_down;			/* before it is closed */
};

struct backlog {
	struct job job[CLOSER_BEHIND_MAX];
	unsigned int first;
	unsigned int count;
	bool taken;			/* by a thread, which closes one now */
};

/*
 * Each backlog that nobody has taken has a thread under way to it: one that
 * was called or started for it, and that looks at all before it rests.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t called;
	struct backlog *backlog;
	unsigned int owners;
	unsigned int resting;
	unsigned int calls;		/* that no resting thread has heard */
	unsigned int lacking;		/* threads that could not be started */
} closer = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.called = PTHREAD_COND_INITIALIZER,
};

static struct backlog *next_backlog(void)
{
	for (unsigned int i = 0; i < closer.owners; i++)
		if (closer.backlog[i].count && !closer.backlog[i].taken)
			return &closer.backlog[i];
	return NULL;
}

/* With the lock held, but for the time that closing takes. */
static void work_off(struct backlog *b)
{
	b->taken = true;
	while (b->count) {
		struct job job = b->job[b->first];

		pthread_mutex_unlock(&closer.lock);
		if (job.shut_down)
			shutdown(job.fd, SHUT_RDWR);
		close(job.fd);
		pthread_mutex_lock(&closer.lock);
		b->first = (b->first + 1) % CLOSER_BEHIND_MAX;
		b->count--;
	}
	b->taken = false;
}

/* Returns false when this thread is not needed any more. */
static bool rest(void)
{
	if (closer.resting)
		return false;
	closer.resting++;
	while (!closer.calls)
		pthread_cond_wait(&closer.called, &closer.lock);
	closer.calls--;
	return true;
}

static void *run_closer(void *unused)
{
	struct backlog *b;

	pthread_mutex_lock(&closer.lock);
	do
		while ((b = next_backlog()))
			work_off(b);
	while (rest());
	pthread_mutex_unlock(&closer.lock);
	return unused;
}

static int start_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	/* Libc keeps the stacks of threads that are gone for the next ones. */
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attr, run_closer, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

/* With the lock held. If none can be started, closer_retry() is due. */
static void call_thread(void)
{
	if (!closer.resting) {
		closer.lacking += start_thread() != 0;
		return;
	}
	closer.resting--;
	closer.calls++;
	pthread_cond_signal(&closer.called);
}

int closer_start(unsigned int owners)
{
	closer.backlog = calloc(owners, sizeof(*closer.backlog));
	if (!closer.backlog)
		return -ENOMEM;
	closer.owners = owners;
	return start_thread();
}

static bool queue(unsigned int owner, int fd, bool shut_down)
{
	struct backlog *b = &closer.backlog[owner];

	if (b->count == CLOSER_BEHIND_MAX)
		return false;
	b->job[(b->first + b->count++) % CLOSER_BEHIND_MAX] =
		(struct job){ fd, shut_down };
	if (b->count == 1)
		call_thread();
	return true;
}

void closer_close(unsigned int owner, int *fd)
{
	bool queued = false;

	if (*fd >= 0 && owner < closer.owners) {
		pthread_mutex_lock(&closer.lock);
		queued = queue(owner, *fd, false);
		pthread_mutex_unlock(&closer.lock);
	}
	if (queued)
		*fd = -1;
	else
		fd_close(fd);
}

bool closer_shut_down(unsigned int owner, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	bool queued = false;

	if (copy >= 0 && owner < closer.owners) {
		pthread_mutex_lock(&closer.lock);
		queued = queue(owner, copy, true);
		pthread_mutex_unlock(&closer.lock);
	}
	/* not the last of it, so this never sleeps */
	if (!queued)
		fd_close(&copy);
	return queued;
}

void closer_close_all(unsigned int owner, int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		closer_close(owner, &fds[i]);
}

unsigned int closer_behind(unsigned int owner)
{
	unsigned int behind = 0;

	if (owner < closer.owners) {
		pthread_mutex_lock(&closer.lock);
		behind = closer.backlog[owner].count;
		pthread_mutex_unlock(&closer.lock);
	}
	return behind;
}

void closer_retry(void)
{
	unsigned int n;

	pthread_mutex_lock(&closer.lock);
	n = closer.lacking;
	closer.lacking = 0;
	while (n--)
		call_thread();
	pthread_mutex_unlock(&closer.lock);
}
