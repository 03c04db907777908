/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/odd-fds.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/unit.h"

int odd_other = -1;

static int both_ends(int ends[2], int which)
{
	odd_other = ends[1 - which];
	return ends[which];
}

static int pipe_to_read(void)
{
	int ends[2];

	must(pipe2(ends, O_CLOEXEC) == 0, "pipe: errno %d", errno);
	return both_ends(ends, 0);
}

int odd_pipe_to_write(void)
{
	int ends[2];

	must(pipe2(ends, O_CLOEXEC) == 0, "pipe: errno %d", errno);
	return both_ends(ends, 1);
}

/* In blocking mode, as all here: whoever writes to it waits for ever. */
static int full_pipe(void)
{
	int fd = odd_pipe_to_write();
	char page[4096] = "";

	must(fcntl(fd, F_SETPIPE_SZ, 4096) == 4096 &&
	     write(fd, page, 4096) == 4096, "pipe: errno %d", errno);
	return fd;
}

static int broken_pipe(void)
{
	int fd = odd_pipe_to_write();

	fd_close(&odd_other);
	return fd;
}

static int terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	must(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0, "pty");
	return fd;
}

static int terminal_slave(void)
{
	char name[64];
	int fd;

	odd_other = terminal();
	must(ptsname_r(odd_other, name, sizeof(name)) == 0, "ptsname");
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(fd >= 0, "%s: errno %d", name, errno);
	return fd;
}

static int directory(void)
{
	return open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int directory_path(void)
{
	return open("/tmp", O_PATH | O_CLOEXEC);
}

static int plain_file_of(size_t size, int flags)
{
	char name[] = "/tmp/vdc-test-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC | flags);

	unlink(name);
	must(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "file: errno %d",
	     errno);
	return fd;
}

static int empty_file(void)
{
	return plain_file_of(0, 0);
}

static int big_file(void)
{
	return plain_file_of(1 << 20, 0);
}

static int appending_file(void)
{
	return plain_file_of(1 << 20, O_APPEND);
}

int odd_reopen(int fd, int flags)
{
	char path[40];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	must(again >= 0, "%s: errno %d", path, errno);
	close(fd);
	return again;
}

static int file_to_read(void)
{
	return odd_reopen(big_file(), O_RDONLY);
}

static int file_path(void)
{
	return odd_reopen(big_file(), O_PATH);
}

static int pipe_path(void)
{
	return odd_reopen(pipe_to_read(), O_PATH);
}

static int memory(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);

	must(fd >= 0 && ftruncate(fd, 1 << 20) == 0, "memfd");
	return fd;
}

static int memory_sealed_against_writes(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0 && ftruncate(fd, 1 << 20) == 0 &&
	     fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0, "memfd");
	return fd;
}

static int stream_socket(void)
{
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0,
	     "socketpair");
	return both_ends(ends, 0);
}

static int datagram_socket(void)
{
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0,
	     "socketpair");
	/* Of no bytes: a read returns 0, which is no end. */
	must(send(ends[1], "", 0, 0) == 0, "send");
	return both_ends(ends, 0);
}

static int full_socket(void)
{
	int fd = stream_socket();
	char bytes[4096] = "";

	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return fd;
}

static int closed_socket(void)
{
	int fd = stream_socket();

	fd_close(&odd_other);
	return fd;
}

static int listening_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct { sa_family_t family; } any = { AF_UNIX };

	must(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	     listen(fd, 1) == 0, "listen: errno %d", errno);
	return fd;
}

static int unconnected_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int blocking_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static int semaphore(void)
{
	return eventfd(1000000, EFD_CLOEXEC | EFD_SEMAPHORE);
}

/* One more would make its writer wait. */
static int eventfd_at_its_end(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	uint64_t most = ~0ULL - 1;

	must(write(fd, &most, 8) == 8, "eventfd");
	return fd;
}

static int epoll(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int timer(void)
{
	const struct itimerspec soon = { { 0, 1000000 }, { 0, 1000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	must(fd >= 0 && timerfd_settime(fd, 0, &soon, NULL) == 0, "timerfd");
	return fd;
}

static int signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	return signalfd(-1, &none, SFD_CLOEXEC);
}

static int watch(void)
{
	return inotify_init1(IN_CLOEXEC);
}

static int process(void)
{
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static int name_space(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int zeroes(void)
{
	return open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static int kernel_file(void)
{
	return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
}

const struct odd_kind odd_kinds[] = {
#define KIND(make, places)	\
	{ #make, make, places[0], places[1], places[2], places[3] }
	KIND(pipe_to_read, "TTTR"),
	KIND(odd_pipe_to_write, "RTTR"),
	KIND(full_pipe, "RTTR"),
	KIND(broken_pipe, "RTTR"),
	KIND(pipe_path, "RTTR"),
	KIND(terminal, "RRRR"),
	KIND(terminal_slave, "RRRR"),
	KIND(directory, "RRRR"),
	KIND(directory_path, "RRRR"),
	KIND(empty_file, "RRRR"),
	KIND(big_file, "RRRT"),
	KIND(appending_file, "RRRT"),
	KIND(file_to_read, "RRRR"),
	KIND(file_path, "RRRR"),
	KIND(memory, "RRRT"),
	KIND(memory_sealed_against_writes, "RRRR"),
	KIND(stream_socket, "TTTR"),
	KIND(datagram_socket, "TTTR"),
	KIND(full_socket, "TTTR"),
	KIND(closed_socket, "TTTR"),
	KIND(listening_socket, "RTTR"),
	KIND(unconnected_socket, "RTTR"),
	KIND(blocking_eventfd, "TTTR"),
	KIND(semaphore, "TTTR"),
	KIND(eventfd_at_its_end, "TTTR"),
	/* The kernel says which of these can be read without waiting. */
	KIND(epoll, "RTTR"),
	KIND(timer, "-TTR"),
	KIND(signals, "-TTR"),
	KIND(watch, "-TTR"),
	KIND(process, "R--R"),
	KIND(name_space, "RRRR"),
	KIND(null, "RRRR"),
	KIND(zeroes, "RRRR"),
	KIND(kernel_file, "RRRR"),
};

const unsigned int odd_nkinds = ARRAY_LEN(odd_kinds);
