/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Landlock with no rule at all: each right it knows is refused. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/jail.h"

/* As of ABI 6; headers may be older than the kernel. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* What a version of the ABI handles, and how much of the struct it reads. */
struct abi {
	long version;
	size_t size;
	struct ruleset rules;
};

#define FIRST(n)	((UINT64_C(1) << (n)) - 1)

static const struct abi abis[] = {
	{ 6, sizeof(struct ruleset), { FIRST(16), FIRST(2), FIRST(2) } },
	{ 5, offsetof(struct ruleset, scoped), { FIRST(16), FIRST(2), 0 } },
	{ 4, offsetof(struct ruleset, scoped), { FIRST(15), FIRST(2), 0 } },
	{ 3, offsetof(struct ruleset, net), { FIRST(15), 0, 0 } },
	{ 2, offsetof(struct ruleset, net), { FIRST(14), 0, 0 } },
	{ 1, offsetof(struct ruleset, net), { FIRST(13), 0, 0 } },
};

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
	const struct abi *abi = abis;
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	long ruleset;
	int err = 0;

	if (version < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? JAIL_LACKING :
		       -errno;
	while (abi->version > version && abi->version > 1)
		abi++;
	ruleset = syscall(SYS_landlock_create_ruleset, &abi->rules, abi->size,
			  0);
	if (ruleset < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, (int)ruleset, 0) != 0)
		err = -errno;
	close((int)ruleset);
	return err ? err : verify_refusal();
}
