/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/fault.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "common/contract.h"

static void fault(int sig)
{
	_exit(WORKER_EXIT_SIGNAL + sig);
}

void fault_init(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
				      SIGABRT, SIGTRAP, SIGSYS };
	struct sigaction action = { .sa_handler = fault };

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &action, NULL);
}
