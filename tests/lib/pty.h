/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A terminal with a shell of our own on it, which has job control and runs one
 * program.
 */
#ifndef TESTS_LIB_PTY_H
#define TESTS_LIB_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#define PTY_SCREEN	(1 << 20)

struct pty {
	int master;			/* non-blocking */
	int slave;
	int shell;			/* connection to the shell */
	pid_t job;
	struct termios before;		/* as the shell left it */
	char *screen;			/* all that was shown */
	size_t shown;
	size_t seen;			/* of it, by pty_expect() */
};

/* Opens the terminal; the shell will run @argv on it. */
void pty_open(struct pty *p, const char *const *argv);
void pty_close(struct pty *p);

/* Starts the program in the foreground, or behind. */
void pty_start(struct pty *p);
void pty_start_behind(struct pty *p);

/* The shell waits for its job, until that ends or stops. */
void pty_wait(struct pty *p);
/* What pty_wait() has come to; the shell has the terminal back then. */
int pty_status(struct pty *p, unsigned int ms);
/* fg: the job is continued in the foreground; bg: behind. */
void pty_continue(struct pty *p);
void pty_continue_behind(struct pty *p);

/* Flags (F_GETFL) of the terminal as the shell has it open. */
int pty_flags(struct pty *p);

void pty_type(struct pty *p, const void *keys, size_t len);

/* These bytes come, behind those of the last time. */
void pty_expect(struct pty *p, const void *bytes, size_t len);
void pty_expect_text(struct pty *p, const char *text);
/* Takes what is there to be shown. */
void pty_look(struct pty *p);

bool pty_is_raw(const struct pty *p);
void pty_await_raw(struct pty *p, bool raw);
/* All is as it was before. */
void pty_await_restored(struct pty *p);

#endif
