/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that waits for our end, however it comes, and then removes our
 * sockets and restores the terminal. It is forked with the rights we were
 * started with and keeps the one capability that this may take.
 */
#ifndef SUPERVISOR_CARETAKER_H
#define SUPERVISOR_CARETAKER_H

#include <sys/types.h>

#include "common/contract.h"
#include "supervisor/console.h"
#include "supervisor/tty.h"

struct caretaker {
	pid_t pid;
	int pipe;			/* the caretaker awaits its end */
};

/*
 * Returns once it is on guard: 0, or -errno, which is logged. @folder is that
 * of the sockets.
 */
int caretaker_start(struct caretaker *caretaker,
		    const struct console_table *table, int folder,
		    const struct tty *tty, enum sandbox_policy policy);

/* Lets it do its work, and waits for that for at most a second. */
void caretaker_finish(struct caretaker *caretaker);

#endif
