/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/proof.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/ctl.h"
#include "common/fd.h"
#include "common/mono.h"
#include "worker/loop.h"

#define MEMORY		((size_t)1 << 20)
/* Small enough for malloc() to take them from the heap. */
#define HEAP_BLOCK	((size_t)96 << 10)
#define HEAP_BLOCKS	4

static struct {
	struct console_state *state;
	struct event_base *base;
	int stream[2];
	int control[2];
	int kick;
	int memory;
	unsigned int seen;
} proof;

static void refused(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (proof.state)
		atomic_store(&proof.state->refused_call,
			     (unsigned int)info->si_syscall + 1ULL);
	_exit(info->si_code > 0 ? WORKER_EXIT_PROOF : WORKER_EXIT_SIGNAL + sig);
}

int proof_prepare(struct console_state *state)
{
	struct sigaction action = { .sa_sigaction = refused,
				    .sa_flags = SA_SIGINFO };

	proof.state = state;
	proof.base = loop_new();
	proof.kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	proof.memory = memfd_create("proof", MFD_CLOEXEC);
	if (!proof.base || proof.kick < 0 || proof.memory < 0 ||
	    ftruncate(proof.memory, MEMORY) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       proof.stream) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0, proof.control) ||
	    sigaction(SIGSYS, &action, NULL))
		return -errno;
	return 0;
}

static void seen_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	proof.seen++;
}

/* An fd that is ready, and a timer that is due. */
static bool event_loop(void)
{
	static const struct timeval soon = { .tv_usec = 1 };
	struct event *kick = loop_event(proof.base, proof.kick,
					EV_READ | EV_PERSIST, seen_cb, NULL);
	struct event *edge = loop_event(proof.base, proof.stream[0],
					EV_WRITE | EV_ET, seen_cb, NULL);
	struct event *timer = loop_event(proof.base, -1, 0, seen_cb, NULL);
	const uint64_t one = 1;

	if (write(proof.kick, &one, sizeof(one)) != sizeof(one))
		return false;
	proof.seen = 0;
	event_add(kick, NULL);
	event_add(edge, NULL);
	event_add(timer, &soon);
	while (proof.seen < 3)
		if (event_base_loop(proof.base, EVLOOP_ONCE))
			return false;
	loop_event_free(&kick);
	loop_event_free(&edge);
	loop_event_free(&timer);
	event_base_free(proof.base);
	return true;
}

static bool kicks(void)
{
	struct pollfd p = { .fd = proof.kick, .events = POLLOUT };
	uint64_t count;
	struct iovec iov = { &count, sizeof(count) };

	return preadv2(proof.kick, &iov, 1, -1, RWF_NOWAIT) == sizeof(count) &&
	       poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static bool streams(void)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov,
					    .msg_iovlen = 1 } };
	const int *s = proof.stream;

	return sendmmsg(s[0], &msg, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 &&
	       recvmmsg(s[1], &msg, 1, MSG_DONTWAIT, NULL) == 1 &&
	       send(s[0], &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 &&
	       recv(s[1], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
	       read(s[1], &byte, 1) == 1 && writev(s[0], &iov, 1) == 1 &&
	       !shutdown(s[0], SHUT_RDWR);
}

static bool control_messages(void)
{
	struct ctl_msg msg = { .type = CTL_READY };
	int fds[PENDING_MAX], err;
	unsigned int sent = 1, nfds = 0;
	bool held;

	err = ctl_send(proof.control[0], &msg, &proof.kick, sent);
	/* The filter let it through; what others do meanwhile is no matter. */
	if (err == -ETOOMANYREFS) {
		sent = 0;
		err = ctl_send(proof.control[0], &msg, NULL, sent);
	}
	held = !err && !ctl_recv(proof.control[1], &msg, fds, &nfds) &&
	       nfds == sent;
	fd_close_all(fds, nfds);
	return held;
}

/* More than the heap has to begin with; what is left at its end goes back. */
static bool heap(void)
{
	void *volatile block[HEAP_BLOCKS];
	bool held = true;

	for (unsigned int i = 0; i < HEAP_BLOCKS; i++) {
		block[i] = malloc(HEAP_BLOCK);
		held &= block[i] != NULL;
	}
	for (unsigned int i = 0; i < HEAP_BLOCKS; i++)
		free(block[i]);
	return held;
}

static bool memory(void)
{
	struct statfs fs;
	struct stat st;
	void *map;

	if (fstat(proof.memory, &st) || fstatfs(proof.memory, &fs))
		return false;
	map = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED,
		   proof.memory, 0);
	if (map == MAP_FAILED || madvise(map, MEMORY, MADV_DONTDUMP) ||
	    munmap(map, MEMORY))
		return false;
	return heap();
}

static bool waits(void)
{
	struct timespec moment = { .tv_nsec = 1 };

	return mono_us() && !clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

int proof_run(void)
{
	bool held;

	if (!proof.state)
		return 0;
	held = event_loop() && kicks() && streams() && control_messages() &&
	       memory() && waits();
	fd_close_all(proof.stream, 2);
	fd_close_all(proof.control, 2);
	fd_close(&proof.kick);
	fd_close(&proof.memory);
	return held ? 0 : -EPROTO;
}
