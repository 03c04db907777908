/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/sup-worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/fd.h"
#include "common/state.h"
#include "supervisor/cause.h"
#include "supervisor/spawn.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sup-clock.h"
#include "tests/fuzz/sup-fds.h"
#include "tests/fuzz/sup-log.h"
#include "tests/fuzz/sup-model.h"
#include "tests/fuzz/sup.h"

#define FIRST_PID	1000

pid_t __wrap_spawn_worker(const struct spawn *spawn, int *pidfd);
int __real_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
ssize_t __real_sendmsg(int fd, const struct msghdr *mh, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *mh, int flags);
ssize_t __real_pread(int fd, void *to, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t len, off_t at);

static const struct sup_worker nobody_there = {
	.control = -1, .log = -1, .state = -1, .end = -1,
};

static pid_t last_pid;
static ino_t spoilt;			/* a state that is not to be used */
static struct {
	unsigned int reads;		/* until then; 0: never */
	uint64_t at, value;
} scribble;

static void drop_ends(struct sup_worker *w)
{
	fd_close(&w->control);
	fd_close(&w->log);
	fd_close(&w->state);
	fd_close(&w->end);
}

void workers_start(void)
{
	last_pid = FIRST_PID;
	spoilt = 0;
	scribble.reads = 0;
	sup.worker[0] = sup.worker[1] = sup.stale = nobody_there;
}

static ino_t inode(int fd)
{
	struct stat st;

	fuzz_check(!fstat(fd, &st) &&
		   st.st_size == (off_t)(STATE_RING_OFFSET + SUP_RING),
		   "state of %ld bytes", (long)st.st_size);
	return st.st_ino;
}

pid_t __wrap_spawn_worker(const struct spawn *spawn, int *pidfd)
{
	struct sup_worker *w = &sup.worker[spawn->console];

	fuzz_check(w->end < 0, "two workers of console %u", spawn->console);
	if (spawn->console == SUP_TAKEN && sup.lacking) {
		sup.lacking--;
		return -EAGAIN;
	}
	*w = (struct sup_worker){
		.control = fcntl(spawn->control, F_DUPFD_CLOEXEC, 3),
		.log = fcntl(spawn->log, F_DUPFD_CLOEXEC, 3),
		.state = fcntl(spawn->state, F_DUPFD_CLOEXEC, 3),
		.end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.pid = ++last_pid,
	};
	*pidfd = fcntl(w->end, F_DUPFD_CLOEXEC, 3);
	fuzz_check(w->control >= 0 && w->log >= 0 && w->state >= 0 &&
		   *pidfd >= 0, "no fds are left: errno %d", errno);
	sup.moved++;
	if (spawn->console == SUP_TAKEN) {
		fuzz_check(inode(spawn->state) != spoilt,
			   "what a crash left is used as it is");
		fds_foreign(sup_taken()->worker.log.fd);
		model_new_worker();
	}
	return w->pid;
}

/* What a worker leaves that crashed, or was killed for what it did. */
static bool is_spoilt(const struct sup_worker *w, int code, int status)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
				      SIGTRAP, SIGSYS };

	if (w->killed)
		return true;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (code != CLD_EXITED && status == faults[i])
			return true;
	if (code != CLD_EXITED)
		return false;
	switch (status) {
	case WORKER_EXIT_ASKED:
	case WORKER_EXIT_CONTROL:
	/* before it has served these are no lies */
	case WORKER_EXIT_CONTRACT:
	case WORKER_EXIT_JAIL:
	case WORKER_EXIT_PROOF:
	case CAUSE_EXIT_MAPS:
	case CAUSE_EXIT_EXEC_LATER:
	case CAUSE_EXIT_EXEC:
		return false;
	default:
		return true;
	}
}

void worker_dies(struct sup_worker *w, int code, int status)
{
	const uint64_t one = 1;

	if (w->dead)
		return;
	if (w == &sup.worker[SUP_TAKEN])
		spoilt = is_spoilt(w, code, status) ? inode(w->state) : 0;
	w->dead = true;
	w->how.si_pid = w->pid;
	w->how.si_code = code;
	w->how.si_status = status;
	if (w == &sup.worker[SUP_TAKEN])
		model_hangs_up();
	if (w == &sup.worker[SUP_TAKEN] && sup.keeps_ends) {
		drop_ends(&sup.stale);
		sup.stale = *w;
		sup.stale.end = -1;
		w->control = w->log = w->state = -1;
	}
	fd_close(&w->control);
	fd_close(&w->log);
	fuzz_check(write(w->end, &one, sizeof(one)) == sizeof(one), "eventfd");
}

static void forget(struct sup_worker *w)
{
	drop_ends(w);
	*w = nobody_there;
}

void sup_die(int code, int status)
{
	struct sup_worker *w = &sup.worker[SUP_TAKEN];

	if (w->end >= 0)
		worker_dies(w, code, status);
}

static void kill_worker(struct sup_worker *w)
{
	w->killed = true;
	if (!w->stuck)
		worker_dies(w, CLD_KILLED, SIGKILL);
}

void worker_unstick(void)
{
	struct sup_worker *w = &sup.worker[SUP_TAKEN];

	w->stuck = false;
	if (w->killed)
		worker_dies(w, CLD_KILLED, SIGKILL);
}

static struct sup_worker *of_pidfd(int pidfd)
{
	for (unsigned int i = 0; i < sup.s.table.count; i++)
		if (sup.s.table.console[i].worker.pidfd == pidfd)
			return &sup.worker[i];
	return NULL;
}

int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct sup_worker *w = sup.inside ? of_pidfd((int)id) : NULL;

	if (!w)
		return __real_waitid(type, id, info, options);
	fuzz_check(type == P_PIDFD && options & WNOHANG,
		   "waits for the end of a worker");
	if (!w->dead)
		return 0;
	*info = w->how;
	sup.moved++;
	forget(w);
	return 0;
}

long __wrap_syscall(long number, ...)
{
	struct sup_worker *w;
	int first, second;
	va_list ap;

	va_start(ap, number);
	first = va_arg(ap, int);
	second = va_arg(ap, int);
	va_end(ap);
	if (!sup.inside || number == SYS_pidfd_open)
		return __real_syscall(number, first, second);
	w = of_pidfd(first);
	fuzz_check(number == SYS_pidfd_send_signal && w && second == SIGKILL,
		   "system call %ld", number);
	fuzz_check(w != &sup.worker[SUP_NEIGHBOUR] || sup.told,
		   "the neighbour is killed");
	kill_worker(w);
	return 0;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *mh, int flags)
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(mh);
	bool own = sup.inside && fd == sup_taken()->worker.control;
	size_t nfds = cmsg ? (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	ssize_t n;

	if (!sup.inside)
		return __real_sendmsg(fd, mh, flags);
	fuzz_check(flags & MSG_DONTWAIT && flags & MSG_NOSIGNAL,
		   "sends with flags %#x", flags);
	if (own)
		fds_foreign(fd);
	if (own && sup.failing) {
		sup.failing--;
		errno = sup.failure;
		return -1;
	}
	n = __real_sendmsg(fd, mh, flags);
	if (n < 0)
		return n;
	fuzz_check(n == sizeof(struct ctl_msg), "%zd bytes sent", n);
	sup.moved++;
	if (own)
		model_answered(mh->msg_iov->iov_base, (unsigned int)nfds);
	return n;
}

static void scribble_now(void)
{
	int fd = sup.worker[SUP_TAKEN].state >= 0 ?
		 sup.worker[SUP_TAKEN].state : sup.stale.state;

	scribble.reads = 0;
	if (fd >= 0 && pwrite(fd, &scribble.value, sizeof(scribble.value),
			      (off_t)scribble.at) < 0)
		fuzz_check(errno == EPERM || errno == EFBIG, "errno %d",
			   errno);
}

void worker_scribbles(uint64_t at, uint64_t value, unsigned int reads)
{
	scribble.at = at % (STATE_RING_OFFSET + SUP_RING);
	scribble.value = value;
	scribble.reads = reads;
	if (!reads)
		scribble_now();
}

ssize_t __wrap_pread(int fd, void *to, size_t len, off_t at)
{
	if (sup.inside && scribble.reads && !--scribble.reads)
		scribble_now();
	return __real_pread(fd, to, len, at);
}

void workers_stop(void)
{
	drop_ends(&sup.worker[SUP_TAKEN]);
	drop_ends(&sup.worker[SUP_NEIGHBOUR]);
	drop_ends(&sup.stale);
}
