/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/fd.h"
#include "common/log.h"

void tty_init(struct tty *tty)
{
	tty->in = -1;
	tty->out = -1;
	tty->fd = -1;
}

/* A terminal that does not control us has no foreground group for us. */
static bool in_background(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group >= 0 && group != getpgrp();
}

int tty_check(void)
{
	int fd = isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO;

	if (!isatty(fd) || !in_background(fd))
		return 0;
	log_error("--backend nested: started in the background of its "
		  "terminal");
	return -EPERM;
}

bool tty_is_log(void)
{
	struct stat in, log;

	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) &&
	       !fstat(STDIN_FILENO, &in) && !fstat(STDERR_FILENO, &log) &&
	       in.st_rdev == log.st_rdev;
}

/*
 * A terminal or pipe is opened anew, to be non-blocking without making it so
 * for others. Anything else, and what cannot be opened, is used as it is.
 */
static int open_again(int fd, int flags)
{
	char path[32];
	struct stat st;
	int again;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISFIFO(st.st_mode) || isatty(fd)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		flags |= O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
		again = open(path, flags);
		/* after su(1) it is another user's, but ours by session */
		if (again < 0 && isatty(fd) && tcgetsid(fd) == getsid(0))
			again = open("/dev/tty", flags);
		if (again >= 0)
			return again;
	}
	again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return again < 0 ? -errno : again;
}

int tty_open(struct tty *tty)
{
	int err = 0;

	tty->in = open_again(STDIN_FILENO, O_RDONLY);
	tty->out = open_again(STDOUT_FILENO, O_WRONLY);
	if (tty->in < 0)
		err = tty->in;
	else if (tty->out < 0)
		err = tty->out;
	if (!err && isatty(tty->in)) {
		tty->fd = fcntl(tty->in, F_DUPFD_CLOEXEC, 3);
		if (tty->fd < 0 || tcgetattr(tty->fd, &tty->saved))
			err = -errno;
		tty->raw = tty->saved;
		cfmakeraw(&tty->raw);
	}
	if (!err)
		return 0;
	log_error("--backend nested: terminal: %s", strerror(-err));
	fd_close(&tty->in);
	fd_close(&tty->out);
	fd_close(&tty->fd);
	return err;
}

int tty_raw(const struct tty *tty)
{
	return tcsetattr(tty->fd, TCSANOW, &tty->raw) ? -errno : 0;
}

bool tty_is_foreground(const struct tty *tty)
{
	return !in_background(tty->fd);
}

/* With SIGTTOU blocked, being put in the background meanwhile is no harm. */
static void set_saved(const struct tty *tty)
{
	sigset_t ttou, before;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	tcsetattr(tty->fd, TCSANOW, &tty->saved);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void tty_restore(const struct tty *tty)
{
	if (tty->fd >= 0 && tty_is_foreground(tty))
		set_saved(tty);
}

/* What cfmakeraw() decides; the driver may have its say in the rest. */
static bool is_raw(const struct tty *tty)
{
	struct termios now;

	return !tcgetattr(tty->fd, &now) &&
	       now.c_iflag == tty->raw.c_iflag &&
	       now.c_oflag == tty->raw.c_oflag &&
	       now.c_lflag == tty->raw.c_lflag;
}

void tty_restore_if_raw(const struct tty *tty)
{
	if (tty->fd >= 0 && is_raw(tty))
		set_saved(tty);
}

void tty_announce(const struct tty *tty, int escape)
{
	int to = isatty(STDOUT_FILENO) ? STDOUT_FILENO : STDERR_FILENO;

	if (tty->fd >= 0 && escape != ESCAPE_NONE && isatty(to))
		dprintf(to, "vhost-device-console: ^%c ends it\r\n",
			escape ^ 0x40);
}
