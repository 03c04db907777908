/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/process.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

#define SETTLED_US	300000

/* Reads /proc/@pid/@name; returns its length, 0 if it cannot be read. */
static size_t process_read(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t len;
	FILE *file;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	len = fread(buf, 1, size - 1, file);
	fclose(file);
	buf[len] = '\0';
	return len;
}

/* Field @n of /proc/PID/stat, counted as proc(5) does; 4 is the first. */
static long process_stat(pid_t pid, int n)
{
	char buf[1024];
	const char *at;

	if (process_read(pid, "stat", buf, sizeof(buf)) == 0)
		return -1;
	at = strrchr(buf, ')');
	for (int field = 2; at != NULL && field < n; field++)
		at = strchr(at + 1, ' ');
	return at == NULL ? -1 : strtol(at + 1, NULL, 10);
}

void process_stop(pid_t pid)
{
	uint64_t deadline = wait_until(WAIT_MS);
	char buf[1024];
	const char *at;

	kill(pid, SIGSTOP);
	do {
		must(wait_left(deadline) > 0, "process %d does not stop",
		     (int)pid);
		process_read(pid, "stat", buf, sizeof(buf));
		at = strrchr(buf, ')');
	} while (at == NULL || at[2] != 'T');
}

bool process_argument(pid_t pid, char *arg, size_t size)
{
	char buf[512];
	size_t len = process_read(pid, "cmdline", buf, sizeof(buf));
	size_t first = strlen(buf);

	if (len <= first + 1)
		return false;
	snprintf(arg, size, "%s", buf + first + 1);
	return true;
}

/* False also when it is gone. */
static bool process_catches(pid_t pid, int sig)
{
	char buf[4096];
	const char *at;

	if (process_read(pid, "status", buf, sizeof(buf)) == 0)
		return false;
	at = strstr(buf, "\nSigCgt:");
	return at != NULL && (strtoull(at + 8, NULL, 16) >> (sig - 1) & 1);
}

void process_await_handler(pid_t pid, int sig)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (!process_catches(pid, sig) && kill(pid, 0) == 0)
		must(wait_left(deadline) > 0, "process %d catches no signal",
		     (int)pid);
}

void process_fault(pid_t pid, int sig)
{
	process_await_handler(pid, sig);
	kill(pid, sig);
}

static bool process_is(pid_t pid, const char *argv0, const char *argv1)
{
	char buf[512];
	size_t len = process_read(pid, "cmdline", buf, sizeof(buf));
	size_t first = strlen(buf);
	size_t tail = strlen(argv0);

	return len > first + 1 && first >= tail &&
	       strcmp(buf + first - tail, argv0) == 0 &&
	       (argv1 == NULL || strcmp(buf + first + 1, argv1) == 0);
}

/* @argv1 NULL: whatever it is. */
static unsigned int find(pid_t parent, const char *argv0, const char *argv1,
			 pid_t *found, unsigned int max)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	while (proc != NULL && n < max && (entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    process_stat(pid, 4) == parent &&
		    process_is(pid, argv0, argv1))
			found[n++] = pid;
	}
	if (proc != NULL)
		closedir(proc);
	return n;
}

pid_t process_child(pid_t parent, const char *argv0, const char *argv1)
{
	pid_t pid = 0;

	find(parent, argv0, argv1, &pid, 1);
	return pid;
}

unsigned int process_children(pid_t parent, const char *argv0, pid_t *pid,
			      unsigned int max)
{
	return find(parent, argv0, NULL, pid, max);
}

pid_t process_parent(pid_t pid)
{
	return (pid_t)process_stat(pid, 4);
}

void process_kill_children(pid_t parent)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    process_stat(pid, 4) == parent)
			kill(pid, SIGKILL);
	}
	if (proc != NULL)
		closedir(proc);
}

long process_fds(pid_t pid)
{
	char path[64];
	long n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

long process_fds_settled(pid_t pid)
{
	uint64_t deadline = wait_until(WAIT_MS), since = mono_us();
	long last = process_fds(pid);

	while (mono_us() - since < SETTLED_US) {
		long now = process_fds(pid);

		must(wait_left(deadline) > 0, "fds come and go");
		if (now != last)
			since = mono_us();
		last = now;
		wait_pause();
	}
	return last;
}

long process_maps(pid_t pid)
{
	char path[64];
	long n = 0;
	FILE *file;
	int c;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	while ((c = getc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

static long process_value(pid_t pid, const char *name, const char *key)
{
	char buf[4096];
	const char *at;

	process_read(pid, name, buf, sizeof(buf));
	at = strstr(buf, key);
	return at == NULL ? -1 : strtol(at + strlen(key), NULL, 10);
}

static long process_status(pid_t pid, const char *key)
{
	return process_value(pid, "status", key);
}

long process_fd_slots(pid_t pid)
{
	return process_status(pid, "\nFDSize:");
}

long process_fds_max(pid_t pid)
{
	static const char key[] = "\nMax open files";
	char buf[4096];
	const char *at;

	process_read(pid, "limits", buf, sizeof(buf));
	at = strstr(buf, key);
	return at == NULL ? -1 : strtol(at + strlen(key), NULL, 10);
}

long process_rss_kb(pid_t pid)
{
	return process_status(pid, "\nVmRSS:");
}

long process_anon_kb(pid_t pid)
{
	return process_status(pid, "\nRssAnon:");
}

long process_pss_kb(pid_t pid)
{
	return process_value(pid, "smaps_rollup", "\nPss:");
}

long process_vm_kb(pid_t pid)
{
	return process_status(pid, "\nVmSize:");
}

long process_waits(pid_t pid)
{
	return process_status(pid, "\nvoluntary_ctxt_switches:");
}

long process_cpu_ms(pid_t pid)
{
	long user = process_stat(pid, 14);
	long kernel = process_stat(pid, 15);

	if (user < 0 || kernel < 0)
		return -1;
	return (user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}
