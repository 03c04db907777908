/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the process itself may do, and what may be done to it. */
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/confine.h"
#include "common/ctl.h"
#include "worker/jail.h"

/*
 * Standard streams, contract and epoll (7), connection and backend channel,
 * clients, three fds a ring, memory at a resume, and one message's fds twice.
 */
#define NOFILE	(16 + CLIENTS_MAX + 3 * CONSOLE_RINGS + MEM_SLOTS_MAX + \
		 2 * PENDING_MAX)

/*
 * Bytes. A worker allocates little but what libevent needs for its fds, the
 * rest is in its state and the guest's memory: on x86-64 it has 336 KiB of data
 * and 132 KiB of stack.
 */
#define DATA		(4 << 20)
#define STACK		(1 << 20)

/* All of them, locked; SECURE_KEEP_CAPS is locked as not set. */
#define LOCKED_BITS	((SECURE_ALL_BITS & ~SECBIT_KEEP_CAPS) | \
			 SECURE_ALL_LOCKS)

/* Mustn't: run as root, or in a group but its own. */
int jail_user(void)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) != 0)
		return -errno;
	for (unsigned int i = 0; i < 3; i++)
		if (uid[i] == 0 || uid[i] != uid[0] || gid[i] != gid[0])
			return -EPERM;
	return 0;
}

/*
 * Should: leave no core, hold few fds and little memory, pin
 * none, start no process.
 */
int jail_limits(void)
{
	static const struct {
		int resource;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_NICE, 0 },
		{ RLIMIT_RTPRIO, 0 },
		{ RLIMIT_NOFILE, NOFILE },
#ifndef VDC_SANITIZERS			/* their shadow is huge */
		{ RLIMIT_DATA, DATA },
		{ RLIMIT_STACK, STACK },
#endif
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(limits) / sizeof(limits[0]); i++)
		err = confine_limit(limits[i].resource, limits[i].value);
	return err;
}

/*
 * Should: keep an id from ever meaning a capability again, for what execve()
 * would start as well.
 */
int jail_securebits(void)
{
	if (prctl(PR_SET_SECUREBITS, LOCKED_BITS, 0, 0, 0) != 0)
		return -errno;
	return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == LOCKED_BITS ? 0 : -EPERM;
}

/* Not by libcap-ng: that wants to read /proc, which is out of sight. */
static int verify_no_capability(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return -errno;
	for (unsigned int i = 0; i < 2; i++)
		if (data[i].effective || data[i].permitted ||
		    data[i].inheritable)
			return -EPERM;
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0,
			  0) > 0)
			return -EPERM;
	return 0;
}

/* Only who has CAP_SETPCAP can; without a user namespace no one here has. */
static void clear_bounding_set(void)
{
	for (unsigned long cap = 0;
	     prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* Should: have no capability in any set. */
int jail_capabilities(void)
{
	clear_bounding_set();
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	return verify_no_capability();
}

/* Should: gain nothing by execve(). */
int jail_no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -EPERM;
}

/* Should: never get memory that can be executed any more. */
int jail_exec_gain(void)
{
	return confine_exec_gain();
}

/* Mustn't: be traced or looked into by others of this user. */
int jail_not_dumpable(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -EPERM;
}

/*
 * Should: die with the supervisor. Late, as a change of capabilities takes it
 * back; one that died before has closed the control socket, which tells.
 */
int jail_parent_death(void)
{
	int sig;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) < 0)
		return -errno;
	return sig == SIGKILL ? 0 : -EPERM;
}
