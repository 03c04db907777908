/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The shell of a real guest, at a console's TCP port. Each byte it sends is
 * expected: what is typed comes back, then its answer, then the prompt.
 */
#ifndef TESTS_LIB_GUEST_SHELL_H
#define TESTS_LIB_GUEST_SHELL_H

#include "tests/lib/client.h"

/* It asks for the cursor's position each time. */
#define SHELL_PROMPT	"guest# \x1b[6n"

/* A command may take this long before it says something. */
#define SHELL_MS	60000

/*
 * Types a line at the prompt. With the prompt it has to fit on a line of 80
 * characters, or else the shell breaks what it echoes.
 */
void shell_type(struct tclient *c, const char *line);

/* The next bytes are these. */
void shell_expect(struct tclient *c, const char *text);

/* A whole command: @answer has the line ends that the terminal makes. */
void shell_run(struct tclient *c, const char *line, const char *answer);

#endif
