/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifdef __x86_64__
#include "tests/proto/attack-rows.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/lib/inject.h"

#define JUNK		(-1UL)
#define CONTROL		3		/* a worker's control socket */
#define DATA		INJECT_AT(0)
#define ANON		(MAP_PRIVATE | MAP_ANONYMOUS)
#define MUCH		(4UL << 20)

#define ROW(what, fate, call, content, name, ...) \
	{ what, fate, SYS_##call, content, name, { __VA_ARGS__ } },

/* The filter ends the process. */
#define DIES(what, call, ...) \
	ROW(what, SIGSYS, call, NOTHING, NULL, __VA_ARGS__)
#define DIES_WITH(what, content, call, ...) \
	ROW(what, SIGSYS, call, content, NULL, __VA_ARGS__)
#define DIES_OF(what, name, call, ...) \
	ROW(what, SIGSYS, call, NAME, name, __VA_ARGS__)

/* Another layer refuses, or the supervisor's filter, with ENOSYS. */
#define FAILS(what, error, call, ...) \
	ROW(what, -(error), call, NOTHING, NULL, __VA_ARGS__)
#define FAILS_WITH(what, error, content, call, ...) \
	ROW(what, -(error), call, content, NULL, __VA_ARGS__)
#define FAILS_OF(what, error, name, call, ...) \
	ROW(what, -(error), call, NAME, name, __VA_ARGS__)

#define END	{ .what = NULL },

const struct attack_row worker_rows[] = {
	/* the sibling, and who else there is */
	DIES("kill", kill, SIBLING, SIGKILL)
	DIES("kill all", kill, JUNK, SIGKILL)
	DIES("kill the supervisor", kill, SUPERVISOR, SIGKILL)
	DIES("tkill", tkill, SIBLING, SIGKILL)
	DIES("tgkill", tgkill, SIBLING, SIBLING, SIGKILL)
	DIES("abort", tgkill, SIBLING, SIBLING, SIGABRT)
	DIES("abort the supervisor", tgkill, SUPERVISOR, SUPERVISOR, SIGABRT)
	DIES("queue a signal", rt_sigqueueinfo, SIBLING, SIGKILL, DATA)
	DIES("pidfd_open", pidfd_open, SIBLING)
	DIES("pidfd_send_signal", pidfd_send_signal, CONTROL, SIGKILL)
	DIES("pidfd_getfd", pidfd_getfd, CONTROL, 0)
	DIES("trace", ptrace, PTRACE_SEIZE, SIBLING)
	DIES("be traced", ptrace, PTRACE_TRACEME)
	DIES("read memory", process_vm_readv, SIBLING, DATA, 1, DATA, 1)
	DIES("write memory", process_vm_writev, SUPERVISOR, DATA, 1, DATA, 1)
	DIES("process_madvise", process_madvise, CONTROL, DATA, 1, 4)
	DIES("kcmp", kcmp, SIBLING, SUPERVISOR)
	DIES("limits", prlimit64, SIBLING, 0, DATA)
	DIES("join a namespace", setns, CONTROL, 0)
	DIES("shared memory", shmget, 1, 4096, 0600)

	/* the disk, and /proc */
	DIES_OF("open /", "/", openat, JUNK, DATA, O_RDONLY | O_DIRECTORY)
	DIES_OF("open /etc/passwd", "/etc/passwd", open, DATA, O_RDONLY)
	DIES_OF("open /proc", "/proc/1/mem", openat, JUNK, DATA, O_RDONLY)
	DIES_WITH("openat2", FILE_NAME, openat2, JUNK, DATA, DATA, 24)
	DIES_WITH("write a file", FILE_NAME, openat, JUNK, DATA, O_WRONLY)
	DIES_OF("make a file", ATTACK_MADE, creat, DATA, 0700)
	DIES_WITH("unlink", FILE_NAME, unlink, DATA)
	DIES_WITH("rename", FILE_NAME, rename, DATA, DATA)
	DIES_WITH("stat", FILE_NAME, stat, DATA, DATA)
	DIES_WITH("newfstatat", FILE_NAME, newfstatat, JUNK, DATA, DATA, 0)
	DIES("list", getdents64, CONTROL, DATA, 64)
	DIES("open by handle", open_by_handle_at, CONTROL, DATA, 0)
	DIES_OF("mount", "proc", mount, DATA, DATA, DATA)
	DIES_OF("fsopen", "proc", fsopen, DATA, 0)
	DIES_OF("chroot", "/", chroot, DATA)

	/* the network */
	DIES("socket AF_INET", socket, AF_INET, SOCK_STREAM)
	DIES("socket AF_UNIX", socket, AF_UNIX, SOCK_STREAM)
	DIES("socket AF_NETLINK", socket, AF_NETLINK, SOCK_RAW)
	DIES("socketpair", socketpair, AF_UNIX, SOCK_STREAM, 0, DATA)
	DIES_WITH("connect to a port", PORT, connect, CONTROL, DATA, 16)
	DIES_WITH("connect to a name", ABSTRACT, connect, CONTROL, DATA, PLACE)
	DIES_WITH("bind", PORT, bind, CONTROL, DATA, 16)
	DIES("listen", listen, CONTROL, 1)
	DIES("accept4", accept4, CONTROL)
	DIES_WITH("sendto a port", PORT, sendto, CONTROL, DATA, 1, 0, DATA, 16)
	DIES("io_uring_setup", io_uring_setup, 1, DATA)

	/* programs, and code */
	DIES_OF("execve", "/bin/sh", execve, DATA, 0, 0)
	DIES_OF("execveat", "", execveat, CONTROL, DATA, 0, 0, AT_EMPTY_PATH)
	DIES_OF("memfd_create", "x", memfd_create, DATA, 0)
	DIES("fork", fork, 0)
	DIES("vfork", vfork, 0)
	DIES("clone", clone, SIGCHLD)
	DIES("clone3", clone3, DATA, 88)
	DIES("mmap for execution", mmap, 0, 4096, PROT_READ | PROT_EXEC, ANON,
	     JUNK)
	DIES("memory it shares with itself", mmap, 0, MUCH,
	     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, JUNK)
	FAILS("memory", ENOMEM, mmap, 0, MUCH, PROT_READ | PROT_WRITE, ANON,
	      JUNK)
	DIES("a namespace", unshare, CLONE_NEWUSER)
	DIES("become root", setuid, 0)
	DIES("be looked into", prctl, PR_SET_DUMPABLE, 1)
	END
};

const struct attack_row supervisor_rows[] = {
	FAILS("kill", ENOSYS, kill, STRANGER, SIGKILL)
	/* Job control needs it: Landlock refuses, if the kernel has ABI 6. */
	FAILS("stop", EPERM, tgkill, STRANGER, STRANGER, SIGTSTP)
	FAILS("trace", ENOSYS, ptrace, PTRACE_SEIZE, STRANGER)
	FAILS_OF("make a file", ENOSYS, ATTACK_MADE, openat, AT_FDCWD, DATA,
		 O_CREAT | O_WRONLY, 0600)
	FAILS_WITH("truncate a file", ENOSYS, FILE_NAME, openat, AT_FDCWD,
		   DATA, O_TRUNC | O_WRONLY)
	FAILS_WITH("rename", ENOSYS, FILE_NAME, renameat2, AT_FDCWD, DATA,
		   AT_FDCWD, DATA)
	FAILS("socket AF_INET", ENOSYS, socket, AF_INET, SOCK_STREAM)
	FAILS("socket AF_UNIX", ENOSYS, socket, AF_UNIX, SOCK_STREAM)
	FAILS_WITH("connect", ENOSYS, PORT, connect, JUNK, DATA, 16)
	FAILS_WITH("bind", ENOSYS, PORT, bind, JUNK, DATA, 16)
	FAILS_OF("execve", ENOSYS, "/bin/sh", execve, DATA, 0, 0)
	FAILS("fork", ENOSYS, clone, SIGCHLD)
	FAILS("clone3", ENOSYS, clone3, DATA, 88)
	FAILS("become root", ENOSYS, setuid, 0)
	/* What a worker's start needs stops at other layers. */
	FAILS_OF("mount", EPERM, "/tmp", mount, DATA, DATA, DATA)
	FAILS("a network", EPERM, unshare, CLONE_NEWNET)
	FAILS("code", EACCES, mmap, 0, 4096,
	      PROT_READ | PROT_WRITE | PROT_EXEC, ANON, JUNK)
	END
};

const struct attack_row caretaker_rows[] = {
	FAILS_WITH("remove another folder's file", EACCES, FILE_NAME, unlinkat,
		   JUNK, DATA, 0)
	DIES("kill", kill, STRANGER, SIGKILL)
	DIES_WITH("open", FILE_NAME, openat, AT_FDCWD, DATA, O_RDONLY)
	DIES("socket", socket, AF_UNIX, SOCK_STREAM)
	DIES_OF("execve", "/bin/sh", execve, DATA, 0, 0)
	DIES("fork", clone, SIGCHLD)
	DIES("be looked into", prctl, PR_SET_DUMPABLE, 1)
	END
};
#endif
