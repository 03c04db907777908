/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_ECHO_H
#define TESTS_LIB_ECHO_H

#include <stdint.h>

#include "tests/lib/client.h"
#include "tests/lib/guest.h"

/*
 * The client types a key, the guest prints it back, the client has it. Returns
 * the microseconds that took.
 */
uint64_t echo_once(struct guest *g, struct tclient *c);

/*
 * The same for a key that is due ECHO_PACE_US after the one before. Where that
 * one took longer, its time counts from when it was due: else a stall would
 * spoil one time only, however many keys it held up. @due starts as 0.
 */
#define ECHO_PACE_US	500

uint64_t echo_paced(struct guest *g, struct tclient *c, uint64_t *due);

/* Of @n times, which get sorted. */
struct echo_times {
	uint64_t p50, p99, max;
};

struct echo_times echo_times(uint64_t *us, unsigned int n);

#endif
