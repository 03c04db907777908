/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/seize.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | \
		 PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK | \
		 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

void seize_daemon(atomic_int *works, void (*trace)(void *arg), void *arg)
{
	pid_t daemon = getpid(), pid;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		if (ptrace(PTRACE_SEIZE, daemon, NULL, OPTIONS) != 0) {
			atomic_store(works, -1);
			_exit(1);
		}
		atomic_store(works, 1);
		trace(arg);
	}
	waitpid(pid, NULL, 0);
	while (atomic_load(works) == 0)
		usleep(100);
}
