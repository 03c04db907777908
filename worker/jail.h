/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The jail of a worker: layers, entered one after the other. All of it stands
 * before the worker has read a byte that is not its supervisor's.
 */
#ifndef WORKER_JAIL_H
#define WORKER_JAIL_H

#include <stdbool.h>

#include "common/confine.h"
#include "common/contract.h"

#define JAIL_LACKING	CONFINE_LACKING

enum jail_layer_kind {
	JAIL_OPTIONAL,			/* SANDBOX_BEST_EFFORT may go without */
	JAIL_NAMESPACE,			/* so it may; the host's settings forbid */
	JAIL_ALWAYS,			/* no policy goes on without it */
};

struct jail_layer {
	const char *name;
	/* Returns 0 when it holds and was seen to, JAIL_LACKING, or -errno. */
	int (*enter)(void);
	enum jail_layer_kind kind;
};

/* In the order they have to be entered in: each takes what it needs away. */
extern const struct jail_layer jail_layers[];
extern const unsigned int jail_layer_count;

/*
 * Enters all layers. One that does not hold ends the worker, with a line in
 * the log and WORKER_EXIT_JAIL; but one that the kernel lacks is let go, and
 * with SANDBOX_BEST_EFFORT also one that is refused, unless it is needed
 * always. @tell: the log names what is missing.
 */
void jail_enter(enum sandbox_policy policy, bool tell);

/* The layers, by file. What each should do and mustn't stands at its code. */
int jail_user_namespace(void);
int jail_mount_namespace(void);
int jail_network_namespace(void);
int jail_ipc_namespace(void);
int jail_uts_namespace(void);
int jail_cgroup_namespace(void);
int jail_empty_root(void);

int jail_user(void);
int jail_limits(void);
int jail_capabilities(void);
int jail_securebits(void);
int jail_no_new_privs(void);
int jail_exec_gain(void);
int jail_not_dumpable(void);
int jail_parent_death(void);

int jail_landlock(void);

int jail_filter(void);

#endif
