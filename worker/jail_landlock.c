/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Landlock with no rule at all: each right it knows is refused. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/confine.h"
#include "worker/jail.h"

static int verify_refusal(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES ? 0 : -errno;
	close(fd);
	return -EPERM;
}

/*
 * Should: open, make, connect and bind nothing, and signal no one else.
 * Mustn't: come before the root is pivoted; who is in here mounts nothing.
 */
int jail_landlock(void)
{
	int err = confine_landlock(true, -1);

	return err ? err : verify_refusal();
}
