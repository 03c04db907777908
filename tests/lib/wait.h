/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_WAIT_H
#define TESTS_LIB_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* What is to happen at all happens within this, on any machine. */
#define WAIT_MS		10000

/* A deadline in monotonic microseconds, and the milliseconds left of it. */
uint64_t wait_until(unsigned int ms);
int wait_left(uint64_t deadline);

/* Polls one fd; false when the deadline passes first. */
bool wait_fd(int fd, short events, uint64_t deadline);

/* Between two looks at something that no fd announces. */
void wait_pause(void);

/*
 * For the few cases where the point is that nothing happens for a while, or
 * that time passes.
 */
void wait_time(unsigned int ms);

#endif
