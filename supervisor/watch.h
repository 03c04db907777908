/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Looks at every worker once in a while, and ends those that hang. */
#ifndef SUPERVISOR_WATCH_H
#define SUPERVISOR_WATCH_H

struct supervisor;

/* From now on. Returns 0 or -ENOMEM. */
int watch_init(struct supervisor *supervisor);

#endif
