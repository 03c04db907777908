/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The command line of the real program: each error is one line that names
 * what is wrong, with the right status, and leaves nothing behind.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
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

#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

#define WORDS_MAX	24

enum {
	EXIT_ENVIRONMENT = 1,
	EXIT_USAGE = 2,
};

static struct daemon d;
static struct command command;
static char busy_port[8];		/* for as long as busy_fd is open */
static char port_before[8];		/* the one below it */
static int busy_fd = -1;

static int setup(void **state)
{
	(void)state;
	daemon_prepare(&d);
	return 0;
}

static int teardown(void **state)
{
	char rm[64];

	(void)state;
	snprintf(rm, sizeof(rm), "rm -rf %s", d.dir);
	daemon_destroy(&d);
	return system(rm);
}

/*
 * Runs the daemon with the blank-separated words of @line, in which %s stands
 * for -s's value, %b for a busy port and %p for the port before that.
 */
static void run(const char *line)
{
	static char words[WORDS_MAX][160];
	const char *argv[WORDS_MAX + 1] = { daemon_path() };
	unsigned int argc = 1;

	while (*line && argc < WORDS_MAX) {
		size_t len = strcspn(line, " ");
		char *word = words[argc];

		if (!strncmp(line, "%s", 2))
			snprintf(word, 160, "%s%.*s", d.sock,
				 (int)len - 2, line + 2);
		else if (!strncmp(line, "%b", 2))
			strcpy(word, busy_port);
		else if (!strncmp(line, "%p", 2))
			strcpy(word, port_before);
		else
			snprintf(word, 160, "%.*s", (int)len, line);
		argv[argc++] = word;
		line += len;
		line += *line == ' ';
	}
	argv[argc] = NULL;
	command_run(&command, argv);
	command_no_orphans(WAIT_MS);
}

static void expect_error(const char *line, int status, const char *names)
{
	run(line);
	must(WIFEXITED(command.status) &&
	     WEXITSTATUS(command.status) == status,
	     "%s: wait status %x, %s", line, (unsigned int)command.status,
	     command.err);
	must(command_lines(command.err) == 1, "%s: %s", line, command.err);
	must(strstr(command.err, names), "%s: %s", line, command.err);
	must(!command.out[0], "%s: %s", line, command.out);
}

/* Everything in the folder of the sockets, by inode, as text. */
static void list(char *text, size_t size)
{
	char command_line[128];
	FILE *out;
	size_t n;

	snprintf(command_line, sizeof(command_line), "ls -lai --full-time %s",
		 d.dir);
	strcat(command_line, "/run");
	out = popen(command_line, "r");
	n = fread(text, 1, size - 1, out);
	text[n] = '\0';
	pclose(out);
}

static const struct {
	const char *line;
	const char *names;
} usage_rows[] = {
	{ "", "--socket-path" },
	{ "-s", "--socket-path" },
	{ "-s %s -b network -c 0", "--socket-count 0" },
	{ "-s %s -b network -c two", "--socket-count two" },
	{ "-s %s -b nested -c 2", "--socket-count 2" },
	{ "-s %s -b serial", "--backend serial" },
	{ "-s %s -b network -p 0", "--tcp-port 0" },
	{ "-s %s -b network -p 65536", "--tcp-port 65536" },
	{ "-s %s -b network -c 3 -p 65534", "--tcp-port 65534" },
	{ "-s %s -q 3", "--max-queue-size 3" },
	{ "-s %s --socket-mode 9", "--socket-mode 9" },
	{ "-s %s --scrollback-size 1", "--scrollback-size 1" },
	{ "-s %s --overflow wait:x", "--overflow wait:x" },
	{ "-s %s --notices maybe", "--notices maybe" },
	{ "-s %s --escape esc", "--escape esc" },
	{ "-s %s --log-level all", "--log-level all" },
	{ "-s %s --sandbox none", "--sandbox none" },
	{ "-s %s --frob", "--frob" },
	{ "-s %s -x", "-x" },
	{ "-s %s word", "word" },
	{ "-b network -s %s-and-seventy-more-bytes-so-that-no-socket-address-"
	  "has-room-for-it-any-more-than-this-line",
	  "--socket-path" },
};

static void usage_errors(void **state)
{
	char before[4096], after[4096];

	(void)state;
	list(before, sizeof(before));
	for (size_t i = 0; i < sizeof(usage_rows) / sizeof(*usage_rows); i++)
		expect_error(usage_rows[i].line, EXIT_USAGE,
			     usage_rows[i].names);
	list(after, sizeof(after));
	assert_string_equal(before, after);
}

static void help_and_version(void **state)
{
	(void)state;
	run("--help");
	assert_int_equal(command.status, 0);
	assert_non_null(strstr(command.out, "--max-queue-size"));
	assert_string_equal(command.err, "");
	run("-V");
	assert_int_equal(command.status, 0);
	assert_non_null(strstr(command.out, "vhost-device-console "));
	assert_string_equal(command.err, "");
}

static void path_of(char *path, size_t size, unsigned int console)
{
	snprintf(path, size, "%s%u", d.sock, console);
}

/* A socket at @console's path; closed, it is a stale one. */
static int bound_socket(unsigned int console)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	path_of(address.sun_path, sizeof(address.sun_path), console);
	must(!bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	     !listen(fd, 4), "bind: errno %d", errno);
	return fd;
}

/* A TCP socket that listens on @port, or on any if that is 0; or -1. */
static int listen_on(unsigned int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !listen(fd, 1))
		return fd;
	close(fd);
	return -1;
}

/* A busy port, and the one before it free. */
static void take_port(void)
{
	unsigned int before = daemon_find_ports(2);

	busy_fd = listen_on(before + 1);
	must(busy_fd >= 0, "port %u was taken meanwhile", before + 1);
	snprintf(busy_port, sizeof(busy_port), "%u", before + 1);
	snprintf(port_before, sizeof(port_before), "%u", before);
}

/* Fails with @names, and leaves all as it was. */
static void expect_unchanged(const char *line, const char *names)
{
	char before[4096], after[4096];

	list(before, sizeof(before));
	expect_error(line, EXIT_ENVIRONMENT, names);
	list(after, sizeof(after));
	assert_string_equal(before, after);
}

static void folders(void **state)
{
	char path[128];

	(void)state;
	expect_unchanged("-b network -s /nonexistent/x", "/nonexistent");
	path_of(path, sizeof(path), 7);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	expect_unchanged("-b network -s %s7/x", path);
	if (geteuid() != 0)
		expect_unchanged("-b network -s /proc/x", "/proc");
}

static void things_in_the_way(void **state)
{
	char path[128];

	(void)state;
	path_of(path, sizeof(path), 1);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	expect_unchanged("-b network -c 2 -s %s", "sock1");
	unlink(path);
	must(!symlink("/dev/null", path), "symlink");
	expect_unchanged("-b network -c 2 -s %s", "sock1");
	unlink(path);
	must(!mkdir(path, 0755), "mkdir");
	expect_unchanged("-b network -c 2 -s %s", "sock1");
	rmdir(path);
}

/* The daemon that lives there sees no front-end come and go. */
static void live_socket(void **state)
{
	int fd = bound_socket(1);

	(void)state;
	expect_unchanged("-b network -c 2 -s %s", "console 1");
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

/* A stale socket in the way of a start that fails is not removed either. */
static void busy_ports(void **state)
{
	(void)state;
	close(bound_socket(0));
	take_port();
	expect_unchanged("-b network -s %s -p %b", busy_port);
	expect_unchanged("-b network -s %s -c 2 -p %p", "console 1");
	close(busy_fd);
}

static void users(void **state)
{
	(void)state;
	expect_unchanged("-b network -s %s --user no-such-user",
			 "--user no-such-user");
	expect_unchanged("-b network -s %s --socket-user no-such-user",
			 "--socket-user no-such-user");
	expect_unchanged("-b network -s %s --socket-group no-such-group",
			 "--socket-group no-such-group");
	expect_unchanged("-b network -s %s --user root", "--user root");
	if (geteuid() != 0)
		expect_unchanged("-b network -s %s --socket-user root",
				 "--socket-user root");
}

static void too_many(void **state)
{
	(void)state;
	expect_unchanged("-b network -s %s -c 16384", "--socket-count 16384");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(usage_errors),
		TEST(help_and_version),
		TEST(folders),
		TEST(things_in_the_way),
		TEST(live_socket),
		TEST(busy_ports),
		TEST(users),
		TEST(too_many),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	command_adopt_orphans();
	return cmocka_run_group_tests_name("command line", tests, NULL, NULL);
}
