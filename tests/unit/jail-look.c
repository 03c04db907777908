/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/unit/jail-look.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

const char *jail_looks_wrong(void)
{
	struct rlimit limit;
	struct stat st;
	int sig = 0;

	if (getuid() == 0 || geteuid() == 0 || getgroups(0, NULL) > 1)
		return "user";
	if (getpid() != 1 || getppid() != 0)
		return "pid namespace";
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			return "bounding set";
	if (prctl(PR_GET_SECUREBITS) != (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
	    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
	    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED))
		return "securebits";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return "no_new_privs";
	if (prctl(PR_GET_DUMPABLE) != 0)
		return "dumpable";
	if (prctl(PR_GET_PDEATHSIG, &sig) || sig != SIGKILL)
		return "parent death signal";
	if (getrlimit(RLIMIT_NPROC, &limit) || limit.rlim_max)
		return "RLIMIT_NPROC";
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max > 256)
		return "RLIMIT_NOFILE";
	if (!stat("/proc/self", &st) || !stat("/etc", &st))
		return "root";
	return NULL;
}
