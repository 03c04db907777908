/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/cause.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/contract.h"

int cause_exit_of_exec(int err)
{
	switch (err) {
	case ENOMEM:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
		return CAUSE_EXIT_EXEC_LATER;
	default:
		return CAUSE_EXIT_EXEC;
	}
}

static enum cause cause_of_exit(int status)
{
	switch (status) {
	case WORKER_EXIT_ASKED:
		return CAUSE_ASKED;
	case WORKER_EXIT_CONTRACT:
	case WORKER_EXIT_JAIL:
	case WORKER_EXIT_PROOF:
	case CAUSE_EXIT_EXEC:
	case CAUSE_EXIT_MAPS:
		return CAUSE_CANNOT_RUN;
	case CAUSE_EXIT_EXEC_LATER:
		return CAUSE_NOT_STARTED;
	case WORKER_EXIT_STATE:
		return CAUSE_STATE;
	case WORKER_EXIT_CONTROL:
		return CAUSE_FAILED;
	default:
		return CAUSE_CORRUPT;
	}
}

static enum cause cause_of_signal(int sig)
{
	switch (sig) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGABRT:
	case SIGTRAP:
		return CAUSE_CORRUPT;
	case SIGSYS:
		return CAUSE_STATE;
	default:
		return CAUSE_KILLED;
	}
}

/*
 * The signal it died of, or a fault that its status names; 0 for none. That it
 * was killed from outside is not a worker's to say.
 */
static int signal_of(const siginfo_t *info)
{
	int sig = info->si_status - WORKER_EXIT_SIGNAL;

	if (info->si_code != CLD_EXITED)
		return info->si_status;
	return sig > 0 && sig <= SIGSYS && cause_of_signal(sig) != CAUSE_KILLED ?
	       sig : 0;
}

enum cause cause_of(const siginfo_t *info)
{
	int sig = signal_of(info);

	return sig ? cause_of_signal(sig) : cause_of_exit(info->si_status);
}

static const char *exit_words(int status)
{
	switch (status) {
	case WORKER_EXIT_ASKED:
		return "ended";
	case WORKER_EXIT_CONTRACT:
		return "is not of the same build as this program";
	case WORKER_EXIT_JAIL:
		return "could not lock itself in";
	case WORKER_EXIT_PROOF:
		return "needs a system call that its filter refuses";
	case WORKER_EXIT_STATE:
		return "found its state invalid";
	case WORKER_EXIT_CONTROL:
		return "lost its control socket";
	case WORKER_EXIT_FAILED:
		return "failed";
	case CAUSE_EXIT_EXEC_LATER:
		return "could not be executed for lack of memory or the like";
	case CAUSE_EXIT_EXEC:
		return "could not be executed";
	case CAUSE_EXIT_MAPS:
		return "could not enter its user namespace";
	default:
		return NULL;
	}
}

const char *cause_text(const siginfo_t *info, char *out, size_t size)
{
	const char *words;
	int sig = signal_of(info);

	if (!sig) {
		words = exit_words(info->si_status);
		if (words)
			snprintf(out, size, "%s", words);
		else
			snprintf(out, size, "ended with status %d",
				 info->si_status);
		return out;
	}
	words = sigabbrev_np(sig);
	if (words)
		snprintf(out, size, "was killed by SIG%s", words);
	else
		snprintf(out, size, "was killed by signal %d", sig);
	return out;
}
