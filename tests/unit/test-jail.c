/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The layers of a worker's jail, from inside. The program started as a worker
 * is this test: it enters all layers, or all but one, and then tries what one
 * who had taken a worker over would. Nothing may succeed, whichever layer is
 * missing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/fd.h"
#include "common/userns.h"
#include "supervisor/filter.h"
#include "supervisor/spawn.h"
#include "tests/lib/attacks.h"
#include "tests/lib/daemon.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/require.h"
#include "tests/lib/unit.h"
#include "tests/unit/jail-look.h"
#include "worker/fault.h"
#include "worker/jail.h"

#define NO_LAYER	1000
#define ALL_BUT_FILTER	1001
#define GIVE_UP		1002		/* and a row of ways[] */
#define ALONE		2000		/* and a row of alone[] */

struct order {
	unsigned int without;		/* layer, or one of the above */
	unsigned int attack;
	struct targets targets;
};

/*
 * What a layer has to stop when there is no other but those that it stands on.
 */
static const struct {
	const char *layer;
	const char *on[2];
	const char *stops[9];
} alone[] = {
	{ "network namespace", { "user namespace" },
	  { "connect to a TCP port", "connect to an abstract socket" } },
	{ "ipc namespace", { "user namespace" }, { "attach shared memory" } },
	{ "empty root", { "user namespace", "mount namespace" },
	  { "read a file", "write a file", "make a file", "list the root",
	    "read a sibling's memory", "run a program",
	    "return to the root before" } },
	{ "resource limits", { NULL }, { "start a process" } },
	{ "capabilities", { "user namespace", "mount namespace" },
	  { "mount", "name the host" } },
	{ "MDWE", { NULL }, { "get executable memory" } },
	{ "Landlock", { "no_new_privs" },
	  { "read a file", "write a file", "make a file", "list the root",
	    "connect to a TCP port", "connect to an abstract socket",
	    "signal a sibling", "trace a sibling", "run a program" } },
};

static void enter_named(const char *name)
{
	for (unsigned int i = 0; name && i < jail_layer_count; i++)
		if (!strcmp(jail_layers[i].name, name) &&
		    jail_layers[i].enter())
			_exit(1);
}

static void enter(unsigned int without)
{
	if (without >= ALONE) {
		for (unsigned int i = 0; i < 2; i++)
			enter_named(alone[without - ALONE].on[i]);
		enter_named(alone[without - ALONE].layer);
		return;
	}
	for (unsigned int i = 0; i < jail_layer_count; i++) {
		bool filter = jail_layers[i].enter == jail_filter;

		if (i == without || (filter && without == ALL_BUT_FILTER))
			continue;
		/* Without namespaces some others cannot hold: so be it. */
		if (jail_layers[i].enter() < 0 && without == NO_LAYER)
			_exit(1);
	}
}

void __stack_chk_fail(void);

/* What libc says and does when it finds memory damaged. */
static void (*const ways[])(void) = { abort, __stack_chk_fail };

static int be_a_worker(void)
{
	struct order order;
	const char *wrong;

	if (recv(WORKER_FD_CONTROL, &order, sizeof(order), 0) != sizeof(order))
		return 1;
	if (order.without == GIVE_UP)
		fault_init();
	enter(order.without == GIVE_UP ? NO_LAYER : order.without);
	if (order.without == GIVE_UP)
		ways[order.attack]();
	if (order.without == ALL_BUT_FILTER) {
		wrong = jail_looks_wrong();
		send(WORKER_FD_CONTROL, wrong ? wrong : "fine",
		     wrong ? strlen(wrong) + 1 : 5, 0);
		_exit(0);
	}
	if (attacks[order.attack].succeeds(&order.targets))
		_exit(ATTACK_SUCCEEDED);
	_exit(0);
}

static struct targets targets;
static struct spawn worker;
static int listener, named;

static int open_listener(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 99) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		return -1;
	targets.port = ntohs(addr.sin_port);
	return fd;
}

static int open_named(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(targets.name, sizeof(targets.name), "test-jail-%d", getpid());
	memcpy(addr.sun_path + 1, targets.name, strlen(targets.name));
	if (bind(fd, (struct sockaddr *)&addr,
		 (socklen_t)(sizeof(sa_family_t) + 1 + strlen(targets.name))))
		return -1;
	return listen(fd, 99) ? -1 : fd;
}

/* A process of the same user that hides nothing, not even where Yama is. */
static pid_t start_sibling(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGUSR1, SIG_IGN);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 1);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	return pid;
}

static int begin(void **state)
{
	int file;

	(void)state;
	if (strcmp(daemon_sandbox(), "--sandbox=strict") != 0)
		test_skip("permit user namespaces");
	if (spawn_reserve())
		return -1;
	if (become_ordinary())
		return -1;
	targets.sibling = start_sibling();
	listener = open_listener();
	named = open_named();
	targets.shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	strcpy(targets.file, "/tmp/test-jail-XXXXXX");
	file = mkstemp(targets.file);
	close(file);
	snprintf(targets.other, sizeof(targets.other), "%.50s-made",
		 targets.file);
	worker = (struct spawn){
		.program = open("/proc/self/exe", O_PATH | O_CLOEXEC),
		.null = open("/dev/null", O_RDWR | O_CLOEXEC),
		.log = STDERR_FILENO,
		.state = open("/dev/null", O_RDWR | O_CLOEXEC),
		.filter = filter_for_workers(),
		.proof = filter_for_proof(),
		.namespaces = true,
		.socket_path = "attack",
	};
	return listener < 0 || named < 0 || targets.shm < 0 || file < 0 ||
	       worker.filter < 0;
}

static int end(void **state)
{
	(void)state;
	kill(targets.sibling, SIGKILL);
	waitpid(targets.sibling, NULL, 0);
	shmctl(targets.shm, IPC_RMID, NULL);
	unlink(targets.file);
	unlink(targets.other);
	return 0;
}

/* The status of waitid(); @said gets what the worker told, if anything. */
static siginfo_t try_attack(unsigned int without, unsigned int attack,
			    char *said, size_t size)
{
	struct order order = { without, attack, targets };
	siginfo_t info = { 0 };
	int control[2], pidfd = -1;
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    control), 0);
	assert_int_equal(send(control[0], &order, sizeof(order), 0),
			 sizeof(order));
	worker.control = control[1];
	assert_true(spawn_worker(&worker, &pidfd) > 0);
	fd_close(&control[1]);
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	n = recv(control[0], said, size - 1, MSG_DONTWAIT);
	said[n > 0 ? n : 0] = '\0';
	fd_close(&control[0]);
	fd_close(&pidfd);
	return info;
}

/* The attack list as such is sound: with no layer it succeeds. */
static void nothing_holds_without_layers(void **state)
{
	static const char *const need_more[] = {
		"signal a sibling", "become root", "gain a capability",
		"raise a limit", "name the host", "mount",
	};

	(void)state;
	for (unsigned int i = 0; i < attack_count; i++) {
		bool expected = true;
		int status;
		pid_t pid;

		for (size_t n = 0; n < ARRAY_LEN(need_more); n++)
			expected &= strcmp(attacks[i].name, need_more[n]) != 0;
		pid = fork();
		if (!pid)
			_exit(attacks[i].succeeds(&targets) ? ATTACK_SUCCEEDED : 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		must(!expected || WEXITSTATUS(status) == ATTACK_SUCCEEDED,
		     "'%s' fails even without a jail: %x", attacks[i].name,
		     (unsigned int)status);
	}
}

static void try_all(unsigned int without, const char *what)
{
	char said[64];

	for (unsigned int i = 0; i < attack_count; i++) {
		siginfo_t info = try_attack(without, i, said, sizeof(said));

		must(info.si_code != CLD_EXITED ||
		     info.si_status == 0, "without %s: '%s' ends with %d",
		     what, attacks[i].name, info.si_status);
	}
}

static void nothing_succeeds(void **state)
{
	(void)state;
	try_all(NO_LAYER, "nothing");
}

static void nor_without_any_one_layer(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < jail_layer_count; i++)
		try_all(i, jail_layers[i].name);
	worker.namespaces = false;
	try_all(jail_layer_count, "pid namespace");
	worker.namespaces = true;
}

static unsigned int attack_named(const char *name)
{
	for (unsigned int i = 0; i < attack_count; i++)
		if (!strcmp(attacks[i].name, name))
			return i;
	must(false, "no attack '%s'", name);
	return 0;
}

/* None of them is there for show. */
static void each_holds_alone(void **state)
{
	char said[64];

	(void)state;
	worker.namespaces = false;
	for (unsigned int i = 0; i < ARRAY_LEN(alone); i++)
		for (unsigned int k = 0; k < 9 && alone[i].stops[k]; k++) {
			const char *name = alone[i].stops[k];
			siginfo_t info = try_attack(ALONE + i,
						    attack_named(name), said,
						    sizeof(said));

			must(info.si_code == CLD_EXITED && info.si_status == 0,
			     "%s alone: '%s' ends with %d", alone[i].layer,
			     name, info.si_status);
		}
	worker.namespaces = true;
}

/* Not even where root is nobody outside. */
static void root_is_turned_away(void **state)
{
	struct userns_maps maps;
	int status;
	pid_t pid;

	(void)state;
	snprintf(maps.uid, sizeof(maps.uid), "0 %u 1\n", getuid());
	snprintf(maps.gid, sizeof(maps.gid), "0 %u 1\n", getgid());
	pid = fork();
	if (!pid)
		_exit(unshare(CLONE_NEWUSER) || userns_map(&maps) ||
		      getuid() != 0 ? 2 : jail_user() == -EPERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void what_it_sees_of_itself(void **state)
{
	siginfo_t info;
	char said[64];

	(void)state;
	info = try_attack(ALL_BUT_FILTER, 0, said, sizeof(said));
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_string_equal(said, "fine");
}

static void libc_may_give_up(void **state)
{
	char said[64];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(ways); i++) {
		siginfo_t info = try_attack(GIVE_UP, i, said, sizeof(said));

		must(info.si_code == CLD_EXITED &&
		     info.si_status == WORKER_EXIT_SIGNAL + SIGABRT,
		     "way %u: code %d, status %d", i, info.si_code,
		     info.si_status);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_holds_without_layers),
		cmocka_unit_test(what_it_sees_of_itself),
		cmocka_unit_test(nothing_succeeds),
		cmocka_unit_test(nor_without_any_one_layer),
		cmocka_unit_test(each_holds_alone),
		cmocka_unit_test(root_is_turned_away),
		cmocka_unit_test(libc_may_give_up),
	};

	if (argc == 3 && !strcmp(argv[2], "socket=attack"))
		return be_a_worker();
	return cmocka_run_group_tests_name("jail", tests, begin, end);
}
