/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fds in flight are counted for all processes of a user, and others may keep
 * many of them there. A worker that has fds to hand over then waits, and says
 * all the while that it is well.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/unit.h"
#include "tests/lib/wait.h"
#include "worker/control.h"

#define SEQ		7
#define ERROR		(-EBADF)
#define FDS_OPEN	16		/* no more may be in flight */
#define FDS_IN_FLIGHT	(PENDING_MAX)

static int supervisor;

/* The worker: its exit status tells what came of it. */
static void hand_over(int control)
{
	const struct rlimit limit = { FDS_OPEN, FDS_OPEN };
	struct ctl_msg msg;
	int fds[PENDING_MAX], fd = STDERR_FILENO;
	unsigned int nfds;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(control, WORKER_FD_CONTROL) < 0 ||
	    setrlimit(RLIMIT_NOFILE, &limit))
		_exit(1);
	if (control_put(SEQ, &fd, 1) != ERROR)
		_exit(2);
	/* What else came meanwhile is not lost. */
	if (!control_has_deferred() ||
	    !control_next(&msg, fds, &nfds, 0) || msg.type != CTL_CONTINUE)
		_exit(3);
	_exit(0);
}

static void tell(enum ctl_type type, uint64_t id)
{
	const struct ctl_msg msg = { .type = type, .id = id, .error = ERROR };

	assert_int_equal(ctl_send(supervisor, &msg, NULL, 0), 0);
}

static void expect(enum ctl_type type, uint64_t id)
{
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds;

	must(wait_fd(supervisor, POLLIN, wait_until(WAIT_MS)),
	     "the worker says nothing");
	assert_int_equal(ctl_recv(supervisor, &msg, fds, &nfds), 0);
	fd_close_all(fds, nfds);
	must(msg.type == type && msg.id == id, "type %u, id %llu", msg.type,
	     (unsigned long long)msg.id);
}

static void answers_while_it_waits(void **state)
{
	const struct ctl_msg msg = { .type = CTL_PUT };
	int others[2], control[2], status, fds[FDS_IN_FLIGHT];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    others), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    control), 0);
	supervisor = control[0];
	for (unsigned int i = 0; i < FDS_IN_FLIGHT; i++)
		fds[i] = STDERR_FILENO;
	assert_int_equal(ctl_send(others[0], &msg, fds, FDS_IN_FLIGHT), 0);
	pid = fork();
	if (!pid) {
		fd_close_all(others, 2);
		hand_over(control[1]);
	}
	fd_close(&control[1]);
	for (uint64_t id = 1; id < 4; id++) {
		tell(CTL_PING, id);
		expect(CTL_PONG, id);
	}
	tell(CTL_CONTINUE, 0);
	fd_close_all(others, 2);
	expect(CTL_PUT, SEQ);
	tell(CTL_ACK, SEQ);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	must(status == 0, "the worker ends with %x", (unsigned int)status);
	fd_close(&supervisor);
}

static int begin(void **state)
{
	(void)state;
	/* Root is let past the limit. */
	return become_ordinary();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_while_it_waits),
	};

	return cmocka_run_group_tests_name("inflight", tests, begin, NULL);
}
