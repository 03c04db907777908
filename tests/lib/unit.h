/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What every unit test includes. must() is for checks in loops, where a line
 * number alone does not say enough.
 */
#ifndef TESTS_LIB_UNIT_H
#define TESTS_LIB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

#include "tests/lib/must.h"

#define ARRAY_LEN(array)	(sizeof(array) / sizeof((array)[0]))

/* The same numbers on every run: a failure repeats itself. */
struct rnd {
	uint64_t state;			/* any seed */
};

static inline uint64_t rnd_next(struct rnd *rnd)
{
	uint64_t z = (rnd->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to @n - 1. */
static inline uint32_t rnd_below(struct rnd *rnd, uint32_t n)
{
	return (uint32_t)((rnd_next(rnd) >> 32) % n);
}

/* True once in @n times. */
static inline bool rnd_one_in(struct rnd *rnd, uint32_t n)
{
	return rnd_below(rnd, n) == 0;
}

/* Open fds of this process: what a test opened, it closes. */
static inline int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
