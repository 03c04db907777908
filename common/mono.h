/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef COMMON_MONO_H
#define COMMON_MONO_H

#include <stdint.h>

/* CLOCK_MONOTONIC in microseconds; the same in supervisor and workers. */
uint64_t mono_us(void);

#endif
