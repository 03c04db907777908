/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/must.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static atomic_bool thread_failed;
static void (*fail_hook)(void);

void must_set_hook(void (*hook)(void))
{
	fail_hook = hook;
}

void must_fail(const char *file, int line, const char *cond, const char *fmt,
	       ...)
{
	void (*hook)(void) = fail_hook;
	va_list ap;

	fprintf(stderr, "%s:%d: not so: %s\n\t", file, line, cond);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	fail_hook = NULL;
	if (hook != NULL)
		hook();
	if (gettid() != getpid()) {
		atomic_store(&thread_failed, true);
		pthread_exit(NULL);
	}
	_fail(file, line);
	abort();
}

bool must_thread_failed(void)
{
	return atomic_load(&thread_failed);
}

void must_threads(void)
{
	must(!atomic_exchange(&thread_failed, false), "a thread failed");
}
