/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_MUST_H
#define TESTS_LIB_MUST_H

#include <stdbool.h>

/*
 * Fails the running test unless @cond holds; what follows is a printf format
 * that says what was expected and what came. In a thread of the test's own it
 * ends that thread; must_threads() in the main thread then fails the test.
 */
#define must(cond, ...)							\
	do {								\
		if (!(cond))						\
			must_fail(__FILE__, __LINE__, #cond, __VA_ARGS__); \
	} while (0)

_Noreturn void must_fail(const char *file, int line, const char *cond,
			 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void must_threads(void);
bool must_thread_failed(void);

/* Runs before a failure ends the test: what is known is printed then. */
void must_set_hook(void (*hook)(void));

#endif
