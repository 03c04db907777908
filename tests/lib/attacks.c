/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/attacks.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static bool read_file(const struct targets *t)
{
	return open(t->file, O_RDONLY) >= 0;
}

/* Who joins a mount namespace, even its own, starts at that one's root. */
static bool return_to_root(const struct targets *t)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	setns(pidfd, CLONE_NEWNS);
	return open(t->file, O_RDONLY) >= 0;
}

static bool write_file(const struct targets *t)
{
	return open(t->file, O_WRONLY) >= 0;
}

static bool make_file(const struct targets *t)
{
	return open(t->other, O_CREAT | O_WRONLY, 0600) >= 0 ||
	       open("/made", O_CREAT | O_WRONLY, 0600) >= 0;
}

static bool list_root(const struct targets *t)
{
	DIR *dir = opendir("/");

	(void)t;
	for (unsigned int i = 0; dir; i++)
		if (!readdir(dir))
			return i > 2;
	return false;
}

static bool connect_to_port(const struct targets *t)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)t->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return !connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static bool connect_to_name(const struct targets *t)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(addr.sun_path + 1, t->name, strlen(t->name));
	return !connect(fd, (struct sockaddr *)&addr,
			(socklen_t)(sizeof(sa_family_t) + 1 + strlen(t->name)));
}

static bool signal_sibling(const struct targets *t)
{
	return !kill(t->sibling, SIGUSR1);
}

static bool trace_sibling(const struct targets *t)
{
	return !ptrace(PTRACE_SEIZE, t->sibling, NULL, NULL);
}

static bool read_sibling(const struct targets *t)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)t->sibling);
	return open(path, O_RDONLY) >= 0;
}

static bool take_sibling_fd(const struct targets *t)
{
	int pidfd = (int)syscall(SYS_pidfd_open, t->sibling, 0);

	return syscall(SYS_pidfd_getfd, pidfd, 0, 0) >= 0;
}

static bool attach_shm(const struct targets *t)
{
	return shmat(t->shm, NULL, SHM_RDONLY) != (void *)-1;
}

static bool become_root(const struct targets *t)
{
	(void)t;
	return !setuid(0) || !setgroups(0, NULL);
}

static bool gain_capability(const struct targets *t)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { { 1, 1, 0 }, { 0 } };

	(void)t;
	return !syscall(SYS_capset, &header, data);
}

static bool mount_something(const struct targets *t)
{
	(void)t;
	return !mount("none", "/", "tmpfs", 0, NULL) ||
	       !mount("none", "/", "proc", 0, NULL);
}

static bool run_program(const struct targets *t)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)"exit 99",
			 NULL };

	(void)t;
	execve(argv[0], argv, NULL);
	return false;
}

static bool start_process(const struct targets *t)
{
	pid_t pid = fork();

	(void)t;
	if (!pid)
		_exit(0);
	return pid > 0;
}

static bool get_code(const struct targets *t)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)t;
	return !mprotect(page, 4096, PROT_READ | PROT_EXEC) ||
	       mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool raise_limit(const struct targets *t)
{
	struct rlimit limit;

	(void)t;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return false;
	limit.rlim_cur = ++limit.rlim_max;
	return !setrlimit(RLIMIT_NOFILE, &limit);
}

static bool rename_host(const struct targets *t)
{
	(void)t;
	return !sethostname("taken", 5);
}

const struct attack attacks[] = {
	{ "read a file", read_file },
	{ "return to the root before", return_to_root },
	{ "write a file", write_file },
	{ "make a file", make_file },
	{ "list the root", list_root },
	{ "connect to a TCP port", connect_to_port },
	{ "connect to an abstract socket", connect_to_name },
	{ "signal a sibling", signal_sibling },
	{ "trace a sibling", trace_sibling },
	{ "read a sibling's memory", read_sibling },
	{ "take a sibling's fd", take_sibling_fd },
	{ "attach shared memory", attach_shm },
	{ "become root", become_root },
	{ "gain a capability", gain_capability },
	{ "mount", mount_something },
	{ "run a program", run_program },
	{ "start a process", start_process },
	{ "get executable memory", get_code },
	{ "raise a limit", raise_limit },
	{ "name the host", rename_host },
};

const unsigned int attack_count = sizeof(attacks) / sizeof(attacks[0]);
