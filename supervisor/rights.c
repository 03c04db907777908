/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define ALL_SETS \
	(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | \
	 CAPNG_BOUNDING_SET | CAPNG_AMBIENT)

static int set_flags(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

static int check_user(const struct identity *identity)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) || getresgid(&rgid, &egid, &sgid))
		return -errno;
	if (ruid != identity->uid || euid != identity->uid ||
	    suid != identity->uid || rgid != identity->gid ||
	    egid != identity->gid || sgid != identity->gid)
		return -EPERM;
	return getgroups(0, NULL) ? -EPERM : 0;
}

static int check_flags(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -EPERM;
	return 0;
}

/*
 * capng_apply() can succeed without effect, so only reading back counts: none
 * of @types holds any capability but @kept.
 */
static int check_capabilities(int types, int kept)
{
	if (capng_get_caps_process())
		return -EPERM;
	for (int type = CAPNG_EFFECTIVE; type <= CAPNG_AMBIENT; type <<= 1)
		for (int cap = 0; (type & types) && cap <= CAP_LAST_CAP; cap++)
			if (cap != kept &&
			    capng_have_capability((capng_type_t)type,
						  (unsigned int)cap) == 1)
				return -EPERM;
	return 0;
}

static int become(const struct identity *identity)
{
	int err;

	capng_clear(CAPNG_SELECT_ALL);
	/* Only while capabilities are there can their way back be locked. */
	if (capng_lock() ||
	    capng_change_id((int)identity->uid, (int)identity->gid,
			    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING |
			    CAPNG_CLEAR_AMBIENT))
		return -EPERM;
	err = check_user(identity);
	if (!err)
		err = check_capabilities(ALL_SETS, -1);
	return err;
}

/* Only root can empty the bounding set; no_new_privs makes it moot. */
static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	capng_apply(CAPNG_SELECT_BOTH);
	capng_apply(CAPNG_SELECT_AMBIENT);
	return check_capabilities(ALL_SETS & ~CAPNG_BOUNDING_SET, -1);
}

int rights_drop(const struct identity *identity)
{
	int err = identity->name ? become(identity) : drop_capabilities();

	if (!err)
		err = set_flags();
	if (!err)
		err = check_flags();
	if (!err)
		return 0;
	if (identity->name)
		log_error("cannot become user %s and give up all rights: %s",
			  identity->name, strerror(-err));
	else
		log_error("cannot give up capabilities: %s", strerror(-err));
	return err;
}

int rights_keep_one(int capability)
{
	int err;

	if (geteuid() != 0) {
		err = drop_capabilities();
		return err ? err : set_flags();
	}
	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_PERMITTED, (unsigned int)capability))
		capability = -1;
	capng_clear(CAPNG_SELECT_ALL);
	if (capability >= 0)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			     (unsigned int)capability);
	if (capng_lock() || setgroups(0, NULL) ||
	    capng_apply(CAPNG_SELECT_ALL))
		return -EPERM;
	err = check_capabilities(ALL_SETS, capability);
	return err ? err : set_flags();
}

unsigned int rights_raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 256;
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = { limit.rlim_max, limit.rlim_max };

		if (!setrlimit(RLIMIT_NOFILE, &raised))
			limit = raised;
	}
	return limit.rlim_cur < (1u << 30) ? (unsigned int)limit.rlim_cur :
	       1u << 30;
}
