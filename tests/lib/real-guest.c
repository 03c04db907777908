/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/real-guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/command.h"
#include "tests/lib/must.h"
#include "tests/lib/require.h"
#include "tests/lib/wait.h"

/* Under software emulation, on a machine that has other things to do. */
#define BOOT_MS		120000
#define STATUS_MISSING	77

static const char *script(const char *kind)
{
	const char *top = getenv("abs_top_srcdir");
	static char path[1024];

	snprintf(path, sizeof(path), "%s/tools/guest/run-%s",
		 top != NULL ? top : ".", kind);
	return path;
}

void real_guest_require(const char *kind)
{
	const char *argv[] = { script(kind), "check", NULL };
	static struct command c;

	command_run(&c, argv);
	if (WIFEXITED(c.status) && WEXITSTATUS(c.status) == STATUS_MISSING) {
		c.err[strcspn(c.err, "\n")] = '\0';
		test_skip(c.err);
	}
	if (c.status != 0) {
		fprintf(stderr, "%s check: wait status 0x%x\n%s", argv[0],
			(unsigned int)c.status, c.err);
		exit(EXIT_FAILURE);
	}
}

void real_guest_start(struct real_guest *g, const char *kind,
		      const struct daemon *d, unsigned int console,
		      const char *argument)
{
	const char *path = script(kind);
	const char *sock = daemon_sock(d, console);

	snprintf(g->log, sizeof(g->log), "%s/guest%u", d->dir, console);
	g->pid = fork();
	must(g->pid >= 0, "fork: errno %d", errno);
	if (g->pid == 0) {
		int log = open(g->log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDWR), 0);
		dup2(log, 1);
		dup2(log, 2);
		close_range(3, ~0U, 0);
		execl(path, path, sock, argument, NULL);
		dprintf(2, "cannot run %s: errno %d\n", path, errno);
		_exit(127);
	}
	g->pidfd = (int)syscall(SYS_pidfd_open, g->pid, 0);
	must(g->pidfd >= 0, "pidfd_open: errno %d", errno);
}

void real_guest_await(const struct real_guest *g, int fd)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = g->pidfd, .events = POLLIN },
	};
	uint64_t deadline = wait_until(BOOT_MS);
	int n;

	do {
		n = poll(p, 2, wait_left(deadline));
	} while (n < 0 && errno == EINTR);
	must(n > 0, "the guest says nothing in %d ms", BOOT_MS);
	must(p[1].revents == 0, "the guest ended");
}

void real_guest_stop(struct real_guest *g)
{
	if (g->pid == 0)
		return;
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
	g->pid = 0;
	fd_close(&g->pidfd);
	unlink(g->log);
}

void real_guest_show_log(const struct real_guest *g)
{
	if (g->pid != 0)
		daemon_log_show("the guest's kernel", g->log);
}
