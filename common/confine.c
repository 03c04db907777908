/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/confine.h"

#include <errno.h>
#include <linux/landlock.h>
#include <linux/prctl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		65
#define PR_MDWE_REFUSE_EXEC_GAIN	(1UL << 0)
#define PR_GET_MDWE		66
#endif

int confine_exec_gain(void)
{
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
		return errno == EINVAL ? CONFINE_LACKING : -errno;
	return prctl(PR_GET_MDWE, 0, 0, 0, 0) & PR_MDWE_REFUSE_EXEC_GAIN ? 0 :
	       -EPERM;
}

int confine_limit(int resource, rlim_t value)
{
	struct rlimit rl;

	if (getrlimit(resource, &rl) < 0)
		return -errno;
	if (rl.rlim_max > value)
		rl.rlim_max = value;
	rl.rlim_cur = rl.rlim_max;
	return setrlimit(resource, &rl) < 0 ? -errno : 0;
}

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

static int permit_removal(int ruleset, int folder)
{
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_REMOVE_FILE,
		.parent_fd = folder,
	};

	return syscall(SYS_landlock_add_rule, ruleset,
		       LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ? -errno : 0;
}

static int restrict_self(const struct ruleset *rules, size_t size, int folder)
{
	long ruleset = syscall(SYS_landlock_create_ruleset, rules, size, 0);
	int err = 0;

	if (ruleset < 0)
		return -errno;
	if (folder >= 0)
		err = permit_removal((int)ruleset, folder);
	if (!err && syscall(SYS_landlock_restrict_self, (int)ruleset, 0) != 0)
		err = -errno;
	close((int)ruleset);
	return err;
}

int confine_landlock(bool files, int folder)
{
	const struct abi *abi = abis;
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rules;

	if (version < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ?
		       CONFINE_LACKING : -errno;
	while (abi->version > version && abi->version > 1)
		abi++;
	rules = abi->rules;
	if (!files)
		rules.fs = 0;
	if (!rules.fs && !rules.net && !rules.scoped)
		return CONFINE_LACKING;
	return restrict_self(&rules, abi->size, folder);
}
