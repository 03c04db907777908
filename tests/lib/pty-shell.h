/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_PTY_SHELL_H
#define TESTS_LIB_PTY_SHELL_H

/* An order is a byte on the connection; each is answered with an int. */
enum pty_order {
	PTY_START = 's',		/* pid */
	PTY_START_BEHIND = 'S',		/* in the background; pid */
	PTY_WAIT = 'w',			/* wait status */
	PTY_CONTINUE = 'c',		/* 0 */
	PTY_CONTINUE_BEHIND = 'C',	/* in the background; 0 */
	PTY_FLAGS = 'f',		/* of its standard input, by F_GETFL */
};

/* The shell's whole life, in a process of its own. */
_Noreturn void pty_shell(const char *tty, int connection,
			 const char *const *argv);

#endif
