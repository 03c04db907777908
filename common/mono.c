/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/mono.h"

#include <time.h>

uint64_t mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
