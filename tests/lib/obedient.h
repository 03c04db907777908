/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker that serves no guest and does what its client tells it, a byte an
 * order. A test that starts workers from its own program is one when asked.
 */
#ifndef TESTS_LIB_OBEDIENT_H
#define TESTS_LIB_OBEDIENT_H

#include <stdbool.h>

/* Any other byte is a signal's number: it dies of that. */
enum obedient_order {
	OBEDIENT_PID = '?',		/* answers with its pid in decimal */
	OBEDIENT_PROGRESS = 'p',	/* counts one in its state */
	OBEDIENT_NONSENSE = 'm',	/* sends the supervisor nonsense */
	OBEDIENT_HANG_UP = 'h',		/* closes its control socket, stays */
	OBEDIENT_LOOP = 'l',		/* never looks at anything again */
	OBEDIENT_WORK = 'w',		/* says that it is at work, and loops */
	OBEDIENT_END = 'e',		/* as if asked to */
	OBEDIENT_BAD_STATE = 's',
	OBEDIENT_FAIL = 'f',
	OBEDIENT_LIE = 'n',		/* as if it had never been executed */
};

/* Whether this process was started as a worker. */
bool obedient_asked(int argc, char *const *argv);

/*
 * @order: argv[2]; "socket=exit N" ends it with status N at once, and with
 * "socket=loop" it never comes up. Returns the exit status.
 */
int obedient_worker(const char *order);

#endif
