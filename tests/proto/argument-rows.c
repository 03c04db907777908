/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifdef __x86_64__
#include "tests/proto/argument-rows.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define JUNK		((unsigned long)-1)
#define HIGH_POINTER	(1UL << 32)	/* null to who looks at 32 bits */
#define ANON		(MAP_PRIVATE | MAP_ANONYMOUS)
#define BOTH		(PROT_READ | PROT_WRITE)
#define PEERPIDFD	77		/* SO_PEERPIDFD */

const struct call killed_calls[] = {
	/* memory that could be executed, or is another's */
	{ SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, ANON, JUNK } },
	{ SYS_mmap, { 0, 4096, PROT_WRITE | PROT_EXEC, ANON, JUNK } },
	{ SYS_mmap, { 0, 4096, 0xffffffff00000004, ANON, JUNK } },
	{ SYS_mmap, { 0, 4096, PROT_EXEC, MAP_SHARED, 4 } },
	/* ... or is of another kind than guest memory and its own */
	{ SYS_mmap, { 0, 4096, PROT_READ, ANON, JUNK } },
	{ SYS_mmap, { 0, 4096, PROT_NONE, ANON, JUNK } },
	{ SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, 4 } },
	{ SYS_mmap, { 0, 4096, BOTH, MAP_SHARED | MAP_ANONYMOUS, JUNK } },
	{ SYS_mmap, { 0, 4096, BOTH, ANON | MAP_GROWSDOWN, JUNK } },
	{ SYS_mmap, { 0, 4096, BOTH, ANON | MAP_LOCKED, JUNK } },
	{ SYS_mmap, { 0, 4096, BOTH, ANON | MAP_HUGETLB, JUNK } },
	{ SYS_mmap, { 4096, 4096, BOTH, ANON | MAP_FIXED, JUNK } },
	{ SYS_mmap, { 0, 4096, BOTH, MAP_PRIVATE, 4 } },
	{ SYS_mprotect, { 0, 0, PROT_EXEC } },
	{ SYS_mprotect, { 0, 0, PROT_READ } },
	{ SYS_pkey_mprotect, { 0, 0, PROT_READ, JUNK } },
	{ SYS_pkey_mprotect, { 0, 0, PROT_EXEC, JUNK } },
	{ SYS_mremap, { 0, 4096, 8192, MREMAP_MAYMOVE, 0 } },
	{ SYS_remap_file_pages, { 0, 4096, PROT_EXEC, 0, 0 } },
	{ SYS_shmat, { 0, 0, SHM_EXEC } },
	{ SYS_madvise, { 0, 0, MADV_DONTNEED } },
	{ SYS_madvise, { 0, 0, MADV_REMOVE } },
	{ SYS_madvise, { 0, 0, MADV_DOFORK } },
	{ SYS_madvise, { 0, 0, MADV_MERGEABLE } },
	{ SYS_madvise, { 0, 0, MADV_HWPOISON } },
	/* the operator's terminal */
	{ SYS_ioctl, { 2, TCGETS, 0 } },
	{ SYS_ioctl, { 2, TCSETS, 0 } },
	{ SYS_ioctl, { 2, TIOCSTI, 0 } },
	{ SYS_ioctl, { 2, TIOCLINUX, 0 } },
	{ SYS_ioctl, { 2, TIOCSETD, 0 } },
	{ SYS_ioctl, { 2, TIOCSCTTY, 0 } },
	{ SYS_ioctl, { 2, TIOCCONS, 0 } },
	{ SYS_ioctl, { 2, TIOCSPGRP, 0 } },
	{ SYS_ioctl, { 2, TIOCSWINSZ, 0 } },
	/* of sockets and all other fds */
	{ SYS_ioctl, { 3, FIOASYNC, 0 } },
	{ SYS_ioctl, { 3, FIONBIO, 0 } },
	{ SYS_ioctl, { 3, FIOSETOWN, 0 } },
	{ SYS_ioctl, { 3, SIOCGIFCONF, 0 } },
	{ SYS_fcntl, { 3, F_SETFL, O_ASYNC } },
	{ SYS_fcntl, { 3, F_SETFL, 0 } },
	{ SYS_fcntl, { 3, F_GETFL, 0 } },
	{ SYS_fcntl, { 3, F_DUPFD, 0 } },
	{ SYS_fcntl, { 3, F_DUPFD_CLOEXEC, 0 } },
	{ SYS_fcntl, { 3, F_SETOWN, 1 } },
	{ SYS_fcntl, { 3, F_SETOWN_EX, 0 } },
	{ SYS_fcntl, { 3, F_SETSIG, SIGKILL } },
	{ SYS_fcntl, { 3, F_SETLEASE, F_WRLCK } },
	{ SYS_fcntl, { 3, F_NOTIFY, 1 } },
	{ SYS_fcntl, { 3, F_SETPIPE_SZ, 1 << 20 } },
	{ SYS_fcntl, { 3, F_ADD_SEALS, 1 } },
	{ SYS_dup, { 3 } },
	{ SYS_dup3, { 3, 4, 0 } },
	{ SYS_getsockopt, { 3, SOL_SOCKET, SO_PEERCRED, 0, 0 } },
	{ SYS_getsockopt, { 3, SOL_SOCKET, PEERPIDFD, 0, 0 } },
	{ SYS_getsockopt, { 3, IPPROTO_TCP, TCP_INFO, 0, 0 } },
	{ SYS_setsockopt, { 3, SOL_SOCKET, SO_RCVBUF, 0, 0 } },
	{ SYS_setsockopt, { 3, SOL_SOCKET, SO_ATTACH_FILTER, 0, 0 } },
	{ SYS_setsockopt, { 3, SOL_SOCKET, SO_PEEK_OFF, 0, 0 } },
	{ SYS_setsockopt, { 3, IPPROTO_TCP, TCP_ULP, 0, 0 } },
	{ SYS_setsockopt, { 3, IPPROTO_TCP, TCP_REPAIR, 0, 0 } },
	{ SYS_sendto, { 3, 0, 0, 0, 4096, 16 } },
	{ SYS_recvfrom, { 3, 0, 0, 0, 4096, 4096 } },
	{ SYS_sendto, { JUNK, 0, 0, 0, HIGH_POINTER, 16 } },
	{ SYS_recvfrom, { JUNK, 0, 0, 0, HIGH_POINTER, 4096 } },
	/* ways to connect, and rarely visited corners */
	{ SYS_sendto, { JUNK, 0, 0, MSG_OOB, 0, 0 } },
	{ SYS_sendto, { JUNK, 0, 0, MSG_FASTOPEN, 0, 0 } },
	{ SYS_sendmsg, { JUNK, 0, MSG_OOB } },
	{ SYS_sendmsg, { JUNK, 0, MSG_FASTOPEN | MSG_DONTWAIT } },
	{ SYS_sendmsg, { JUNK, 0, MSG_ZEROCOPY } },
	{ SYS_sendmmsg, { JUNK, 0, 1, MSG_OOB } },
	{ SYS_sendmmsg, { JUNK, 0, 1, MSG_FASTOPEN | MSG_NOSIGNAL } },
	{ SYS_recvfrom, { JUNK, 0, 0, MSG_OOB, 0, 0 } },
	{ SYS_recvmsg, { JUNK, 0, MSG_OOB } },
	{ SYS_recvmsg, { JUNK, 0, MSG_ERRQUEUE | MSG_DONTWAIT } },
	{ SYS_recvmmsg, { JUNK, 0, 1, MSG_OOB, 0 } },
	{ SYS_recvmmsg, { JUNK, 0, 1, MSG_ERRQUEUE, 0 } },
	{ SYS_newfstatat, { 2, 0, 0, 0 } },
	{ SYS_newfstatat, { 2, 0, 0, AT_SYMLINK_NOFOLLOW } },
	{ SYS_splice, { 3, 0, 4, 0, 1, 0 } },
	{ SYS_tee, { 3, 4, 1, 0 } },
	/* signals to itself, and their way back */
	{ SYS_tgkill, { 1, 1, SIGKILL } },
	{ SYS_tgkill, { 1, 1, SIGSTOP } },
	{ SYS_tgkill, { 1, 2, SIGABRT } },
	{ SYS_tgkill, { 2, 1, SIGABRT } },
	{ SYS_rt_sigreturn, { 0 } },
	{ SYS_rt_sigaction, { SIGABRT, 0, 0, 8 } },
	{ .nr = -1 },
};

const struct call survived_calls[] = {
	{ SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, ANON, JUNK } },
	{ SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, JUNK } },
	{ SYS_madvise, { 0, 0, MADV_DONTDUMP } },
	{ SYS_newfstatat, { JUNK, 0, 0, AT_EMPTY_PATH } },
	{ SYS_recvfrom, { JUNK, 0, 0, 0, 0, 0 } },
	{ SYS_sendto, { JUNK, 0, 0, 0, 0, 0 } },
	{ SYS_sendto, { JUNK, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL } },
	{ SYS_sendmsg, { JUNK, 0, MSG_DONTWAIT | MSG_NOSIGNAL } },
	{ SYS_recvmsg, { JUNK, 0, MSG_PEEK | MSG_DONTWAIT |
				  MSG_CMSG_CLOEXEC } },
	{ SYS_tgkill, { 1, 1, SIGABRT } },
	{ .nr = -1 },
};
#endif
