/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor's events; its timers go by a clock of ours. */
#ifndef TESTS_FUZZ_SUP_CLOCK_H
#define TESTS_FUZZ_SUP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_START	UINT64_C(1000000)	/* us */

void clock_start(void);
uint64_t clock_now(void);

/*
 * Goes on to the next timer that is due before @end, and makes it active; or
 * to @end, and returns false.
 */
bool clock_next(uint64_t end);

/* The signal @sig arrives, for whoever waits for it. */
void clock_signal(int sig);

/* Frees the events that are still there. */
void clock_stop(void);

#endif
