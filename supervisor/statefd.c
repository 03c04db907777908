/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/statefd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/state.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

static int sized_memfd(uint64_t size)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("console-state", flags | MFD_NOEXEC_SEAL);
	int err;

	if (fd < 0 && errno == EINVAL)	/* before Linux 6.3 */
		fd = memfd_create("console-state", flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int write_at(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t n = pwrite(fd, bytes, len, at);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

int statefd_new(uint64_t ring_size)
{
	struct {
		uint64_t magic;
		uint32_t version;
		uint32_t size;
		uint64_t ring_size;
	} header = {
		STATE_MAGIC, STATE_VERSION, sizeof(struct console_state),
		ring_size,
	};
	int fd = sized_memfd(STATE_RING_OFFSET + ring_size);
	int err;

	_Static_assert(offsetof(struct console_state, ring_size) == 16,
		       "the header is written as it is laid out");
	if (fd < 0)
		return fd;
	err = write_at(fd, &header, sizeof(header), 0);
	if (err)
		fd_close(&fd);
	return err ? err : fd;
}

/* Copies what was ever written of @size bytes; holes stay holes. */
static int copy(int from, int to, off_t size)
{
	static char buf[1 << 16];
	off_t at = 0;

	while (at < size) {
		off_t end;

		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		while (at < end) {
			size_t want = end - at < (off_t)sizeof(buf) ?
				      (size_t)(end - at) : sizeof(buf);
			ssize_t n = pread(from, buf, want, at);
			int err;

			if (n <= 0)
				return n ? -errno : -EIO;
			err = write_at(to, buf, (size_t)n, at);
			if (err)
				return err;
			at += n;
		}
	}
	return 0;
}

int statefd_copy(int fd, uint64_t ring_size)
{
	off_t size = (off_t)(STATE_RING_OFFSET + ring_size);
	int to = sized_memfd((uint64_t)size);
	int err;

	if (to < 0)
		return to;
	err = copy(fd, to, size);
	if (err)
		fd_close(&to);
	return err ? err : to;
}

static uint64_t counter(int fd, off_t at)
{
	uint64_t count;

	if (pread(fd, &count, sizeof(count), at) != (ssize_t)sizeof(count))
		return 0;
	return count;
}

uint64_t statefd_progress(int fd)
{
	return counter(fd, offsetof(struct console_state, progress));
}

uint64_t statefd_pulse(int fd)
{
	return counter(fd, offsetof(struct console_state, pulse));
}

unsigned int statefd_refused_call(int fd)
{
	return (unsigned int)counter(fd, offsetof(struct console_state,
						  refused_call));
}
