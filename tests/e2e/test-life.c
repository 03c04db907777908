/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How the real program serves and ends: signals, what it leaves behind, the
 * rights it has meanwhile, and who owns its sockets.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mono.h"
#include "tests/lib/client.h"
#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/process.h"
#include "tests/lib/wait.h"

#define SECOND_US	1000000

static struct daemon d;

static int teardown(void **state)
{
	(void)state;
	daemon_destroy(&d);
	return 0;
}

/* A daemon whose start is over: each console has a worker. */
static void start(unsigned int consoles, const char *const *options)
{
	daemon_destroy(&d);
	daemon_start(&d, consoles, options);
	for (unsigned int i = 0; i < consoles; i++)
		daemon_worker(&d, i, 0);
}

static void expect_nothing_left(void)
{
	command_no_orphans(WAIT_MS);
	for (unsigned int i = 0; i < d.consoles; i++)
		must(access(daemon_sock(&d, i), F_OK), "socket %u is left", i);
}

/* @sig ends it in under a second with status 0. */
static void end_by(int sig)
{
	uint64_t begin;
	int status;

	start(2, NULL);
	begin = mono_us();
	kill(d.pid, sig);
	status = daemon_wait(&d, WAIT_MS);
	must(status == 0, "signal %d: wait status %x", sig,
	     (unsigned int)status);
	must(mono_us() - begin < SECOND_US, "signal %d: it took too long", sig);
	expect_nothing_left();
}

static void signals_end_it(void **state)
{
	(void)state;
	end_by(SIGTERM);
	end_by(SIGINT);
}

static void signals_that_do_not(void **state)
{
	struct tclient client;

	(void)state;
	start(1, NULL);
	kill(d.pid, SIGHUP);
	kill(d.pid, SIGPIPE);
	tclient_open(&client, d.port, 0);
	daemon_log_wait(&d, "attached", 1);
	tclient_close(&client);
	daemon_log_wait(&d, "detached", 1);
	daemon_stop(&d, 1000);
	expect_nothing_left();
}

/* What a kill leaves behind goes by itself. */
static void killed(void **state)
{
	(void)state;
	start(3, NULL);
	kill(d.pid, SIGKILL);
	daemon_wait(&d, WAIT_MS);
	expect_nothing_left();
}

static int unix_socket(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(address->sun_path, daemon_sock(&d, 0));
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Another daemon's socket at the same path is not ours to remove. */
static void replaced_socket_stays(void **state)
{
	struct sockaddr_un address;
	struct stat before, after;
	int fd;

	(void)state;
	start(1, NULL);
	unlink(daemon_sock(&d, 0));
	fd = unix_socket(&address);
	must(!bind(fd, (struct sockaddr *)&address, sizeof(address)),
	     "bind: errno %d", errno);
	must(!lstat(daemon_sock(&d, 0), &before), "lstat");
	kill(d.pid, SIGTERM);
	assert_int_equal(daemon_wait(&d, WAIT_MS), 0);
	must(!lstat(daemon_sock(&d, 0), &after), "it was removed");
	assert_int_equal(before.st_ino, after.st_ino);
	close(fd);
}

/* The guests that an orderly end leaves alone are counted. */
static void guests_left_alone(void **state)
{
	struct sockaddr_un address;
	int fd;

	(void)state;
	start(2, NULL);
	fd = unix_socket(&address);
	must(!connect(fd, (struct sockaddr *)&address, sizeof(address)),
	     "connect: errno %d", errno);
	daemon_log_wait(&d, "front-end attached (pid ", 1);
	daemon_stop(&d, 1000);
	assert_int_equal(daemon_log_count(&d, "1 guest is left"), 1);
	close(fd);
}

/* A line of /proc/PID/status, as hexadecimal or decimal number. */
static unsigned long long status_of(pid_t pid, const char *name, int base)
{
	char path[64], line[256];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	must(in, "%s: errno %d", path, errno);
	while (fgets(line, sizeof(line), in))
		if (!strncmp(line, name, strlen(name)) &&
		    line[strlen(name)] == ':') {
			fclose(in);
			return strtoull(line + strlen(name) + 1, NULL, base);
		}
	must(false, "no %s in %s", name, path);
	return 0;
}

static void expect_capabilities(pid_t pid, unsigned long long kept)
{
	must(status_of(pid, "CapPrm", 16) == kept &&
	     status_of(pid, "CapEff", 16) == kept &&
	     status_of(pid, "CapInh", 16) == 0 &&
	     status_of(pid, "CapAmb", 16) == 0,
	     "process %d has capabilities", (int)pid);
	if (geteuid() == 0)
		assert_int_equal(status_of(pid, "CapBnd", 16), 0);
	assert_int_equal(status_of(pid, "NoNewPrivs", 10), 1);
}

static void rights(void **state)
{
	const unsigned long long dac_override = geteuid() == 0 ? 1 << 1 : 0;
	uint64_t deadline = wait_until(WAIT_MS);
	const unsigned long long filters =
		status_of(getpid(), "Seccomp_filters", 10) + 3;
	pid_t worker, caretaker;

	(void)state;
	start(1, NULL);
	worker = daemon_worker(&d, 0, 0);
	caretaker = process_child(d.pid, daemon_path(), "-b");
	assert_true(caretaker > 0);
	/* After its start it has our filters, its parent's and two. */
	while (status_of(worker, "Seccomp_filters", 10) != filters) {
		must(wait_left(deadline) > 0, "no seccomp filter");
		wait_pause();
	}
	expect_capabilities(d.pid, 0);
	expect_capabilities(worker, 0);
	expect_capabilities(caretaker, dac_override);
	assert_int_equal(status_of(caretaker, "Seccomp", 10), 2);
	if (geteuid() == 0) {
		assert_int_not_equal(status_of(d.pid, "Uid", 10), 0);
		assert_int_not_equal(status_of(d.pid, "Gid", 10), 0);
		assert_int_not_equal(status_of(worker, "Uid", 10), 0);
	}
	daemon_stop(&d, 1000);
}

static void expect_mode(const char *const *options, mode_t mode)
{
	struct stat st;

	start(1, options);
	must(!lstat(daemon_sock(&d, 0), &st), "lstat");
	assert_int_equal(st.st_mode & 07777, mode);
	daemon_stop(&d, 1000);
}

static void socket_modes(void **state)
{
	(void)state;
	expect_mode(NULL, 0600);
	expect_mode(DAEMON_OPTIONS("--socket-mode", "0666"), 0666);
}

static void expect_owner(const char *const *options, uid_t uid, gid_t gid)
{
	struct stat st;

	start(1, options);
	must(!lstat(daemon_sock(&d, 0), &st), "lstat");
	must(st.st_uid == uid && st.st_gid == gid, "owner is %u:%u",
	     (unsigned int)st.st_uid, (unsigned int)st.st_gid);
	daemon_stop(&d, 1000);
}

static void socket_owner(void **state)
{
	const struct passwd *pw = getpwnam("daemon");
	const struct group *gr = getgrnam("tty");

	(void)state;
	if (geteuid() != 0) {
		expect_owner(NULL, geteuid(), getegid());
		return;
	}
	expect_owner(DAEMON_OPTIONS("--user", "daemon"), pw->pw_uid,
		     pw->pw_gid);
	expect_owner(DAEMON_OPTIONS("--socket-user", "daemon",
				    "--socket-group", "tty"), pw->pw_uid,
		     gr->gr_gid);
}

#define TEST(name)	cmocka_unit_test_teardown(name, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(signals_end_it),
		TEST(signals_that_do_not),
		TEST(killed),
		TEST(replaced_socket_stays),
		TEST(guests_left_alone),
		TEST(rights),
		TEST(socket_modes),
		TEST(socket_owner),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	command_adopt_orphans();
	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
