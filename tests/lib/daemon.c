/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/process.h"
#include "tests/lib/wait.h"

#define ARGS_MAX	64
#define START_TRIES	8

const char *daemon_path(void)
{
	const char *path = getenv("VDC_DAEMON");

	return path != NULL ? path : "./vhost-device-console";
}

const char *daemon_beside(const char *name)
{
	static char path[PATH_MAX];
	const char *slash = strrchr(daemon_path(), '/');

	must(slash != NULL, "no folder in %s", daemon_path());
	snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - daemon_path()),
		 daemon_path(), name);
	return path;
}

/* Found out once: in a chroot, and in most containers, there are none. */
const char *daemon_sandbox(void)
{
	static const char *found;
	int status;
	pid_t pid;

	if (found != NULL)
		return found;
	pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWPID |
			      CLONE_NEWNET) != 0);
	must(waitpid(pid, &status, 0) == pid, "waitpid: errno %d", errno);
	found = status == 0 ? "--sandbox=strict" : "--sandbox=best-effort";
	return found;
}

const char *daemon_sock(const struct daemon *d, unsigned int console)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s%u", d->sock, console);
	return path;
}

void daemon_prepare(struct daemon *d)
{
	char run[64];

	*d = (struct daemon){ .pidfd = -1 };
	strcpy(d->dir, "/tmp/vdc-test-XXXXXX");
	must(mkdtemp(d->dir) != NULL, "mkdtemp: errno %d", errno);
	snprintf(run, sizeof(run), "%s/run", d->dir);
	must(mkdir(run, 0755) == 0, "mkdir: errno %d", errno);
	snprintf(d->sock, sizeof(d->sock), "%s/sock", run);
	snprintf(d->log, sizeof(d->log), "%s/log", d->dir);
}

#define PORTS_FROM	10000
#define PORTS_TO	32000

static bool port_is_free(unsigned int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool free = bind(s, (struct sockaddr *)&addr, sizeof(addr)) == 0;

	close(s);
	return free;
}

/*
 * From below the ports that the kernel gives to clients, and by process, so
 * that tests that run side by side are not in each other's way.
 */
unsigned int daemon_find_ports(unsigned int n)
{
	static unsigned int turn;

	for (int try = 0; try < 200; try++) {
		unsigned int first = PORTS_FROM +
			((unsigned int)getpid() * 61 + turn++ * 37) %
			(PORTS_TO - PORTS_FROM - n);
		unsigned int i = 0;

		while (i < n && port_is_free(first + i))
			i++;
		if (i == n)
			return first;
	}
	must(false, "no %u free ports in a row", n);
	return 0;
}

static void (*before_exec)(void);

void daemon_before_exec(void (*hook)(void))
{
	before_exec = hook;
}

static void run(struct daemon *d, char **argv)
{
	d->pid = fork();
	must(d->pid >= 0, "fork: errno %d", errno);
	if (d->pid == 0) {
		int null = open("/dev/null", O_RDWR);
		int log = open(d->log, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC,
			       0644);

		if (before_exec != NULL)
			before_exec();
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(null, 0);
		dup2(log, 1);
		dup2(log, 2);
		close_range(3, ~0U, 0);
		execv(argv[0], argv);
		dprintf(2, "cannot run %s: errno %d\n", argv[0], errno);
		_exit(127);
	}
	d->pidfd = (int)syscall(SYS_pidfd_open, d->pid, 0);
	must(d->pidfd >= 0, "pidfd_open: errno %d", errno);
}

/* True once the last socket is there, false if the daemon ended first. */
static bool wait_for_sockets(struct daemon *d)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (access(daemon_sock(d, d->consoles - 1), F_OK) != 0) {
		if (wait_fd(d->pidfd, POLLIN, wait_until(0)))
			return false;
		must(wait_left(deadline) > 0, "the daemon makes no socket");
		wait_pause();
	}
	return true;
}

/* With the consoles, sockets and ports that @d says. */
static void run_with(struct daemon *d, const char *const *options)
{
	char count[12], port[12];
	char *argv[ARGS_MAX] = {
		(char *)daemon_path(), (char *)"-b", (char *)"network",
		(char *)"-c", count, (char *)"-p", port, (char *)"-s", d->sock,
		(char *)daemon_sandbox(),
	};
	unsigned int argc = 10;

	while (options != NULL && *options != NULL && argc < ARGS_MAX - 1)
		argv[argc++] = (char *)*options++;
	snprintf(count, sizeof(count), "%u", d->consoles);
	snprintf(port, sizeof(port), "%u", d->port);
	run(d, argv);
}

void daemon_start(struct daemon *d, unsigned int consoles,
		  const char *const *options)
{
	char port[12];

	daemon_prepare(d);
	d->consoles = consoles;
	for (int try = 0; try < START_TRIES; try++) {
		d->port = daemon_find_ports(consoles);
		run_with(d, options);
		if (wait_for_sockets(d))
			return;
		/* Someone else may have taken the port in between. */
		snprintf(port, sizeof(port), "%u", d->port);
		must(WEXITSTATUS(daemon_wait(d, WAIT_MS)) == 1 &&
		     daemon_log_count(d, port) > 0, "the daemon did not start");
	}
	must(false, "no free port in %d tries", START_TRIES);
}

int daemon_run(struct daemon *d, const char *const *options)
{
	daemon_prepare(d);
	d->consoles = 1;
	d->port = daemon_find_ports(1);
	run_with(d, options);
	return daemon_wait(d, WAIT_MS);
}

void daemon_start_again(struct daemon *d)
{
	run_with(d, NULL);
	for (unsigned int i = 0; i < d->consoles; i++)
		daemon_worker(d, i, 0);
}

int daemon_wait(struct daemon *d, unsigned int ms)
{
	int status;

	must(wait_fd(d->pidfd, POLLIN, wait_until(ms)),
	     "the daemon did not end within %u ms", ms);
	must(waitpid(d->pid, &status, 0) == d->pid, "waitpid: errno %d", errno);
	d->pid = 0;
	fd_close(&d->pidfd);
	return status;
}

void daemon_stop(struct daemon *d, unsigned int ms)
{
	int status;

	kill(d->pid, SIGTERM);
	status = daemon_wait(d, ms);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	     "the daemon's wait status is 0x%x", status);
	for (unsigned int i = 0; i < d->consoles; i++)
		must(access(daemon_sock(d, i), F_OK) != 0,
		     "%s is left behind", daemon_sock(d, i));
	must(daemon_log_count(d, "Sanitizer") == 0 &&
	     daemon_log_count(d, "runtime error") == 0,
	     "a sanitizer complained");
}

void daemon_destroy(struct daemon *d)
{
	char run[64];

	if (d->pid != 0) {
		kill(d->pid, SIGSTOP);
		process_kill_children(d->pid);
		kill(d->pid, SIGKILL);
		waitpid(d->pid, NULL, 0);
		d->pid = 0;
	}
	fd_close(&d->pidfd);
	if (d->dir[0] == '\0')
		return;
	for (unsigned int i = 0; i < d->consoles; i++)
		unlink(daemon_sock(d, i));
	unlink(d->log);
	snprintf(run, sizeof(run), "%s/run", d->dir);
	rmdir(run);
	rmdir(d->dir);
	d->dir[0] = '\0';
}

pid_t daemon_worker(const struct daemon *d, unsigned int console, pid_t but)
{
	uint64_t deadline = wait_until(WAIT_MS);
	char name[24];
	pid_t pid;

	snprintf(name, sizeof(name), "console=%u", console);
	while ((pid = process_child(d->pid, "vhost-device-console-worker",
				    name)) == 0 || pid == but) {
		must(wait_left(deadline) > 0, "console %u has no worker",
		     console);
		wait_pause();
	}
	return pid;
}

pid_t daemon_kill_worker(const struct daemon *d, unsigned int console, int sig)
{
	pid_t pid = daemon_worker(d, console, 0);

	if (sig == SIGKILL)
		must(kill(pid, sig) == 0, "kill: errno %d", errno);
	else
		process_fault(pid, sig);
	return daemon_worker(d, console, pid);
}
