/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Strict text to number: the whole string, no sign, no white space, in range.
 * Each returns 0, -EINVAL (not such a number) or -ERANGE, and then leaves
 * *@out alone.
 */
#ifndef COMMON_PARSE_H
#define COMMON_PARSE_H

#include <stdint.h>

int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Bytes, with an optional suffix k (1024) or M (1048576), either case. */
int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Octal permission bits, 0 to 0777. */
int parse_mode(const char *text, unsigned int *out);

#endif
