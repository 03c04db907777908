/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/some-fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/fuzz/input.h"

#define MEMORY		0x20000		/* as large as a front's */

/* One end; the other is closed. */
static int pipe_end(unsigned int end, int flags)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC | flags) < 0)
		return -1;
	fd_close(&pair[!end]);
	return pair[end];
}

/* Open for both, and as full as it gets: who writes to it waits. */
static int full_pipe(void)
{
	static const char bytes[4096];
	int end = pipe_end(0, O_NONBLOCK);
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", end);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	fd_close(&end);
	while (fd >= 0 && write(fd, bytes, sizeof(bytes)) > 0)
		;
	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	return fd;
}

static int socket_end(int type)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	fd_close(&pair[0]);
	return pair[1];
}

/* It has no name but one that the kernel makes up. */
static int listener(void)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (bind(fd, (const void *)&any, sizeof(sa_family_t)) ||
			listen(fd, 1)))
		fd_close(&fd);
	return fd;
}

static int memory(off_t size, int seals)
{
	int fd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, size) || fcntl(fd, F_ADD_SEALS, seals))
		fd_close(&fd);
	return fd;
}

/* The same, opened once more with @flags. */
static int reopened(int fd, int flags)
{
	char path[40];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	fd_close(&fd);
	return again;
}

/* An eventfd whose counter has no room. */
static int full_eventfd(void)
{
	const uint64_t most = UINT64_MAX - 1;
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd >= 0 && write(fd, &most, sizeof(most)) < 0)
		fd_close(&fd);
	return fd;
}

int some_fd(unsigned int kind)
{
	switch (kind % 32) {
	case 0: case 1:
		return pipe_end(kind & 1, 0);
	case 2: case 3:
		return pipe_end(kind & 1, O_NONBLOCK);
	case 4:
		return full_pipe();
	case 5:
		return socket_end(SOCK_STREAM);
	case 6:
		return socket_end(SOCK_DGRAM);
	case 7:
		return socket_end(SOCK_SEQPACKET);
	case 8:
		return listener();
	case 9:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 10:
		return eventfd(7, EFD_CLOEXEC);
	case 11:
		return eventfd(3, EFD_CLOEXEC | EFD_SEMAPHORE);
	case 12:
		return full_eventfd();
	case 13:
		return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	case 14:
		return epoll_create1(EPOLL_CLOEXEC);
	case 15:
		return inotify_init1(IN_CLOEXEC);
	case 16:
		return memory(0, 0);
	case 17:
		return memory(MEMORY, F_SEAL_WRITE);
	case 18:
		return memory(MEMORY, F_SEAL_SHRINK | F_SEAL_GROW);
	case 19:
		return memory(MEMORY - 1, F_SEAL_SEAL);
	case 20:
		return reopened(memory(MEMORY, 0), O_RDONLY);
	case 21:
		return reopened(memory(MEMORY, 0), O_PATH);
	case 22:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 23:
		return open("/", O_PATH | O_CLOEXEC);
	case 24:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case 25:
		return open("/dev/full", O_RDWR | O_CLOEXEC);
	case 26:
		return open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	case 27: case 28:
		return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC |
				    (kind & 1 ? O_NONBLOCK : 0));
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}
