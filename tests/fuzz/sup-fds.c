/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/sup-fds.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/closer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sup.h"

/* What one pass may take of a control socket and of a log, of both workers. */
#define RECEIVES_MAX	(2 * (32 + 1) + 2 * (240 + 1))

int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_recvmsg(int fd, struct msghdr *mh, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags);
int __real_closer_start(unsigned int owners);
int __wrap_closer_start(unsigned int owners);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*run)(void *), void *arg);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);

static void *(*closer)(void *);

static struct {
	bool under_way;
	bool closing;			/* by the closer's thread */
	jmp_buf rests;
	bool foreign[SUP_FDS];
	bool before[SUP_FDS];
} fds;

/* What it has begun lives as long as this process. */
int __wrap_closer_start(unsigned int owners)
{
	if (closer)
		return 0;
	fuzz_check(owners <= 2, "%u consoles", owners);
	return __real_closer_start(2);
}

/* Its threads run when the story lets them, until there is nothing to do. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*run)(void *), void *arg)
{
	if (!sup.inside)
		return __real_pthread_create(thread, attr, run, arg);
	closer = run;
	return 0;
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	if (!fds.closing)
		return __real_pthread_cond_wait(cond, lock);
	pthread_mutex_unlock(lock);
	longjmp(fds.rests, 1);
}

static void run_closer(void)
{
	fds.closing = true;
	if (!setjmp(fds.rests))
		closer(NULL);
	fds.closing = false;
}

int __wrap_close(int fd)
{
	if (!fds.under_way || fd < 0 || fd >= SUP_FDS)
		return __real_close(fd);
	fuzz_check(!sup.inside || !fds.foreign[fd], "the loop closes fd %d",
		   fd);
	fds.foreign[fd] = false;
	return __real_close(fd);
}

void fds_foreign(int fd)
{
	fuzz_check(fd >= 0 && fd < SUP_FDS, "fd %d", fd);
	fds.foreign[fd] = true;
}

static void mark(struct msghdr *mh)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(mh); cmsg;
	     cmsg = CMSG_NXTHDR(mh, cmsg)) {
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd),
			       sizeof(fd));
			fuzz_check(fcntl(fd, F_GETFD) == FD_CLOEXEC,
				   "fd %d would be inherited", fd);
			fds_foreign(fd);
		}
	}
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags)
{
	ssize_t n;

	if (!sup.inside)
		return __real_recvmsg(fd, mh, flags);
	fuzz_check(flags & MSG_DONTWAIT, "receives with flags %#x", flags);
	fuzz_check(++sup.receives <= RECEIVES_MAX, "%u receives in a pass",
		   sup.receives);
	n = __real_recvmsg(fd, mh, flags);
	if (n < 0)
		return n;
	sup.moved++;
	mark(mh);
	return n;
}

void fds_start(void)
{
	for (int i = 0; i < SUP_FDS; i++)
		fds.before[i] = fcntl(i, F_GETFD) >= 0;
	fds.under_way = true;
}

void fds_settle(void)
{
	while (closer_behind(SUP_TAKEN) || closer_behind(SUP_NEIGHBOUR))
		run_closer();
}

static bool has(const struct console *c, int fd)
{
	if (!c)
		return false;
	if (fd == c->worker.control || fd == c->worker.log.fd)
		return true;
	for (unsigned int i = 0; i < FDSTORE_PLACES; i++)
		if (c->store.place[i].fd == fd)
			return true;
	return false;
}

void fds_check(void)
{
	const struct console *c = sup_taken();
	unsigned int n = 0, known = 0;

	for (int i = 0; i < SUP_FDS; i++)
		if (fds.foreign[i]) {
			n++;
			known += has(c, i) || has(sup_neighbour(), i);
		}
	fuzz_check(n - known <= closer_behind(SUP_TAKEN),
		   "%u of %u foreign fds are nobody's", n - known, n);
	fuzz_check(closer_behind(SUP_TAKEN) < CLOSER_BEHIND_MAX,
		   "%u fds wait to be closed", closer_behind(SUP_TAKEN));
	fuzz_check(c->store.count <= c->store.budget, "%u of %u fds",
		   c->store.count, c->store.budget);
}

void fds_stop(void)
{
	fds_settle();
	fds.under_way = false;
	for (int i = 0; i < SUP_FDS; i++)
		fuzz_check((fcntl(i, F_GETFD) >= 0) == fds.before[i],
			   "fd %d", i);
}
