/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef COMMON_VIS_H
#define COMMON_VIS_H

#include <stddef.h>

/*
 * Writes @len untrusted bytes to @out as printable ASCII, others as \xNN (a
 * backslash as \x5c), cut to what fits. @out is always terminated; @out_size
 * is at least 1. Returns @out.
 */
const char *vis(char *out, size_t out_size, const void *bytes, size_t len);

/*
 * The same of a string, where it is to be seen once, as in a log line: the
 * next call overwrites it.
 */
const char *vis_once(const char *text);

#endif
