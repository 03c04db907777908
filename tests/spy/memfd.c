/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A part of the daemon that test-state runs: each state it makes is shown to
 * the test, at the abstract socket named in VDC_TEST_STATES. No one else gets
 * at it: neither supervisor nor worker is dumpable.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);

static void show(int fd)
{
	const char *name = getenv("VDC_TEST_STATES");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)"s", 1 };
	struct msghdr mh = {
		.msg_name = &addr,
		.msg_namelen = sizeof(addr),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	static int s = -1;

	/* The first is on trial; after that the filter allows no socket. */
	if (s < 0) {
		s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		return;
	}
	if (!name || strlen(name) >= sizeof(addr.sun_path) - 1 || s < 0)
		abort();
	strcpy(addr.sun_path + 1, name);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	if (sendmsg(s, &mh, 0) != 1)
		abort();
}

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	int fd = __real_memfd_create(name, flags);

	if (fd >= 0 && !strcmp(name, "console-state"))
		show(fd);
	return fd;
}
