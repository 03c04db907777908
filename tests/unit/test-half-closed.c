/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A client that half-closed and then went is shut down, and the supervisor's
 * loop makes no call for it that takes the socket's lock: its worker may hold
 * that, in the middle of receiving into guest memory that never comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/attach.h"
#include "supervisor/closer.h"
#include "supervisor/half_closed.h"
#include "tests/lib/supervised.h"
#include "tests/lib/unit.h"
#include "tests/lib/wait.h"

static struct supervised s;

/* A client of console 0, who is returned, and our end of him. */
static int connect_client(int *ours)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t id;

	must(!bind(listener, (struct sockaddr *)&address, len) &&
	     !listen(listener, 1) &&
	     !getsockname(listener, (struct sockaddr *)&address, &len) &&
	     !connect(client, (struct sockaddr *)&address, len), "connect");
	attach_client(&s.console[0],
		      accept4(listener, (struct sockaddr *)&address, &len,
			      SOCK_CLOEXEC | SOCK_NONBLOCK), &address);
	close(listener);
	*ours = fdstore_get(&s.console[0].store, FD_CLIENT, 0, &id);
	must(*ours >= 0, "not attached");
	return client;
}

/* Whoever makes one of these calls with @fd dies of it. */
static void forbid_locking(int fd)
{
	static const int calls[] = {
		SCMP_SYS(shutdown), SCMP_SYS(getsockname),
		SCMP_SYS(getpeername), SCMP_SYS(setsockopt),
		SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(ioctl),
	};
	const struct scmp_arg_cmp is_it = {
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = UINT32_MAX,
		.datum_b = (unsigned int)fd,
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	must(ctx != NULL, "no filter");
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		must(!seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, calls[i], 1,
				       is_it), "no rule");
	must(!seccomp_load(ctx), "no filter");
	seccomp_release(ctx);
}

static bool is_shut_down(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

static void look(void)
{
	uint64_t deadline = wait_until(WAIT_MS);
	int ours, client;

	supervised_open(&s, 1);
	must(!closer_start(1), "no thread");
	client = connect_client(&ours);
	forbid_locking(ours);
	shutdown(client, SHUT_WR);
	half_closed_noticed(&s.console[0]);
	for (unsigned int i = 0; i < 5; i++) {
		event_base_loop(s.supervisor.base, EVLOOP_ONCE);
		must(!is_shut_down(ours), "shut down while he is there");
	}
	close(client);
	while (!is_shut_down(ours)) {
		must(wait_left(deadline) > 0, "not shut down");
		event_base_loop(s.supervisor.base, EVLOOP_NONBLOCK);
		wait_pause();
	}
	_exit(0);
}

static void takes_no_lock(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		look();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	must(status == 0, "the supervisor ends with %x", (unsigned int)status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_lock),
	};

	return cmocka_run_group_tests_name("half-closed", tests, NULL, NULL);
}
