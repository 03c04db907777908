/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the supervisor may call once it serves, beside what its workers may
 * (syscalls.h, as a child keeps every filter of its parent). Written as that
 * is. What is not here fails with ENOSYS: one call too many is no reason to
 * take all guests' consoles away.
 */

/* listeners, clients, front-ends, control sockets */
ALLOW(accept4)
ALLOW(recvfrom)
ALLOW(sendto)
ALLOW(getsockname)
ALLOW(getpeername)
ALLOW(getsockopt)
ALLOW(setsockopt)
ALLOW_VALUE(socketpair, 0, AF_UNIX)
/* the other end of a client that half-closed */
ALLOW_VALUE(socket, 0, AF_NETLINK)

/* states, and their copies */
ALLOW(memfd_create)
ALLOW(ftruncate)
ALLOW(ftruncate64)
ALLOW(fcntl)
ALLOW(fcntl64)
ALLOW(lseek)
ALLOW(_llseek)
ALLOW(pread64)
ALLOW(pwrite64)

/* workers, and threads: libc turns to clone() when it may not clone3() */
ALLOW_VALUE(clone, CLONE_FLAGS_ARG, SPAWN_FLAGS)
ALLOW_VALUE(clone, CLONE_FLAGS_ARG, SPAWN_FLAGS | SPAWN_NAMESPACES)
ALLOW_WITH(clone, CLONE_FLAGS_ARG, CLONE_THREAD)
ALLOW(waitid)
ALLOW(pidfd_send_signal)

/* the terminal, job control */
ALLOW_VALUE(ioctl, 1, TCGETS)
ALLOW_VALUE(ioctl, 1, TCSETS)
#ifdef TCGETS2				/* tcgetattr() since glibc 2.42 */
ALLOW_VALUE(ioctl, 1, TCGETS2)
ALLOW_VALUE(ioctl, 1, TCSETS2)
#endif
ALLOW_VALUE(ioctl, 1, TIOCGPGRP)
ALLOW_VALUE(tgkill, 2, SIGTSTP)
ALLOW(getpgrp)

/* the end: sockets that the caretaker could not remove */
ALLOW(pidfd_open)
ALLOW(wait4)
ALLOW(fstatat64)
ALLOW(newfstatat)
ALLOW(unlinkat)

/* a child until it is its program */
ALLOW(prctl)
ALLOW(setsid)
ALLOW(dup2)
ALLOW(dup3)
ALLOW(close_range)
ALLOW(execveat)
ALLOW_WITHOUT(openat, 2, O_CREAT | O_TRUNC | O_APPEND)

/* the threads that close what peers have sent, and signals */
ALLOW(futex)
ALLOW(futex_time64)
ALLOW(exit)
ALLOW(rt_sigaction)
ALLOW(rt_sigreturn)

/* the loader and libc */
ALLOW(mmap)
ALLOW(mmap2)
ALLOW(mprotect)
ALLOW(madvise)
ALLOW(access)
ALLOW(faccessat)
ALLOW(readlink)
ALLOW(readlinkat)
ALLOW(fstat64)
ALLOW(statx)
ALLOW(statfs)
ALLOW(statfs64)
ALLOW(fstatfs64)
ALLOW(getrandom)
ALLOW(arch_prctl)
ALLOW(set_thread_area)
ALLOW(set_tls)
ALLOW(set_tid_address)
ALLOW(set_robust_list)
ALLOW(rseq)
ALLOW(getuid)
ALLOW(geteuid)
ALLOW(getgid)
ALLOW(getegid)
ALLOW(getuid32)
ALLOW(getgid32)
ALLOW(getresuid)
ALLOW(getresgid)
ALLOW(getresuid32)
ALLOW(getresgid32)

/* a worker until it is jailed */
ALLOW(epoll_create1)
ALLOW(eventfd2)
ALLOW(pipe2)
ALLOW(unshare)
ALLOW(mount)
ALLOW(umount2)
ALLOW(pivot_root)
ALLOW(chdir)
ALLOW(getrlimit)
ALLOW(setrlimit)
ALLOW(prlimit64)
ALLOW(capget)
ALLOW(capset)
ALLOW(landlock_create_ruleset)
ALLOW(landlock_restrict_self)
ALLOW(seccomp)
