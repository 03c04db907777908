/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_CAUSE_H
#define SUPERVISOR_CAUSE_H

#include <signal.h>
#include <stddef.h>

/* Why a worker is gone, as far as it matters for what comes next. */
enum cause {
	CAUSE_ASKED,		/* it was told to stop */
	CAUSE_KILLED,		/* SIGKILL or the like, from outside */
	CAUSE_NOT_STARTED,	/* there was none: a call of ours, or its exec,
				   failed for what may pass */
	CAUSE_FAILED,		/* it ended itself, its state is good */
	CAUSE_CORRUPT,		/* a crash: its state may be damaged */
	CAUSE_HUNG,		/* it did not answer, and we killed it */
	CAUSE_STATE,		/* its state is not to be used again */
	CAUSE_CANNOT_RUN,	/* no worker can run here */
};

/* Exit status of the process between clone and exec, when that fails. */
#define CAUSE_EXIT_MAPS		125	/* its user namespace is of no use */
#define CAUSE_EXIT_EXEC_LATER	126	/* for lack of what may be there soon */
#define CAUSE_EXIT_EXEC		127

/* Which of them is for the errno @err. Async-signal-safe. */
int cause_exit_of_exec(int err);

enum cause cause_of(const siginfo_t *info);

/* In words for the log: "was killed by SIGSEGV". Returns @out. */
const char *cause_text(const siginfo_t *info, char *out, size_t size);

#endif
