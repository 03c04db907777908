/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What waitid() says of a worker, as a cause and in words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract.h"
#include "supervisor/cause.h"
#include "tests/lib/must.h"

static const struct {
	int code;
	int status;
	enum cause cause;
	const char *words;
} rows[] = {
	{ CLD_EXITED, WORKER_EXIT_ASKED, CAUSE_ASKED, "ended" },
	{ CLD_EXITED, WORKER_EXIT_CONTRACT, CAUSE_CANNOT_RUN, "same build" },
	{ CLD_EXITED, WORKER_EXIT_JAIL, CAUSE_CANNOT_RUN, "lock itself in" },
	{ CLD_EXITED, CAUSE_EXIT_EXEC, CAUSE_CANNOT_RUN, "executed" },
	{ CLD_EXITED, CAUSE_EXIT_EXEC_LATER, CAUSE_NOT_STARTED,
	  "lack of memory" },
	{ CLD_EXITED, CAUSE_EXIT_MAPS, CAUSE_CANNOT_RUN, "user namespace" },
	{ CLD_EXITED, WORKER_EXIT_PROOF, CAUSE_CANNOT_RUN, "filter refuses" },
	/* a fault, told by a status */
	{ CLD_EXITED, WORKER_EXIT_SIGNAL + SIGSEGV, CAUSE_CORRUPT, "SIGSEGV" },
	{ CLD_EXITED, WORKER_EXIT_SIGNAL + SIGABRT, CAUSE_CORRUPT, "SIGABRT" },
	{ CLD_EXITED, WORKER_EXIT_SIGNAL + SIGSYS, CAUSE_STATE, "SIGSYS" },
	{ CLD_EXITED, WORKER_EXIT_SIGNAL, CAUSE_CORRUPT, "status 64" },
	{ CLD_EXITED, WORKER_EXIT_SIGNAL + SIGKILL, CAUSE_CORRUPT,
	  "status 73" },
	{ CLD_EXITED, WORKER_EXIT_SIGNAL + SIGSYS + 1, CAUSE_CORRUPT,
	  "status 96" },
	{ CLD_EXITED, WORKER_EXIT_STATE, CAUSE_STATE, "state" },
	{ CLD_EXITED, WORKER_EXIT_CONTROL, CAUSE_FAILED, "control socket" },
	{ CLD_EXITED, WORKER_EXIT_FAILED, CAUSE_CORRUPT, "failed" },
	{ CLD_EXITED, 1, CAUSE_CORRUPT, "status 1" },
	{ CLD_EXITED, 255, CAUSE_CORRUPT, "status 255" },
	{ CLD_KILLED, SIGKILL, CAUSE_KILLED, "SIGKILL" },
	{ CLD_KILLED, SIGTERM, CAUSE_KILLED, "SIGTERM" },
	{ CLD_KILLED, SIGSEGV, CAUSE_CORRUPT, "SIGSEGV" },
	{ CLD_DUMPED, SIGSEGV, CAUSE_CORRUPT, "SIGSEGV" },
	{ CLD_KILLED, SIGBUS, CAUSE_CORRUPT, "SIGBUS" },
	{ CLD_KILLED, SIGILL, CAUSE_CORRUPT, "SIGILL" },
	{ CLD_KILLED, SIGFPE, CAUSE_CORRUPT, "SIGFPE" },
	{ CLD_DUMPED, SIGABRT, CAUSE_CORRUPT, "SIGABRT" },
	{ CLD_DUMPED, SIGSYS, CAUSE_STATE, "SIGSYS" },
	{ CLD_KILLED, 64, CAUSE_KILLED, "signal 64" },
};

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		siginfo_t info = { .si_code = rows[i].code };
		char text[64];

		info.si_status = rows[i].status;
		must(cause_of(&info) == rows[i].cause, "row %zu: %d", i,
		     cause_of(&info));
		cause_text(&info, text, sizeof(text));
		must(strstr(text, rows[i].words), "row %zu: %s", i, text);
	}
}

static void exec_that_failed(void **state)
{
	static const int passing[] = { ENOMEM, EAGAIN, EMFILE, ENFILE };
	static const int lasting[] = { ENOENT, EACCES, ENOEXEC, EPERM, EINVAL,
				       EBADF, ELIBBAD, EIO };

	(void)state;
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		must(cause_exit_of_exec(passing[i]) == CAUSE_EXIT_EXEC_LATER,
		     "%s", strerror(passing[i]));
	for (size_t i = 0; i < sizeof(lasting) / sizeof(*lasting); i++)
		must(cause_exit_of_exec(lasting[i]) == CAUSE_EXIT_EXEC, "%s",
		     strerror(lasting[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(exec_that_failed),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
