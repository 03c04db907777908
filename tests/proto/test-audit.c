/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the kernel says of live processes: workers that serve a guest, the
 * supervisor and the caretaker. Run by root it sees more; what of their layers
 * cannot be read, test-jail and test-attacks try.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/require.h"
#include "tests/lib/world.h"

static char status[8192];
static int own_filters;

static void read_status(pid_t pid)
{
	char path[40];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	must(file != NULL, "%s: errno %d", path, errno);
	n = fread(status, 1, sizeof(status) - 1, file);
	status[n] = '\0';
	fclose(file);
}

/* What stands behind @name in the status of the process. */
static const char *field(const char *name)
{
	static char value[200];
	const char *at = strstr(status, name);

	must(at != NULL, "no '%s'", name);
	at += strlen(name);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
	return value;
}

static void check_ids(const char *who)
{
	static const char *const names[] = { "\nUid:", "\nGid:" };

	for (unsigned int i = 0; i < 2; i++) {
		unsigned int id[4];
		int n = sscanf(field(names[i]), "%u %u %u %u", &id[0], &id[1],
			       &id[2], &id[3]);

		must(n == 4 && id[0] == id[1] && id[0] == id[2] &&
		     id[0] == id[3], "%s: %s", who, field(names[i]));
		must(id[0] != 0 || geteuid() != 0 || i == 1, "%s is root", who);
	}
}

static void check_no_capability(const char *who, bool bounding)
{
	static const char *const sets[] = { "\nCapInh:", "\nCapPrm:",
					    "\nCapEff:", "\nCapAmb:",
					    "\nCapBnd:" };

	for (unsigned int i = 0; i < (bounding ? 5 : 4); i++)
		must(strtoull(field(sets[i]), NULL, 16) == 0, "%s:%s%s", who,
		     sets[i], field(sets[i]));
}

/* @filters: beside those that this test runs under, as in a container. */
static void check_flags(const char *who, int filters)
{
	filters += own_filters;
	must(atoi(field("\nNoNewPrivs:")) == 1, "%s: NoNewPrivs", who);
	must(atoi(field("\nSeccomp:")) == 2, "%s: Seccomp", who);
	must(atoi(field("\nSeccomp_filters:")) == filters, "%s: %s filters",
	     who, field("\nSeccomp_filters:"));
}

/* Root leaves none; who is not root cannot leave any. */
static void check_groups(const char *who, pid_t pid)
{
	char its[200];

	if (geteuid() == 0) {
		must(strspn(field("\nGroups:"), " \t") ==
		     strlen(field("\nGroups:")), "%s: groups %s", who,
		     field("\nGroups:"));
		return;
	}
	snprintf(its, sizeof(its), "%s", field("\nGroups:"));
	read_status(getpid());
	must(strcmp(its, field("\nGroups:")) == 0, "%s: groups %s", who, its);
	read_status(pid);
}

/* Of what is not dumpable root owns what /proc has of it. */
static void check_hidden(const char *who, pid_t pid)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	must(stat(path, &st) == 0 && st.st_uid == 0, "%s can be looked into",
	     who);
}

static void read_link(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, out, size - 1);
	must(n > 0, "%s: errno %d", path, errno);
	out[n] = '\0';
}

static void check_namespaces(pid_t worker, pid_t other)
{
	static const char *const names[] = { "ns/user", "ns/mnt", "ns/net",
					     "ns/ipc", "ns/uts", "ns/cgroup",
					     "ns/pid" };
	char mine[64], its[64];

	for (unsigned int i = 0; i < 7; i++) {
		read_link(worker, names[i], mine, sizeof(mine));
		read_link(other, names[i], its, sizeof(its));
		must(strcmp(mine, its) != 0, "%d and %d share %s", (int)worker,
		     (int)other, names[i]);
	}
}

static void check_root(pid_t worker)
{
	char path[40];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/root/", (int)worker);
	dir = opendir(path);
	must(dir != NULL, "%s: errno %d", path, errno);
	while ((entry = readdir(dir)) != NULL)
		must(entry->d_name[0] == '.', "'%s' is in its root",
		     entry->d_name);
	must(openat(dirfd(dir), "made", O_CREAT | O_WRONLY | O_CLOEXEC,
		    0600) < 0 && errno == EROFS, "its root is not read-only");
	closedir(dir);
}

struct limit {
	const char *name;
	long most;
};

static const struct limit worker_limits[] = {
	{ "Max core file size", 0 }, { "Max processes", 0 },
	{ "Max locked memory", 0 }, { "Max msgqueue size", 0 },
	{ "Max nice priority", 0 }, { "Max realtime priority", 0 },
	{ "Max open files", 255 },
#ifndef VDC_SANITIZERS
	{ "Max data size", 4 << 20 }, { "Max stack size", 1 << 20 },
#endif
	{ NULL, 0 },
};

static const struct limit supervisor_limits[] = {
	{ "Max core file size", 0 }, { "Max locked memory", 0 },
	{ "Max msgqueue size", 0 }, { "Max nice priority", 0 },
	{ "Max realtime priority", 0 }, { NULL, 0 },
};

static const struct limit caretaker_limits[] = {
	{ "Max core file size", 0 }, { "Max processes", 0 },
	{ "Max locked memory", 0 }, { "Max msgqueue size", 0 },
	{ "Max nice priority", 0 }, { "Max realtime priority", 0 },
	{ "Max open files", 0 }, { "Max file size", 0 }, { NULL, 0 },
};

/* Soft and hard. */
static void check_limits(const char *who, pid_t pid, const struct limit *limits)
{
	char all[4096], path[40];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	file = fopen(path, "re");
	must(file != NULL, "%s: errno %d", path, errno);
	n = fread(all, 1, sizeof(all) - 1, file);
	all[n] = '\0';
	fclose(file);
	for (const struct limit *l = limits; l->name != NULL; l++) {
		const char *at = strstr(all, l->name);
		long soft, hard;

		must(at != NULL &&
		     sscanf(at + strlen(l->name), "%ld %ld", &soft, &hard) == 2 &&
		     soft <= l->most && hard <= l->most, "%s: %s", who,
		     at != NULL ? at : l->name);
	}
}

/* Nothing but what starts with one of these; @log: standard error, too. */
static void check_fds(const char *who, pid_t pid, const char *const *known,
		      bool log)
{
	char path[40], name[300], to[300];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	must(dir != NULL, "%s: errno %d", path, errno);
	while ((entry = readdir(dir)) != NULL) {
		bool fine = log && atoi(entry->d_name) <= STDERR_FILENO;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		read_link(pid, name, to, sizeof(to));
		for (unsigned int i = 0; known[i] != NULL; i++)
			fine |= strncmp(to, known[i], strlen(known[i])) == 0;
		must(fine, "%s: fd %s is %s", who, entry->d_name, to);
	}
	closedir(dir);
}

/* Executable memory comes from a file and cannot be written. */
static void check_maps(pid_t worker)
{
	char path[40], line[500];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)worker);
	file = fopen(path, "re");
	must(file != NULL, "%s: errno %d", path, errno);
	while (fgets(line, sizeof(line), file) != NULL)
		must(strstr(line, " rwx") == NULL, "%s", line);
	fclose(file);
}

static void check_worker(const struct world *w, unsigned int console)
{
	/* Sockets, and what has no name: no file, no log or terminal of ours. */
	static const char *const fds[] = { "socket:", "anon_inode:", "/memfd:",
					   "pipe:", "/dev/null", NULL };
	pid_t pid = w->worker[console];
	char cwd[64];

	read_status(pid);
	check_ids("worker");
	check_groups("worker", pid);
	check_no_capability("worker", true);
	/* the supervisor's, the one of the proof, and its own */
	check_flags("worker", 3);
	check_hidden("worker", pid);
	must(strstr(field("\nNSpid:"), "\t1") != NULL, "it is not alone: %s",
	     field("\nNSpid:"));
	check_namespaces(pid, getpid());
	check_namespaces(pid, w->worker[!console]);
	check_root(pid);
	read_link(pid, "cwd", cwd, sizeof(cwd));
	must(strcmp(cwd, "/") == 0, "it is in %s", cwd);
	check_limits("worker", pid, worker_limits);
	/* Of what is not dumpable only root may see these. */
	if (geteuid() == 0)
		check_fds("worker", pid, fds, false);
	check_maps(pid);
}

static void workers(void **state)
{
	struct world *w = *state;

	if (strcmp(daemon_sandbox(), "--sandbox=strict") != 0)
		test_skip("permit user namespaces");
	world_quiet_daemon(w, 2);
	for (unsigned int i = 0; i < 2; i++) {
		world_qemu(w, i, GUEST_FEATURES);
		world_client(w, i, i);
		world_check_console(w, i, i);
	}
	for (unsigned int i = 0; i < 2; i++)
		check_worker(w, i);
	world_end(w);
}

static void supervisor(void **state)
{
	struct world *w = *state;
	pid_t pid;

	world_simple(w);
	pid = w->daemon.pid;
	read_status(pid);
	check_ids("supervisor");
	check_groups("supervisor", pid);
	/* Only root can empty the bounding set. */
	check_no_capability("supervisor", geteuid() == 0);
	check_flags("supervisor", 1);
	check_hidden("supervisor", pid);
	check_limits("supervisor", pid, supervisor_limits);
	if (geteuid() == 0) {
		char worker[PATH_MAX];
		const char *const fds[] = { "socket:", "anon_inode:", "pipe:",
					    "pidfd:", "/memfd:", "/dev/null",
					    worker, w->daemon.dir, NULL };

		must(realpath(daemon_beside("vhost-device-console-worker"),
			      worker) != NULL, "no worker");
		check_fds("supervisor", pid, fds, true);
		check_maps(pid);
	}
	world_end(w);
}

/* To override modes is all that it may be able to. */
static void check_one_capability(void)
{
	static const char *const sets[] = { "\nCapPrm:", "\nCapEff:" };
	static const char *const none[] = { "\nCapInh:", "\nCapAmb:",
					    "\nCapBnd:" };
	unsigned long long most = geteuid() == 0 ? 1 << CAP_DAC_OVERRIDE : 0;

	for (unsigned int i = 0; i < 2; i++)
		must(strtoull(field(sets[i]), NULL, 16) == most,
		     "caretaker:%s%s", sets[i], field(sets[i]));
	for (unsigned int i = 0; i < (geteuid() == 0 ? 3 : 2); i++)
		must(strtoull(field(none[i]), NULL, 16) == 0,
		     "caretaker:%s%s", none[i], field(none[i]));
}

static void caretaker(void **state)
{
	struct world *w = *state;
	const char *const fds[] = { "/dev/null", "pipe:", w->daemon.sock,
				    NULL };
	pid_t pid;

	world_simple(w);
	pid = process_child(w->daemon.pid, "vhost-device-console", "-b");
	must(pid > 0, "no caretaker");
	read_status(pid);
	check_groups("caretaker", pid);
	check_one_capability();
	check_flags("caretaker", 1);
	check_hidden("caretaker", pid);
	check_limits("caretaker", pid, caretaker_limits);
	if (geteuid() == 0) {
		/* the folder of the sockets */
		*strrchr(w->daemon.sock, '/') = '\0';
		check_fds("caretaker", pid, fds, false);
		w->daemon.sock[strlen(w->daemon.sock)] = '/';
		check_maps(pid);
	}
	world_end(w);
}

static int begin(void **state)
{
	(void)state;
	read_status(getpid());
	own_filters = atoi(field("\nSeccomp_filters:"));
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(workers),
		WORLD_TEST(supervisor),
		WORLD_TEST(caretaker),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("audit", tests, begin, NULL);
}
