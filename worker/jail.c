/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/jail.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/ctl.h"
#include "common/log.h"

/*
 * Standard streams, contract and epoll (7), connection and backend channel,
 * clients, three fds a ring, memory at a resume, and one message's fds twice.
 */
#define NOFILE	(16 + CLIENTS_MAX + 3 * CONSOLE_RINGS + MEM_SLOTS_MAX + \
		 2 * PENDING_MAX)

#define FILTER_LEN_MAX	4096

static _Noreturn void fail(const char *layer, const char *why)
{
	log_error("jail: %s: %s", layer, why);
	_Exit(WORKER_EXIT_JAIL);
}

static void limit(int resource, rlim_t value, const char *name)
{
	struct rlimit rl;

	if (getrlimit(resource, &rl) < 0)
		fail(name, strerror(errno));
	if (rl.rlim_max > value)
		rl.rlim_max = value;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(resource, &rl) < 0)
		fail(name, strerror(errno));
}

void jail_process(void)
{
	if (geteuid() == 0 || getuid() == 0)
		fail("user", "started as root");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail("parent death signal", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		fail("not dumpable", strerror(errno));
	limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
	limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC");
	limit(RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK");
	limit(RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE");
	limit(RLIMIT_NOFILE, NOFILE, "RLIMIT_NOFILE");
}

static void verify_no_capability(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process() < 0)
		fail("capabilities", "cannot be read back");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (capng_have_capability(CAPNG_EFFECTIVE, cap) ||
		    capng_have_capability(CAPNG_PERMITTED, cap) ||
		    capng_have_capability(CAPNG_INHERITABLE, cap) ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) > 0)
			fail("capabilities", capng_capability_to_name(cap));
	}
}

/* The bounding set is the supervisor's to clear: only root can. */
void jail_privileges(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		fail("capabilities", "cannot be dropped");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		fail("ambient capabilities", strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		fail("no_new_privs", "cannot be set");
	verify_no_capability();
}

void jail_filter(void)
{
	static struct sock_filter insn[FILTER_LEN_MAX];
	struct sock_fprog prog = { .filter = insn };
	struct stat st;

	if (fstat(WORKER_FD_FILTER, &st) < 0)
		fail("filter", strerror(errno));
	if (st.st_size <= 0 || (size_t)st.st_size > sizeof(insn) ||
	    (size_t)st.st_size % sizeof(insn[0]))
		fail("filter", "not a program");
	if (pread(WORKER_FD_FILTER, insn, (size_t)st.st_size, 0) != st.st_size)
		fail("filter", "cannot be read");
	close(WORKER_FD_FILTER);
	prog.len = (unsigned short)((size_t)st.st_size / sizeof(insn[0]));
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) != 0)
		fail("filter", strerror(errno));
}
