/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The jail of a worker, stage by stage. All of it stands before the worker has
 * read a byte that is not its supervisor's. A stage that does not hold ends
 * the worker with WORKER_EXIT_JAIL: there is no quiet way around one.
 */
#ifndef WORKER_JAIL_H
#define WORKER_JAIL_H

/*
 * Should: die with the supervisor, leave no core, hold few fds.
 * Mustn't: run as root.
 */
void jail_process(void);

/* Should: have no capability in any set, and no way to gain one; verified. */
void jail_privileges(void);

/*
 * Should: load the supervisor's seccomp program from WORKER_FD_FILTER. Last:
 * what came before needs calls that it kills for.
 */
void jail_filter(void);

#endif
