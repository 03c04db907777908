/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How long a client may hold its guest under --overflow=wait:MS. Time the
 * guest is held for it is taken from the budget; each 64 bytes it takes give
 * 1 ms back, never above MS.
 */
#ifndef WORKER_BUDGET_H
#define WORKER_BUDGET_H

#include <stdint.h>

#define BUDGET_BYTES_PER_MS	64

/* All in microseconds; each returns what is left. */
uint64_t budget_charge(uint64_t left, uint64_t held);
uint64_t budget_credit(uint64_t left, uint64_t bytes, uint64_t full);

#endif
