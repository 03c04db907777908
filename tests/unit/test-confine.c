/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Landlock as kernels of all ages have it: this one says it has another
 * version, and gets what that one would be asked for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/confine.h"
#include "tests/lib/require.h"
#include "tests/lib/unit.h"

#define NEWEST_KNOWN	6
#define NET_SINCE	4
#define SCOPES_SINCE	6

static long told_version;		/* 0: the truth */

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);

long __wrap_syscall(long nr, ...)
{
	long arg[4];
	va_list ap;

	va_start(ap, nr);
	for (unsigned int i = 0; i < 4; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_landlock_create_ruleset && told_version &&
	    (unsigned int)arg[2] == LANDLOCK_CREATE_RULESET_VERSION)
		return told_version > 0 ? told_version : (errno = ENOSYS, -1);
	return __real_syscall(nr, arg[0], arg[1], arg[2], arg[3]);
}

/* Bits of what a process could do. */
enum {
	CAN_OPEN = 1,
	CAN_CONNECT = 2,
	CAN_SIGNAL = 4,
	CAN_REMOVE_HERE = 8,
	CAN_REMOVE_ELSEWHERE = 16,
	CAN_ALL = 31,
};

static struct sockaddr_in port;
static char folder[] = "/tmp/test-confine-XXXXXX";
static char sub[64], here[80], elsewhere[80];
static pid_t parent;

static unsigned int look(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned int can = 0;

	if (open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0)
		can |= CAN_OPEN;
	if (connect(s, (struct sockaddr *)&port, sizeof(port)) == 0)
		can |= CAN_CONNECT;
	if (kill(parent, 0) == 0)
		can |= CAN_SIGNAL;
	if (unlinkat(AT_FDCWD, here, 0) == 0)
		can |= CAN_REMOVE_HERE;
	if (unlinkat(AT_FDCWD, elsewhere, 0) == 0)
		can |= CAN_REMOVE_ELSEWHERE;
	return can;
}

/* What a process then can, or 100 + CONFINE_LACKING, or 200. */
static unsigned int confined(long version, bool files, const char *in)
{
	int fd = in ? open(in, O_PATH | O_CLOEXEC) : -1;
	int status;
	pid_t pid;

	close(open(here, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(open(elsewhere, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	pid = fork();
	if (!pid) {
		int err;

		told_version = version;
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		err = confine_landlock(files, fd);
		_exit(err ? err > 0 ? 100 + err : 200 : (int)look());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (fd >= 0)
		close(fd);
	assert_true(WIFEXITED(status));
	return (unsigned int)WEXITSTATUS(status);
}

static unsigned int without_files(long version)
{
	return (version < NET_SINCE ? CAN_CONNECT : 0) |
	       (version < SCOPES_SINCE ? CAN_SIGNAL : 0);
}

static long newest(void)
{
	return __real_syscall(SYS_landlock_create_ruleset, NULL, 0,
			      LANDLOCK_CREATE_RULESET_VERSION);
}

/* The next ones may come with what this program does not know. */
static void each_version(void **state)
{
	long last = newest() < NEWEST_KNOWN ? newest() : NEWEST_KNOWN + 3;
	const unsigned int files = CAN_OPEN | CAN_REMOVE_HERE |
				   CAN_REMOVE_ELSEWHERE;

	(void)state;
	for (long v = 1; v <= last; v++) {
		must(confined(v, true, NULL) == without_files(v),
		     "version %ld: all: %u", v, confined(v, true, NULL));
		must(confined(v, true, sub) ==
		     (without_files(v) | CAN_REMOVE_HERE),
		     "version %ld: folder: %u", v,
		     confined(v, true, sub));
		must(confined(v, false, NULL) ==
		     (v < NET_SINCE ? 100 + CONFINE_LACKING :
		      (without_files(v) | files)),
		     "version %ld: not files: %u", v,
		     confined(v, false, NULL));
	}
}


static void unknown(void **state)
{
	(void)state;
	/* As ENOSYS would be: no version at all. */
	assert_int_equal(confined(-1, true, NULL), 100 + CONFINE_LACKING);
}

static int begin(void **state)
{
	socklen_t len = sizeof(port);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (newest() < 1)
		test_skip("use a kernel with Landlock (lsm=landlock,...)");
	port = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(s, (struct sockaddr *)&port, len) || listen(s, 99) ||
	    getsockname(s, (struct sockaddr *)&port, &len) || !mkdtemp(folder))
		return -1;
	snprintf(sub, sizeof(sub), "%s/sub", folder);
	snprintf(here, sizeof(here), "%s/here", sub);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	parent = getpid();
	return mkdir(sub, 0700);
}

static int end(void **state)
{
	(void)state;
	unlink(here);
	unlink(elsewhere);
	rmdir(sub);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests_name("confine", tests, begin, end);
}
