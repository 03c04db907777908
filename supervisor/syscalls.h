/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Every system call a worker may make once it is jailed, by libseccomp name
 * and by who needs it. Included by filter.c alone, which gives the macros
 * their meaning: ALLOW as it is; ALLOW_VALUE when the argument, counted from
 * 0, is this value; ALLOW_WITHOUT when these bits of it are clear, ALLOW_WITH
 * when they are set; ALLOW_BOTH when two such checks hold, or that a pointer is
 * null; ALLOW_SELF to send this signal to process 1: the worker itself or, where
 * it has no pid namespace, an init, whom the kernel spares it. A name that
 * libseccomp or the machine lacks is left out; those with 64 at their end are
 * what libc calls where a word has 32 bits.
 */

/*
 * Among the flags of messages are ways to connect (MSG_FASTOPEN), and corners
 * of the kernel that hardly anyone visits (MSG_OOB, MSG_ERRQUEUE).
 */
#define NO_SEND_FLAGS_BUT	(~(unsigned int)(MSG_DONTWAIT | MSG_NOSIGNAL))
#define NO_RECV_FLAGS_BUT	(~(unsigned int)(MSG_DONTWAIT | MSG_PEEK | \
						 MSG_CMSG_CLOEXEC))

/* the event loop: which one depends on machine and libevent, as with poll() */
ALLOW(epoll_wait)
ALLOW(epoll_pwait)
ALLOW(epoll_pwait2)
ALLOW(epoll_ctl)

/* vhost-user, clients, the control socket */
ALLOW_WITHOUT(recvmsg, 2, NO_RECV_FLAGS_BUT)
ALLOW_BOTH(recvfrom, WITHOUT(3, NO_RECV_FLAGS_BUT), NO_POINTER(4))
ALLOW_WITHOUT(recvmmsg, 3, NO_RECV_FLAGS_BUT)
ALLOW_WITHOUT(recvmmsg_time64, 3, NO_RECV_FLAGS_BUT)
ALLOW_WITHOUT(sendmsg, 2, NO_SEND_FLAGS_BUT)
ALLOW_WITHOUT(sendmmsg, 3, NO_SEND_FLAGS_BUT)
ALLOW(shutdown)
ALLOW(close)

/* rings: kicks and calls */
ALLOW(preadv2)
ALLOW(write)
ALLOW_BOTH(sendto, WITHOUT(3, NO_SEND_FLAGS_BUT), NO_POINTER(4))
ALLOW(poll)
ALLOW(ppoll)
ALLOW(ppoll_time64)

/* the terminal, and a pipe or file in its place */
ALLOW(read)
ALLOW(writev)

/* guest memory and our own */
#define GUEST_MEMORY(call)						\
	ALLOW_BOTH(call, VALUE(2, PROT_READ | PROT_WRITE), VALUE(3, MAP_SHARED))
/* ... of the only kind that RLIMIT_DATA counts */
#define OUR_MEMORY(call)						\
	ALLOW_BOTH(call, VALUE(2, PROT_READ | PROT_WRITE),		\
		   VALUE(3, MAP_PRIVATE | MAP_ANONYMOUS))
#ifdef __s390x__			/* one pointer to all of its arguments */
ALLOW(mmap)
#elif defined(__NR_mmap2)		/* mmap() is such a one there */
GUEST_MEMORY(mmap2)
OUR_MEMORY(mmap2)
#else
GUEST_MEMORY(mmap)
OUR_MEMORY(mmap)
#endif
ALLOW(munmap)
ALLOW(brk)
ALLOW_VALUE(madvise, 2, MADV_DONTDUMP)
ALLOW(fstat)
ALLOW(fstat64)
ALLOW_VALUE(newfstatat, 3, AT_EMPTY_PATH)
ALLOW(fstatfs)
ALLOW(fstatfs64)

/* time; most machines have a clock that libc reads without a call */
ALLOW(clock_gettime)
ALLOW(clock_gettime64)
ALLOW(gettimeofday)
ALLOW(clock_nanosleep)
ALLOW(clock_nanosleep_time64)
/* ... that a stop has interrupted */
ALLOW(restart_syscall)

/* abort(), when libc finds memory damaged, and the end */
ALLOW(rt_sigprocmask)
ALLOW(getpid)
ALLOW(gettid)
ALLOW_SELF(tgkill, SIGABRT)
ALLOW(exit_group)

#ifdef VDC_SANITIZERS
/* what the sanitizers' runtime does, above all when it reports */
ALLOW_WITHOUT(mmap, 2, PROT_EXEC)
ALLOW_WITHOUT(mmap2, 2, PROT_EXEC)
ALLOW(madvise)
ALLOW_WITHOUT(mprotect, 2, PROT_EXEC)
ALLOW(mremap)
ALLOW(futex)
ALLOW(getrandom)
ALLOW(rt_sigaction)
ALLOW(rt_sigreturn)
ALLOW(openat)
ALLOW(open)
ALLOW(readlink)
ALLOW(readlinkat)
ALLOW(lseek)
ALLOW(ioctl)
ALLOW(sigaltstack)
ALLOW(getuid)
ALLOW(geteuid)
ALLOW(getppid)
ALLOW(getrlimit)
ALLOW(prlimit64)
ALLOW(getrusage)
ALLOW(sched_getaffinity)
ALLOW(sched_yield)
ALLOW(nanosleep)
ALLOW(pipe2)
ALLOW(prctl)
ALLOW(uname)
#endif
