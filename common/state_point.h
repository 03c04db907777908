/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * STATE_POINT() stands where a death between two stores would show if their
 * order were wrong. It is nothing but in workers that are made for tests: in
 * that of the sweeps of tests/proto it is a system call that does no harm and
 * that a tracer sees, in those of tests/deaths it calls the test.
 */
#ifndef COMMON_STATE_POINT_H
#define COMMON_STATE_POINT_H

#ifdef VDC_STATE_POINTS

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STATE_POINT_MAGIC	0x57a7e901

/* Says where it is in registers: nobody may read a worker's memory. */
static inline void state_point(const char *func, int line)
{
	uint64_t name[2] = { 0 };
	size_t len = strlen(func);

	memcpy(name, func, len < sizeof(name) ? len : sizeof(name));
	syscall(SYS_getpid, STATE_POINT_MAGIC, line, name[0], name[1]);
}

#define STATE_POINT()	state_point(__func__, __LINE__)

#elif defined(VDC_STATE_HOOK)

void state_hook(const char *func, int line);

#define STATE_POINT()	state_hook(__func__, __LINE__)

#else

#define STATE_POINT()	((void)0)

#endif

#endif
