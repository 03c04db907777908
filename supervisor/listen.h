/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_LISTEN_H
#define SUPERVISOR_LISTEN_H

#include "supervisor/console.h"
#include "supervisor/identity.h"

/*
 * Makes every listener of every console. Nothing is touched in the file
 * system before it is sure that all can be made; what was made is removed
 * again when something fails after all. Returns the sockets' folder (O_PATH)
 * or -errno, which is logged with its console.
 */
int listen_all(struct console_table *table, const struct options *options,
	       const struct identity *identity);

#endif
