/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What confines the supervisor and the caretaker themselves, besides having
 * given up rights (rights.h). All of these return 0 or -errno and log why;
 * with SANDBOX_BEST_EFFORT a layer may be missing, and the log names it.
 */
#ifndef SUPERVISOR_OWN_JAIL_H
#define SUPERVISOR_OWN_JAIL_H

#include "common/contract.h"

/* Of what a caretaker did, in its own process, to tell the supervisor. */
struct own_jail_report {
	int err;			/* without this it does not run */
	int landlock;
};

/* Before the caretaker is forked: what both have, and workers to come. */
int own_jail_begin(enum sandbox_policy policy);

/*
 * In the caretaker, with all it needs open: it can remove files of @folder,
 * and set and restore a terminal. Logs nothing.
 */
struct own_jail_report own_jail_caretaker(int folder);

int own_jail_judge_caretaker(const struct own_jail_report *report,
			     enum sandbox_policy policy);

/*
 * In the supervisor, when listeners are there and rights are given up. Its
 * workers mount, so that its own files are out of Landlock's reach.
 */
int own_jail_supervisor(enum sandbox_policy policy);

#endif
