/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the workers say, and what comes out in the supervisor's log. */
#ifndef TESTS_FUZZ_SUP_LOG_H
#define TESTS_FUZZ_SUP_LOG_H

#include <stdbool.h>
#include <stddef.h>

void heard_start(void);

/* The worker of console 0 writes these; it may not be able to write all. */
void heard_says(const void *bytes, size_t len);

/* It sent fds with them, or somebody else had its end: all may come out. */
void heard_no_more(void);

/* The worker of console 1 says so, and the log has it before this returns. */
void heard_neighbour(const char *text);

/* How often it was said that console 0's worker is killed for what it did. */
unsigned int heard_condemned(void);

/* Of its other lines none is missing, and there are not too many. */
void heard_check(void);

#endif
