/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Where a layer of the jail is refused: --sandbox=strict ends in one line that
 * says which, what forbids it and what goes on without; best-effort goes on,
 * and names what it lacks. With a kernel that does not know the layer, both do;
 * and without some layers neither goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/userns.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/refuse.h"
#include "tests/lib/require.h"
#include "tests/lib/world.h"

#define MDWE		65		/* PR_SET_MDWE, which headers may lack */
#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
			 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
			 CLONE_NEWNET)

#define ANY(name, err)		{ name, REFUSE_ANY, 0, 0, err }
#define ARG0(name, value, err)	{ name, 0, ~0UL, value, err }
#define FLAG0(name, bit, err)	{ name, 0, bit, bit, err }

struct place {
	const char *limit;		/* of namespaces, set to 0, or NULL */
	struct refusal calls[20];
	const char *layer;
	const char *reason;
};

/* What the daemon is started in: a namespace of its own, with one id, if ... */
static struct userns_maps maps;
static const struct place *place;

static void be_alone(void)
{
	if (unshare(CLONE_NEWUSER) != 0 || userns_map(&maps) != 0)
		dprintf(2, "unshare: errno %d\n", errno);
}

/* ... it is a limit that forbids. */
static void deny_namespace(const char *name)
{
	char path[64];
	int fd;

	be_alone();
	snprintf(path, sizeof(path), "/proc/sys/user/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		dprintf(2, "%s: errno %d\n", path, errno);
	close(fd);
}

/* As "unshare -r" does: root, but of nobody else. */
static void be_root_alone(void)
{
	snprintf(maps.uid, sizeof(maps.uid), "0 %u 1", getuid());
	snprintf(maps.gid, sizeof(maps.gid), "0 %u 1", getgid());
	be_alone();
}

static void into_the_place(void)
{
	int err = 0;

	if (place->limit != NULL)
		deny_namespace(place->limit);
	else
		err = refuse_calls(place->calls);
	if (err != 0)
		dprintf(2, "refusing calls: errno %d\n", -err);
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

/* The kernel knows the layer, and does not grant it. */
static const struct place places[] = {
	{ .limit = "max_user_namespaces", .layer = "user",
	  .reason = "user.max_user_namespaces=0" },
	{ .limit = "max_pid_namespaces", .layer = "pid",
	  .reason = "user.max_" },
	{ .limit = "max_mnt_namespaces", .layer = "mount namespace",
	  .reason = "user.max_" },
	{ .limit = "max_net_namespaces", .layer = "network namespace",
	  .reason = "user.max_" },
	{ .limit = "max_ipc_namespaces", .layer = "ipc namespace",
	  .reason = "user.max_" },
	{ .limit = "max_uts_namespaces", .layer = "uts namespace",
	  .reason = "user.max_" },
	{ .limit = "max_cgroup_namespaces", .layer = "cgroup namespace",
	  .reason = "user.max_" },
	{ .calls = { FLAG0("clone", CLONE_NEWUSER, EPERM) },
	  .layer = "user and pid namespace", .reason = "a container" },
	{ .calls = { FLAG0("unshare", CLONE_NEWUSER, EPERM) },
	  .layer = "user namespace", .reason = "a container" },
	{ .calls = { ANY("mount", EACCES) },
	  .layer = "mount namespace", .reason = "a security module" },
	{ .calls = { ANY("pivot_root", EPERM) },
	  .layer = "empty root", .reason = "a container" },
	{ .calls = { ARG0("prctl", PR_SET_SECUREBITS, EPERM) },
	  .layer = "securebits", .reason = "a container" },
	{ .calls = { ARG0("prctl", MDWE, EPERM) },
	  .layer = "MDWE", .reason = "a container" },
	{ .calls = { ANY("landlock_create_ruleset", EPERM) },
	  .layer = "Landlock", .reason = "a container" },
	{ .calls = { ANY("landlock_add_rule", EPERM) },
	  .layer = "Landlock", .reason = "a container" },
	{ .calls = { ANY("landlock_restrict_self", EPERM) },
	  .layer = "Landlock", .reason = "a container" },
	/* As container runtimes do it that trust nobody. */
	{ .calls = { ANY("clone3", ENOSYS),
		     FLAG0("clone", CLONE_NEWNS, EPERM),
		     FLAG0("clone", CLONE_NEWCGROUP, EPERM),
		     FLAG0("clone", CLONE_NEWUTS, EPERM),
		     FLAG0("clone", CLONE_NEWIPC, EPERM),
		     FLAG0("clone", CLONE_NEWUSER, EPERM),
		     FLAG0("clone", CLONE_NEWPID, EPERM),
		     FLAG0("clone", CLONE_NEWNET, EPERM),
		     ANY("unshare", EPERM), ANY("setns", EPERM),
		     ANY("mount", EPERM), ANY("umount2", EPERM),
		     ANY("pivot_root", EPERM), ANY("bpf", EPERM),
		     ANY("ptrace", EPERM) },
	  .layer = "user and pid namespace", .reason = "a container" },
};

/* Kernels that do not know the layer: strict does not ask for it. */
static const struct place old_kernels[] = {
	{ .calls = { ANY("landlock_create_ruleset", ENOSYS) },
	  .layer = "Landlock" },
	{ .calls = { ANY("landlock_create_ruleset", EOPNOTSUPP) },
	  .layer = "Landlock" },
	{ .calls = { ARG0("prctl", MDWE, EINVAL) }, .layer = "MDWE" },
	{ .calls = { FLAG0("unshare", CLONE_NEWIPC, EINVAL) },
	  .layer = "ipc namespace" },
	{ .calls = { FLAG0("unshare", CLONE_NEWCGROUP, EINVAL) },
	  .layer = "cgroup namespace" },
	/* All of it, and what libc makes do without. */
	{ .calls = { ANY("landlock_create_ruleset", ENOSYS),
		     ANY("landlock_add_rule", ENOSYS),
		     ANY("landlock_restrict_self", ENOSYS),
		     ARG0("prctl", MDWE, EINVAL), ANY("clone3", ENOSYS),
		     ANY("epoll_pwait2", ENOSYS), ANY("faccessat2", ENOSYS),
		     ANY("statx", ENOSYS), ANY("rseq", ENOSYS),
		     FLAG0("unshare", CLONE_NEWCGROUP, EINVAL) },
	  .layer = "cgroup namespace" },
};

/* And what no policy goes on without. */
static const struct place hopeless[] = {
	{ .calls = { ANY("seccomp", EPERM),
		     ARG0("prctl", PR_SET_SECCOMP, EPERM) },
	  .layer = "seccomp" },
	{ .calls = { ANY("capset", EPERM) }, .layer = "capabilities" },
	{ .calls = { { "prlimit64", 1, ~0UL, RLIMIT_MSGQUEUE, EPERM } },
	  .layer = "resource limits" },
	{ .calls = { ARG0("prctl", PR_SET_NO_NEW_PRIVS, EPERM) },
	  .layer = "the caretaker" },
	{ .calls = { ARG0("prctl", PR_SET_DUMPABLE, EPERM) },
	  .layer = "the caretaker" },
	{ .calls = { ARG0("prctl", PR_SET_PDEATHSIG, EPERM) },
	  .layer = "a worker on trial" },
};

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))

static void ends_at_once(struct world *w, const char *const *options)
{
	int status = daemon_run(&w->daemon, options);

	must(WIFEXITED(status) && WEXITSTATUS(status) == 1,
	     "place %s: it ends with %x", place->layer, (unsigned int)status);
	must(daemon_log_count(&w->daemon, "\n") == 1,
	     "%s: not one line", place->layer);
	must(access(daemon_sock(&w->daemon, 0), F_OK) != 0,
	     "a socket is left");
}

static void strict(void **state)
{
	struct world *w = *state;

	daemon_before_exec(into_the_place);
	for (unsigned int i = 0; i < COUNT(places); i++) {
		place = &places[i];
		ends_at_once(w, NULL);
		must(daemon_log_count(&w->daemon, "sandbox: ") == 1 &&
		     daemon_log_count(&w->daemon, place->layer) == 1,
		     "row %u: not '%s'", i, place->layer);
		must(daemon_log_count(&w->daemon, place->reason) == 1,
		     "%s: not '%s'", place->layer, place->reason);
		must(daemon_log_count(&w->daemon, "--sandbox=best-effort") == 1,
		     "%s: no way out is named", place->layer);
		daemon_destroy(&w->daemon);
	}
	daemon_before_exec(NULL);
}

/* Serves a console, also after its worker's death. */
static void serves(void **state, const char *policy, const char *says)
{
	struct world *w = *state;
	unsigned int lines;

	world_daemon(w, 1, DAEMON_OPTIONS("--sandbox", policy,
					  "--notices", "off"));
	must(daemon_log_count(&w->daemon, says) >= 1 &&
	     daemon_log_count(&w->daemon, place->layer) >= 1,
	     "'%s' is not named", place->layer);
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	lines = daemon_log_count(&w->daemon, "without");
	w->worker[0] = daemon_kill_worker(&w->daemon, 0, SIGKILL);
	world_check_console(w, 0, 0);
	/* What is missing is said at the start, not at each restart. */
	must(daemon_log_count(&w->daemon, "without") == lines,
	     "%s: said again and again", place->layer);
	world_end(w);
	world_teardown(state);
	world_setup(state);
}

static void best_effort(void **state)
{
	daemon_before_exec(into_the_place);
	for (unsigned int i = 0; i < COUNT(places); i++) {
		place = &places[i];
		serves(state, "best-effort", "without");
	}
	daemon_before_exec(NULL);
}

static void old_kernel(void **state)
{
	daemon_before_exec(into_the_place);
	for (unsigned int i = 0; i < COUNT(old_kernels); i++) {
		place = &old_kernels[i];
		serves(state, "strict", "this kernel has none");
	}
	daemon_before_exec(NULL);
}

static void never_without(void **state)
{
	struct world *w = *state;

	daemon_before_exec(into_the_place);
	for (unsigned int i = 0; i < COUNT(hopeless); i++) {
		place = &hopeless[i];
		ends_at_once(w, DAEMON_OPTIONS("--sandbox", "best-effort"));
		must(daemon_log_count(&w->daemon, "sandbox: ") == 1 &&
		     daemon_log_count(&w->daemon, place->layer) == 1,
		     "row %u: not '%s'", i, place->layer);
		daemon_destroy(&w->daemon);
	}
	daemon_before_exec(NULL);
}

/* No jail is the matter: whom it would serve as is missing. */
static void nobody_to_become(void **state)
{
	static const struct place alone = { .layer = "other users" };
	struct world *w = *state;

	place = &alone;
	daemon_before_exec(be_root_alone);
	ends_at_once(w, DAEMON_OPTIONS("--user", "nobody"));
	must(daemon_log_count(&w->daemon, "--user nobody: this user namespace")
	     == 1, "not said");
	daemon_before_exec(NULL);
}

/* The same of those who are to have the sockets. */
static void nobody_to_give_to(void **state)
{
	static const struct place alone = { .layer = "other groups" };
	struct world *w = *state;

	place = &alone;
	daemon_before_exec(be_alone);
	ends_at_once(w, DAEMON_OPTIONS("--socket-group", "root"));
	must(daemon_log_count(&w->daemon,
			      "--socket-group root: this user namespace") == 1,
	     "not said");
	daemon_before_exec(NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(strict),
		WORLD_TEST(best_effort),
		WORLD_TEST(old_kernel),
		WORLD_TEST(never_without),
		WORLD_TEST(nobody_to_become),
		WORLD_TEST(nobody_to_give_to),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("sandbox", tests, begin, NULL);
}
