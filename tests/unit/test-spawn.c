/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How a worker is started. The program it runs is this test, which then looks
 * at itself and reports over the control socket.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/contract.h"
#include "supervisor/cause.h"
#include "supervisor/spawn.h"
#include "tests/lib/must.h"

struct report {
	pid_t pid, ppid, sid;
	int pdeathsig;
	unsigned int fds;		/* bit per open fd */
	unsigned int high_fds;
	unsigned int environment;
	unsigned int blocked;		/* signals */
	unsigned int ignored;
	int pipe_ignored;
	ino_t log;
	char state[8], filter[8];
	char argv[3][64];
};

static void look_at_fds(struct report *r)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		if (fd < 32)
			r->fds |= 1u << fd;
		else
			r->high_fds++;
	}
	closedir(dir);
}

static void look_at_signals(struct report *r)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig < 32; sig++) {
		r->blocked += sigismember(&mask, sig) == 1;
		sigaction(sig, NULL, &action);
		if (sig == SIGPIPE)
			r->pipe_ignored = action.sa_handler == SIG_IGN;
		else
			r->ignored += action.sa_handler == SIG_IGN;
	}
}

static int be_a_worker(char **argv)
{
	struct report r = { .pid = getpid(), .ppid = getppid(),
			    .sid = getsid(0) };
	struct stat log;

	look_at_fds(&r);
	look_at_signals(&r);
	prctl(PR_GET_PDEATHSIG, &r.pdeathsig);
	if (!fstat(STDERR_FILENO, &log))
		r.log = log.st_ino;
	for (char **e = environ; *e; e++)
		r.environment++;
	if (pread(WORKER_FD_STATE, r.state, sizeof(r.state), 0) < 0 ||
	    pread(WORKER_FD_FILTER, r.filter, sizeof(r.filter), 0) < 0)
		return 1;
	for (int i = 0; i < 3; i++)
		snprintf(r.argv[i], sizeof(r.argv[i]), "%s", argv[i]);
	return send(WORKER_FD_CONTROL, &r, sizeof(r), 0) != sizeof(r);
}

static int memfd_with(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static struct spawn spawn;
static int control[2];

static int setup(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control))
		return -1;
	spawn = (struct spawn){
		.program = open("/proc/self/exe", O_PATH | O_CLOEXEC),
		.null = open("/dev/null", O_RDWR | O_CLOEXEC),
		.log = memfd_with("log"),
		.control = control[1],
		.state = memfd_with("state"),
		.filter = memfd_with("filter"),
		.proof = memfd_with("proof"),
		.console = 3,
		.socket_path = "/run/vm3",
	};
	return spawn.program < 0;
}

static int teardown(void **state)
{
	(void)state;
	close(control[0]);
	close(spawn.control);
	close(spawn.program);
	close(spawn.null);
	close(spawn.log);
	close(spawn.state);
	close(spawn.filter);
	close(spawn.proof);
	return 0;
}

static siginfo_t wait_for(int pidfd)
{
	siginfo_t info = { 0 };

	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	close(pidfd);
	return info;
}

static void as_the_contract_says(void **state)
{
	int pidfd = -1, stray = open("/dev/null", O_RDONLY);
	struct report r;
	struct stat log;
	sigset_t usr1;
	siginfo_t info;
	pid_t pid;

	(void)state;
	setenv("SECRET", "x", 1);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_SETMASK, &usr1, NULL);
	pid = spawn_worker(&spawn, &pidfd);
	assert_true(pid > 0);
	assert_true(pidfd >= 0);
	assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(recv(control[0], &r, sizeof(r), 0), sizeof(r));
	info = wait_for(pidfd);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, 0);
	assert_int_equal(r.pid, pid);
	assert_int_equal(r.ppid, getpid());
	assert_int_equal(r.sid, pid);
	assert_int_equal(r.pdeathsig, SIGKILL);
	must(r.fds == 0x7f && !r.high_fds, "fds %x and %u more", r.fds,
	     r.high_fds);
	assert_int_equal(fstat(spawn.log, &log), 0);
	assert_int_equal(r.log, log.st_ino);
	assert_int_equal(r.environment, 0);
	assert_int_equal(r.blocked, 0);
	assert_int_equal(r.ignored, 0);
	assert_true(r.pipe_ignored);
	assert_string_equal(r.state, "state");
	assert_string_equal(r.filter, "filter");
	assert_string_equal(r.argv[0], "vhost-device-console-worker");
	assert_string_equal(r.argv[1], "console=3");
	assert_string_equal(r.argv[2], "socket=/run/vm3");
	/* Ours are as they were. */
	sigprocmask(SIG_SETMASK, NULL, &usr1);
	assert_true(sigismember(&usr1, SIGUSR1));
	assert_false(sigismember(&usr1, SIGUSR2));
	signal(SIGTERM, SIG_DFL);
	close(stray);
}

static void cannot_execute(void **state)
{
	int pidfd;
	siginfo_t info;

	(void)state;
	close(spawn.program);
	spawn.program = open("/dev/null", O_PATH | O_CLOEXEC);
	assert_true(spawn_worker(&spawn, &pidfd) > 0);
	info = wait_for(pidfd);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, CAUSE_EXIT_EXEC);
	assert_int_equal(cause_of(&info), CAUSE_CANNOT_RUN);
}

static void bad_fd(void **state)
{
	int pidfd;

	(void)state;
	spawn.control = -1;
	assert_int_equal(spawn_worker(&spawn, &pidfd), -EBADF);
}

/*
 * Of what else is open here it holds nothing, at no time: the last reference
 * to another console's fd must not be the new worker's to drop.
 */
static void holds_no_other_fd(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		struct pollfd p = { .events = POLLIN };
		struct report r;
		int pidfd, end[2];

		assert_int_equal(pipe2(end, O_CLOEXEC), 0);
		p.fd = end[0];
		assert_true(spawn_worker(&spawn, &pidfd) > 0);
		close(end[1]);
		must(poll(&p, 1, 0) == 1, "the worker has it, round %u", i);
		assert_int_equal(recv(control[0], &r, sizeof(r), 0),
				 sizeof(r));
		wait_for(pidfd);
		close(end[0]);
	}
}

/* Nor does the supervisor keep what it handed over. */
static void keeps_no_copy(void **state)
{
	struct report r;
	int pidfd;

	(void)state;
	assert_true(spawn_worker(&spawn, &pidfd) > 0);
	close(spawn.control);
	assert_int_equal(recv(control[0], &r, sizeof(r), 0), sizeof(r));
	wait_for(pidfd);
	assert_int_equal(recv(control[0], &r, sizeof(r), 0), 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(as_the_contract_says),
		TEST(cannot_execute),
		TEST(bad_fd),
		TEST(holds_no_other_fd),
		TEST(keeps_no_copy),
	};

	if (argc == 3 && !strncmp(argv[1], "console=", 8))
		return be_a_worker(argv);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (spawn_reserve())
		return 1;
	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
