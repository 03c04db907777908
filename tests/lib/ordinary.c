/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/ordinary.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY		65534

int become_ordinary(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 ||
			       setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) != 0))
		return -1;
	/* Giving up root has made this process as secret as one. */
	return prctl(PR_SET_DUMPABLE, 1);
}
