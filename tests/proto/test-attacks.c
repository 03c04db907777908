/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What one who has taken over a process would try next, made by live ones: a
 * worker that serves a guest and a client, with another beside it; the
 * supervisor; the caretaker. The lists say what comes of each attempt.
 */
#ifdef __x86_64__
#include <arpa/inet.h>
#include <errno.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/inject.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/require.h"
#include "tests/lib/world.h"
#include "tests/proto/attack-rows.h"

#define CONTROL		3		/* a worker's control socket */
#define FDS_TRIED	32

static int listener, named;
static struct sockaddr_in port;
static struct sockaddr_un abstract = { .sun_family = AF_UNIX };
static char file[64] = "/tmp/test-attacks-XXXXXX";
static pid_t stranger;

static pid_t start_stranger(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static int listen_at(int family, struct sockaddr *addr, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (bind(fd, addr, len) != 0 || listen(fd, 9) != 0 ||
	    getsockname(fd, addr, &len) != 0)
		return -1;
	return fd;
}

static int begin(void **state)
{
	int fd;

	(void)state;
	if (strcmp(daemon_sandbox(), "--sandbox=strict") != 0)
		test_skip("permit user namespaces");
	/* What may be done to a stranger, only its own user may. */
	if (become_ordinary() != 0)
		return -1;
	port = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	snprintf(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1,
		 "test-attacks-%08x", (unsigned int)getpid());
	listener = listen_at(AF_INET, (struct sockaddr *)&port, sizeof(port));
	named = listen_at(AF_UNIX, (struct sockaddr *)&abstract, PLACE);
	fd = mkstemp(file);
	unlink(ATTACK_MADE);
	stranger = start_stranger();
	if (listener < 0 || named < 0 || fd < 0 || stranger < 0)
		return -1;
	close(fd);
	return 0;
}

static int end(void **state)
{
	(void)state;
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
	unlink(file);
	close(listener);
	close(named);
	return 0;
}

/* What sendmsg() takes, with a byte, an fd and maybe where to send them. */
static void fill_message(char *data, bool addressed)
{
	const struct iovec byte = { (void *)INJECT_AT(80), 1 };
	const struct msghdr msg = {
		.msg_name = (void *)INJECT_AT(128),
		.msg_namelen = addressed ? sizeof(port) : 0,
		.msg_iov = (void *)INJECT_AT(64), .msg_iovlen = 1,
		.msg_control = (void *)INJECT_AT(96),
		.msg_controllen = CMSG_SPACE(sizeof(int)),
	};
	const struct cmsghdr rights = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
	};
	const int fd = STDERR_FILENO;

	memcpy(data, &msg, sizeof(msg));
	memcpy(data + 64, &byte, sizeof(byte));
	data[80] = 'x';
	memcpy(data + 96, &rights, sizeof(rights));
	memcpy(data + 96 + sizeof(rights), &fd, sizeof(fd));
	memcpy(data + 128, &port, sizeof(port));
}

static void fill(char *data, const struct attack_row *row)
{
	switch (row->content) {
	case NOTHING:
		break;
	case NAME:
		strcpy(data, row->name);
		break;
	case FILE_NAME:
		strcpy(data, file);
		break;
	case PORT:
		memcpy(data, &port, sizeof(port));
		break;
	case ABSTRACT:
		memcpy(data, &abstract, PLACE);
		break;
	case MESSAGE:
	case ADDRESSED:
		fill_message(data, row->content == ADDRESSED);
		break;
	}
}

static struct inject *start(struct world *w, const struct attack_row *row)
{
	char data[INJECT_DATA] = "";
	struct inject *in;

	fill(data, row);
	in = inject_new(data);
	world_quiet_daemon(w, 2);
	if (!inject_works(in))
		test_skip("permit ptrace(2) of one's own processes");
	for (unsigned int i = 0; i < 2; i++) {
		world_qemu(w, i, GUEST_FEATURES);
		world_client(w, i, i);
		world_await_client(w, i, i);
	}
	return in;
}

static unsigned long meaning(const struct world *w, unsigned long arg)
{
	switch (arg) {
	case SIBLING:
		return (unsigned long)w->worker[1];
	case SUPERVISOR:
		return (unsigned long)w->daemon.pid;
	case STRANGER:
		return (unsigned long)stranger;
	default:
		return arg;
	}
}

static void try_row(const struct world *w, struct inject *in, pid_t pid,
		    const struct attack_row *row)
{
	struct inject_call call = { .nr = row->nr };
	struct inject_result result;

	for (unsigned int i = 0; i < 6; i++)
		call.arg[i] = meaning(w, row->arg[i]);
	result = inject_call(in, pid, &call);
	must(row->fate > 0 ? result.signal == row->fate :
	     result.signal == 0 && result.value == row->fate,
	     "'%s': signal %d, value %ld, instead of %ld", row->what,
	     result.signal, result.value, row->fate);
}

/* Nobody was heard of, and nothing came of it. */
static void nothing_happened(const struct attack_row *row)
{
	int status;

	must(accept(listener, NULL, NULL) < 0 && accept(named, NULL, NULL) < 0,
	     "'%s' reached a listener", row->what);
	must(waitpid(stranger, &status, WNOHANG | WUNTRACED) == 0,
	     "'%s' reached a stranger: %x", row->what, (unsigned int)status);
	must(access(file, R_OK) == 0 && access(ATTACK_MADE, F_OK) != 0,
	     "'%s' reached a file", row->what);
}

/* Its front-end is disconnected; another one is served by another worker. */
static void clean_slate(struct world *w)
{
	struct daemon *d = &w->daemon;

	fe_expect_end(&w->fe[0]);
	daemon_worker(d, 0, w->worker[0]);
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_check_console(w, 0, 0);
	must(daemon_log_count(d, "its front-end is disconnected") == 1,
	     "no clean slate");
}

static void undisturbed(struct world *w, unsigned int console)
{
	world_check_console(w, console, console);
	must(daemon_worker(&w->daemon, console, 0) == w->worker[console],
	     "console %u has another worker", console);
}

/* And on to the next. */
static void over(void **state, struct inject *in, const struct attack_row *row)
{
	struct world *w = *state;

	nothing_happened(row);
	w->workers_die = row->fate == SIGSYS;
	world_end(w);
	inject_free(in);
	world_teardown(state);
	world_setup(state);
}

static void a_worker(void **state)
{
	for (const struct attack_row *row = worker_rows; row->what; row++) {
		struct world *w = *state;
		struct inject *in = start(w, row);

		try_row(w, in, w->worker[0], row);
		undisturbed(w, 1);
		if (row->fate == SIGSYS)
			clean_slate(w);
		else
			undisturbed(w, 0);
		over(state, in, row);
	}
}

static bool scopes_signals(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) >= 6;
}

static void the_supervisor(void **state)
{
	for (const struct attack_row *row = supervisor_rows; row->what; row++) {
		struct world *w = *state;
		struct inject *in;

		if (row->nr == SYS_tgkill && !scopes_signals())
			continue;
		in = start(w, row);
		try_row(w, in, w->daemon.pid, row);
		undisturbed(w, 0);
		undisturbed(w, 1);
		over(state, in, row);
	}
}

/* It ends; the sockets are then the supervisor's to remove. */
static void the_caretaker(void **state)
{
	for (const struct attack_row *row = caretaker_rows; row->what; row++) {
		struct world *w = *state;
		struct inject *in = start(w, row);

		try_row(w, in, process_child(w->daemon.pid,
					     "vhost-device-console", "-b"),
			row);
		undisturbed(w, 0);
		undisturbed(w, 1);
		over(state, in, row);
	}
}

/* The fds that come with the next byte; -1 when there is no byte. */
static int fds_that_came(int from)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(4 * sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int n = 0;

	if (!wait_fd(from, POLLIN, wait_until(WAIT_MS)) ||
	    recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		fd_close_all((int *)CMSG_DATA(c), (unsigned int)n);
	}
	return n;
}

/*
 * By each of its fds but the control socket. Others of this user may have so
 * many fds in flight that it may send none for a while.
 */
static void send_by_all(const struct world *w, struct inject *in,
			const struct attack_row *row)
{
	for (unsigned long fd = CONTROL + 1; fd < FDS_TRIED; fd++) {
		const struct inject_call call = {
			row->nr, { fd, row->arg[0], row->arg[1] },
		};
		uint64_t deadline = wait_until(WAIT_MS);
		struct inject_result result;

		while ((result = inject_call(in, w->worker[0], &call)).value ==
		       -ETOOMANYREFS && wait_left(deadline) > 0)
			wait_pause();
		must(result.signal == 0, "fd %lu: signal %d", fd,
		     result.signal);
		nothing_happened(row);
	}
}

/*
 * No filter can look into a message. What a worker sends reaches who is
 * connected and no one else, and a client gets bytes of it only. The front-end
 * can be given fds of the worker's: SECURITY.md says what that is worth.
 */
static void messages(void **state)
{
	static const struct attack_row rows[] = {
		{ "send an fd", 0, SYS_sendmsg, MESSAGE, NULL,
		  { INJECT_AT(0), MSG_DONTWAIT | MSG_NOSIGNAL } },
		{ "connect by sending", 0, SYS_sendmsg, ADDRESSED, NULL,
		  { INJECT_AT(0), MSG_DONTWAIT | MSG_NOSIGNAL } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = *state;
		struct inject *in = start(w, &rows[i]);
		bool sends = rows[i].content == MESSAGE;

		send_by_all(w, in, &rows[i]);
		if (sends) {
			must(fds_that_came(w->client[0].fd) == 0,
			     "a client got an fd");
			must(fds_that_came(w->fe[0].fd) == 1,
			     "the front-end got none");
		}
		undisturbed(w, 1);
		over(state, in, &rows[i]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_worker),
		WORLD_TEST(the_supervisor),
		WORLD_TEST(the_caretaker),
		WORLD_TEST(messages),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("attacks", tests, begin, end);
}

#else

#include "tests/lib/require.h"

int main(void)
{
	test_skip("use an x86-64 machine, whose registers this test knows");
}

#endif
