/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/pty-shell.h"
#include "tests/lib/wait.h"

void pty_open(struct pty *p, const char *const *argv)
{
	char tty[64];
	int pair[2];
	pid_t shell;

	*p = (struct pty){ .screen = malloc(PTY_SCREEN) };
	must(p->screen != NULL, "out of memory");
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	must(p->master >= 0 && grantpt(p->master) == 0 &&
	     unlockpt(p->master) == 0 &&
	     ptsname_r(p->master, tty, sizeof(tty)) == 0,
	     "pseudo-terminal: errno %d", errno);
	p->slave = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(p->slave >= 0 && tcgetattr(p->slave, &p->before) == 0,
	     "%s: errno %d", tty, errno);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0,
	     "socketpair: errno %d", errno);
	shell = fork();
	must(shell >= 0, "fork: errno %d", errno);
	if (shell == 0)
		pty_shell(tty, pair[1], argv);
	close(pair[1]);
	p->shell = pair[0];
}

void pty_close(struct pty *p)
{
	if (p->screen == NULL)
		return;
	/* The shell ends when its connection does. */
	fd_close(&p->shell);
	fd_close(&p->slave);
	fd_close(&p->master);
	free(p->screen);
	p->screen = NULL;
}

static void order(struct pty *p, enum pty_order order)
{
	char byte = (char)order;

	must(write(p->shell, &byte, 1) == 1, "the shell is gone");
}

static int answer(struct pty *p, unsigned int ms)
{
	int value;

	must(wait_fd(p->shell, POLLIN, wait_until(ms)),
	     "no answer of the shell in %u ms", ms);
	must(read(p->shell, &value, sizeof(value)) == sizeof(value),
	     "the shell is gone");
	return value;
}

void pty_start(struct pty *p)
{
	order(p, PTY_START);
	p->job = answer(p, WAIT_MS);
}

void pty_start_behind(struct pty *p)
{
	order(p, PTY_START_BEHIND);
	p->job = answer(p, WAIT_MS);
}

void pty_wait(struct pty *p)
{
	order(p, PTY_WAIT);
}

int pty_status(struct pty *p, unsigned int ms)
{
	return answer(p, ms);
}

void pty_continue(struct pty *p)
{
	order(p, PTY_CONTINUE);
	answer(p, WAIT_MS);
}

void pty_continue_behind(struct pty *p)
{
	order(p, PTY_CONTINUE_BEHIND);
	answer(p, WAIT_MS);
}

int pty_flags(struct pty *p)
{
	order(p, PTY_FLAGS);
	return answer(p, WAIT_MS);
}

void pty_look(struct pty *p)
{
	ssize_t n;

	while (p->shown < PTY_SCREEN &&
	       (n = read(p->master, p->screen + p->shown,
			 PTY_SCREEN - p->shown)) > 0)
		p->shown += (size_t)n;
}

/* The terminal's input queue is small: what is shown is read meanwhile. */
void pty_type(struct pty *p, const void *keys, size_t len)
{
	uint64_t deadline = wait_until(WAIT_MS);
	ssize_t n;

	while (len > 0) {
		pty_look(p);
		n = write(p->master, keys, len);
		must(n >= 0 || errno == EAGAIN, "typing: errno %d", errno);
		if (n > 0) {
			keys = (const char *)keys + n;
			len -= (size_t)n;
			continue;
		}
		must(wait_left(deadline) > 0, "%zu keys are not taken", len);
		wait_pause();
	}
}

void pty_expect(struct pty *p, const void *bytes, size_t len)
{
	uint64_t deadline = wait_until(WAIT_MS);
	const char *at;

	for (;;) {
		pty_look(p);
		at = memmem(p->screen + p->seen, p->shown - p->seen, bytes,
			    len);
		if (at != NULL)
			break;
		must(wait_left(deadline) > 0, "not shown: '%.*s' in '%.*s'",
		     (int)len, (const char *)bytes, (int)(p->shown - p->seen),
		     p->screen + p->seen);
		wait_fd(p->master, POLLIN, deadline);
	}
	p->seen = (size_t)(at - p->screen) + len;
}

void pty_expect_text(struct pty *p, const char *text)
{
	pty_expect(p, text, strlen(text));
}

bool pty_is_raw(const struct pty *p)
{
	struct termios now;

	must(tcgetattr(p->slave, &now) == 0, "tcgetattr: errno %d", errno);
	return !(now.c_lflag & (ICANON | ISIG | ECHO | IEXTEN)) &&
	       !(now.c_iflag & (ICRNL | IXON | ISTRIP)) &&
	       !(now.c_oflag & OPOST);
}

void pty_await_raw(struct pty *p, bool raw)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (pty_is_raw(p) != raw) {
		must(wait_left(deadline) > 0, "the terminal is %sraw",
		     raw ? "not " : "");
		pty_look(p);
		wait_pause();
	}
}

void pty_await_restored(struct pty *p)
{
	struct termios now;

	pty_await_raw(p, false);
	must(tcgetattr(p->slave, &now) == 0, "tcgetattr: errno %d", errno);
	must(now.c_iflag == p->before.c_iflag &&
	     now.c_oflag == p->before.c_oflag &&
	     now.c_cflag == p->before.c_cflag &&
	     now.c_lflag == p->before.c_lflag &&
	     memcmp(now.c_cc, p->before.c_cc, sizeof(now.c_cc)) == 0,
	     "the terminal is not as before");
}
