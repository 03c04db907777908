/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Who the daemon becomes and who owns its sockets, from the user data base.
 * Errors are logged here, in one line that names the option.
 */
#ifndef SUPERVISOR_IDENTITY_H
#define SUPERVISOR_IDENTITY_H

#include <sys/types.h>

#include "supervisor/options.h"

struct identity {
	uid_t uid;			/* to serve as */
	gid_t gid;
	const char *name;		/* of that user; NULL: as started */
	uid_t socket_uid;		/* -1: as it is made */
	gid_t socket_gid;		/* -1: as it is made */
};

/* Returns 0 or -errno. */
int identity_find(struct identity *identity, const struct options *options);

#endif
