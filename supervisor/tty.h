/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The terminal we were started on, for the nested backend. Workers get open
 * file descriptions of their own, so that no flag of theirs reaches the shell.
 * "The terminal" below is there only when standard input is one.
 */
#ifndef SUPERVISOR_TTY_H
#define SUPERVISOR_TTY_H

#include <stdbool.h>
#include <termios.h>

struct tty {
	int in;				/* -1, or to be given away */
	int out;			/* -1, or to be given away */
	int fd;				/* the terminal, or -1 */
	struct termios saved;
	struct termios raw;
};

/* All of it absent, so that tty_restore() may always be called. */
void tty_init(struct tty *tty);

/* Whether we may use it now; else -EPERM, which is logged. */
int tty_check(void);

/* Opens in, out and fd. Returns 0 or -errno, which is logged. */
int tty_open(struct tty *tty);

/* Whether our log lines go to the terminal that standard input is. */
bool tty_is_log(void);

/*
 * Sets raw mode. From a background process group this stops us, as the kernel
 * stops any program that does so. Returns 0 or -errno.
 */
int tty_raw(const struct tty *tty);

/* The settings from before tty_raw(), unless the terminal is not ours now. */
void tty_restore(const struct tty *tty);

/* The same, but only while the terminal is as tty_raw() left it. */
void tty_restore_if_raw(const struct tty *tty);

bool tty_is_foreground(const struct tty *tty);

/* Says on the terminal which key ends the daemon. */
void tty_announce(const struct tty *tty, int escape);

#endif
