/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A stream of bytes that shows by itself when one is lost, repeated or moved.
 */
#ifndef TESTS_LIB_PATTERN_H
#define TESTS_LIB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

void pattern_fill(void *buf, uint64_t at, size_t len);

/* Fails the test at the first wrong byte; @who says whose stream it is. */
void pattern_check(const void *buf, uint64_t at, size_t len, const char *who);

#endif
