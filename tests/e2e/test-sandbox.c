/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Where a layer of the jail is refused: --sandbox=strict ends in one line that
 * says which, what forbids it and what goes on without; best-effort goes on,
 * and names what it lacks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/userns.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/require.h"
#include "tests/lib/world.h"


/* What the daemon is started in: an own namespace in which one is the last. */
static struct userns_maps maps;
static const char *forbidden;

static void deny(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/user/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		dprintf(2, "%s: errno %d\n", path, errno);
	close(fd);
}

static void into_a_place_that_denies(void)
{
	if (unshare(CLONE_NEWUSER) != 0 || userns_map(&maps) != 0)
		dprintf(2, "unshare: errno %d\n", errno);
	deny(forbidden);
}

static int begin(void **state)
{
	(void)state;
	if (strcmp(daemon_sandbox(), "--sandbox=strict") != 0)
		test_skip("permit user namespaces");
	if (become_ordinary())
		return -1;
	userns_maps_init(&maps, getuid(), getgid());
	return 0;
}

struct place {
	const char *limit;		/* of namespaces, set to 0 */
	const char *layer;
	const char *reason;
};

static const struct place places[] = {
	{ "max_user_namespaces", "user", "user.max_user_namespaces=0" },
	{ "max_pid_namespaces", "pid", "user.max_" },
	{ "max_mnt_namespaces", "mount namespace", "user.max_" },
	{ "max_net_namespaces", "network namespace", "user.max_" },
	{ "max_ipc_namespaces", "ipc namespace", "user.max_" },
	{ "max_uts_namespaces", "uts namespace", "user.max_" },
	{ "max_cgroup_namespaces", "cgroup namespace", "user.max_" },
};

static void run_strict(struct world *w)
{
	struct daemon *d = &w->daemon;
	int status = daemon_run(d, NULL);

	must(WIFEXITED(status) && WEXITSTATUS(status) == 1,
	     "it ends with %x", (unsigned int)status);
}

static void strict(void **state)
{
	struct world *w = *state;

	daemon_before_exec(into_a_place_that_denies);
	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct place *p = &places[i];

		forbidden = p->limit;
		run_strict(w);
		must(daemon_log_count(&w->daemon, "sandbox: ") == 1 &&
		     daemon_log_count(&w->daemon, "\n") == 1,
		     "%s: not one line", p->limit);
		must(daemon_log_count(&w->daemon, p->layer) == 1,
		     "%s: not '%s'", p->limit, p->layer);
		must(daemon_log_count(&w->daemon, p->reason) == 1,
		     "%s: not '%s'", p->limit, p->reason);
		must(daemon_log_count(&w->daemon, "--sandbox=best-effort") == 1,
		     "%s: no way out is named", p->limit);
		must(access(daemon_sock(&w->daemon, 0), F_OK) != 0,
		     "a socket is left");
		daemon_destroy(&w->daemon);
	}
	daemon_before_exec(NULL);
}

static void best_effort(void **state)
{
	struct world *w = *state;

	daemon_before_exec(into_a_place_that_denies);
	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct place *p = &places[i];
		unsigned int lines;

		forbidden = p->limit;
		world_daemon(w, 1, DAEMON_OPTIONS("--sandbox", "best-effort",
						  "--notices", "off"));
		must(daemon_log_count(&w->daemon, p->layer) >= 1,
		     "%s: '%s' is not named", p->limit, p->layer);
		world_qemu(w, 0, GUEST_FEATURES);
		world_client(w, 0, 0);
		world_check_console(w, 0, 0);
		lines = daemon_log_count(&w->daemon, "workers run without");
		w->worker[0] = daemon_kill_worker(&w->daemon, 0, SIGKILL);
		world_check_console(w, 0, 0);
		/* What is missing is said at the start, not at each restart. */
		must(daemon_log_count(&w->daemon, "workers run without") == lines,
		     "%s: said again and again", p->limit);
		world_end(w);
		world_teardown(state);
		world_setup(state);
		w = *state;
	}
	daemon_before_exec(NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(strict),
		WORLD_TEST(best_effort),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("sandbox", tests, begin, NULL);
}
