/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the kernel says of live processes: workers that serve a guest, the
 * supervisor and the caretaker.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/require.h"
#include "tests/lib/world.h"

static char status[8192];

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

static void check_flags(const char *who)
{
	must(atoi(field("\nNoNewPrivs:")) == 1, "%s: NoNewPrivs", who);
	must(atoi(field("\nSeccomp:")) == 2, "%s: Seccomp", who);
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

static void check_limits(pid_t worker)
{
	static const char *const zero[] = { "Max core file size",
					    "Max processes",
					    "Max locked memory",
					    "Max msgqueue size" };
	char path[40], line[200];
	unsigned int seen = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)worker);
	file = fopen(path, "re");
	must(file != NULL, "%s: errno %d", path, errno);
	while (fgets(line, sizeof(line), file) != NULL) {
		for (unsigned int i = 0; i < 4; i++)
			if (strncmp(line, zero[i], strlen(zero[i])) == 0) {
				must(atoi(line + 26) == 0, "%s", line);
				seen++;
			}
		if (strncmp(line, "Max open files", 14) == 0)
			must(atoi(line + 26) < 256, "%s", line);
	}
	fclose(file);
	must(seen == 4, "%u limits", seen);
}

/* Sockets, and what has no name: no file, and no log or terminal of ours. */
static void check_fds(pid_t worker)
{
	static const char *const kinds[] = { "socket:", "anon_inode:",
					     "/memfd:", "pipe:", "/dev/null" };
	char path[40], name[300], to[300];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)worker);
	dir = opendir(path);
	must(dir != NULL, "%s: errno %d", path, errno);
	while ((entry = readdir(dir)) != NULL) {
		bool known = false;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		read_link(worker, name, to, sizeof(to));
		for (unsigned int i = 0; i < 5; i++)
			known |= strncmp(to, kinds[i], strlen(kinds[i])) == 0;
		must(known, "fd %s is %s", entry->d_name, to);
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
	for (unsigned int i = 0; i < 2; i++) {
		pid_t pid = w->worker[i];

		read_status(pid);
		check_ids("worker");
		check_no_capability("worker", true);
		check_flags("worker");
		/* the supervisor's, the one of the proof, and its own */
		must(atoi(field("\nSeccomp_filters:")) == 3, "%s filters",
		     field("\nSeccomp_filters:"));
		must(strstr(field("\nNSpid:"), "\t1") != NULL,
		     "it is not alone: %s", field("\nNSpid:"));
		check_namespaces(pid, getpid());
		check_namespaces(pid, w->worker[!i]);
		check_root(pid);
		check_limits(pid);
		/* Of what is not dumpable only root may see these. */
		if (geteuid() == 0)
			check_fds(pid);
		check_maps(pid);
	}
	world_end(w);
}

/* Its list of children is the worker and the caretaker. */
static pid_t caretaker_of(const struct world *w)
{
	return process_child(w->daemon.pid, "vhost-device-console", "-b");
}

static void supervisor_and_caretaker(void **state)
{
	struct world *w = *state;
	pid_t pid;

	world_simple(w);
	read_status(w->daemon.pid);
	check_ids("supervisor");
	check_no_capability("supervisor", geteuid() == 0);
	check_flags("supervisor");
	if (geteuid() == 0)
		check_maps(w->daemon.pid);
	pid = caretaker_of(w);
	must(pid > 0, "no caretaker");
	read_status(pid);
	check_flags("caretaker");
	must((strtoull(field("\nCapEff:"), NULL, 16) & ~2ULL) == 0 &&
	     (strtoull(field("\nCapPrm:"), NULL, 16) & ~2ULL) == 0 &&
	     strtoull(field("\nCapInh:"), NULL, 16) == 0 &&
	     strtoull(field("\nCapAmb:"), NULL, 16) == 0,
	     "the caretaker can more than override modes: %s",
	     field("\nCapEff:"));
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(workers),
		WORLD_TEST(supervisor_and_caretaker),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
