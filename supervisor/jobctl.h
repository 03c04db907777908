/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Job control of the nested backend, as a full-screen program does it: to be
 * stopped it first lets go of the terminal, and once continued in the
 * foreground it takes it back.
 */
#ifndef SUPERVISOR_JOBCTL_H
#define SUPERVISOR_JOBCTL_H

struct supervisor;

/* Nothing without a terminal. Returns 0 or -ENOMEM. */
int jobctl_init(struct supervisor *supervisor);

/*
 * The worker leaves the terminal alone, or there is none. Returns 0, or
 * -EINVAL when no worker can have been asked to.
 */
int jobctl_paused(struct supervisor *supervisor);

#endif
