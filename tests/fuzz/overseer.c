/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/overseer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/mono.h"
#include "tests/fuzz/input.h"
#include "worker/control.h"
#include "worker/vring.h"

#define BUDGET	128

int __real_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags);
int __real_recvmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags,
		    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags,
		    struct timespec *timeout);
ssize_t __real_recvmsg(int fd, struct msghdr *mh, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd,
		  off_t offset);
int __real_munmap(void *map, size_t len);
int __wrap_munmap(void *map, size_t len);
void __real_vring_put(struct vring *vr, uint16_t used, uint16_t head,
		      uint32_t len);
void __wrap_vring_put(struct vring *vr, uint16_t used, uint16_t head,
		      uint32_t len);
void __real_vring_publish(struct vring *vr, uint16_t used);
void __wrap_vring_publish(struct vring *vr, uint16_t used);
void guest_hook(const void *at);

struct overseer overseer;
jmp_buf overseer_death;

void guest_hook(const void *at)
{
	if (overseer.guest)
		overseer.guest(at);
}

void overseer_reset(void)
{
	overseer = (struct overseer){ .trusted = true };
	fdstore_init(&overseer.store, 0, BUDGET);
}

void overseer_new_worker(void)
{
	fdstore_unhand(&overseer.store);
	overseer.started = false;
}

void overseer_mortal(void)
{
	if (!overseer.alive || !overseer.die_in || --overseer.die_in)
		return;
	overseer.die_in = overseer.die_again_in;
	overseer.die_again_in = 0;
	overseer.fds_lost = false;
	overseer.alive = false;
	longjmp(overseer_death, 1);
}

int __wrap_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags)
{
	int sent, err;

	overseer_mortal();
	sent = __real_sendmmsg(fd, msg, n, flags);
	err = errno;
	overseer_mortal();
	errno = err;
	return sent;
}

int __wrap_recvmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags,
		    struct timespec *timeout)
{
	int received, err;

	overseer_mortal();
	received = __real_recvmmsg(fd, msg, n, flags, timeout);
	err = errno;
	overseer_mortal();
	errno = err;
	return received;
}

/*
 * What the kernel does when the process may have no further fd: some come, and
 * the flag says that these are not all.
 */
ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags)
{
	ssize_t n = __real_recvmsg(fd, mh, flags);
	struct cmsghdr *cmsg = n < 0 ? NULL : CMSG_FIRSTHDR(mh);
	unsigned int have;
	int lost;

	if (!cmsg || !overseer.fds_in || --overseer.fds_in)
		return n;
	have = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (; have > overseer.fds_room; have--) {
		memcpy(&lost, CMSG_DATA(cmsg) + (have - 1) * sizeof(int),
		       sizeof(lost));
		fd_close(&lost);
		mh->msg_flags |= MSG_CTRUNC;
		overseer.fds_lost = true;
	}
	cmsg->cmsg_len = CMSG_LEN(have * sizeof(int));
	if (!have)
		mh->msg_controllen = 0;
	return n;
}

void __wrap_vring_put(struct vring *vr, uint16_t used, uint16_t head,
		      uint32_t len)
{
	overseer_mortal();
	__real_vring_put(vr, used, head, len);
}

void __wrap_vring_publish(struct vring *vr, uint16_t used)
{
	overseer_mortal();
	__real_vring_publish(vr, used);
	overseer_mortal();
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	void *map = __real_mmap(at, len, prot, flags, fd, offset);

	overseer.maps += map != MAP_FAILED && overseer.alive;
	return map;
}

int __wrap_munmap(void *map, size_t len)
{
	int err = __real_munmap(map, len);

	fuzz_check(!err, "munmap of %zu bytes", len);
	overseer.maps--;
	return err;
}

int control_next(struct ctl_msg *msg, int *fds, unsigned int *nfds, int wait)
{
	struct fdstore_ref ref;

	(void)wait;
	*nfds = 0;
	if (!fdstore_next(&overseer.store, &ref)) {
		*msg = (struct ctl_msg){ .type = CTL_FD, .kind = ref.kind,
					 .index = ref.index, .id = ref.id };
		fds[0] = dup(ref.fd);
		*nfds = 1;
		fdstore_handed(&overseer.store, &ref);
		return 1;
	}
	if (overseer.started)
		return 0;
	overseer.started = true;
	*msg = (struct ctl_msg){ .type = CTL_START };
	return 1;
}

int control_has_deferred(void)
{
	return 0;
}

void control_ready(void)
{
	overseer_mortal();
}

void control_paused(void)
{
	overseer_mortal();
}

void control_half_closed(void)
{
	overseer_mortal();
}

void control_quit(void)
{
	overseer_mortal();
}

void control_pong(uint64_t id)
{
	(void)id;
	overseer_mortal();
}

void control_discard(void)
{
	overseer_mortal();
	fdstore_discard(&overseer.store);
	overseer_mortal();
}

void control_drop(enum fd_kind kind, unsigned int index, uint64_t id)
{
	int err;

	overseer_mortal();
	err = fdstore_drop(&overseer.store, kind, index, id);
	fuzz_check(!err || err == -ENOENT, "drop of %s %u",
		   fd_kind_name(kind), index);
	overseer_mortal();
}

int control_put(uint64_t seq, const int *fds, unsigned int nfds)
{
	int copy[PENDING_MAX];
	int err;

	fuzz_check(nfds <= PENDING_MAX, "%u fds", nfds);
	overseer_mortal();
	for (unsigned int i = 0; i < nfds; i++)
		copy[i] = dup(fds[i]);
	err = fdstore_put(&overseer.store, seq, copy, nfds);
	if (err)
		fd_close_all(copy, nfds);
	fuzz_check(!overseer.trusted || !err, "%u fds put for %llu: %d", nfds,
		   (unsigned long long)seq, err);
	overseer_mortal();
	return err;
}

int control_commit(uint64_t seq, const struct ctl_place *place,
		   unsigned int nplaces)
{
	int err;

	/* the message has room for so many */
	fuzz_check(nplaces <= PENDING_MAX, "%u places", nplaces);
	overseer_mortal();
	err = fdstore_commit(&overseer.store, seq, place, nplaces);
	fuzz_check(!overseer.trusted || !err, "%u places for %llu: %d",
		   nplaces, (unsigned long long)seq, err);
	overseer_mortal();
	return err;
}

/* A clock that depends on nothing but the input. */
uint64_t mono_us(void)
{
	static uint64_t now;

	return now += 10;
}

/* Formatted, so that a bad argument shows, and dropped. */
__attribute__((format(printf, 1, 0)))
static void drop_line(const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];

	vsnprintf(line, sizeof(line), fmt, ap);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	drop_line(fmt, ap);
	va_end(ap);
}

void log_write_limited(struct log_limit *limit, enum log_level level,
		       const char *fmt, ...)
{
	va_list ap;

	(void)limit, (void)level;
	va_start(ap, fmt);
	drop_line(fmt, ap);
	va_end(ap);
}
