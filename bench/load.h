/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is done to a rig, and how long it took. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#include "bench/rig.h"

struct result {
	uint64_t bytes;
	uint64_t chains;
	double seconds;
	uint64_t cpu_us;		/* of the backend */
	double p50_us, p99_us, worst_us;	/* of round trips or gaps */
};

void load_percentiles(struct result *result, uint64_t *us, unsigned int n);

/* The guest prints @bytes in chains of @chain; until the client has all. */
struct result load_tx(struct rig *rig, uint64_t bytes, uint32_t chain);

/* The client types @bytes as fast as it can; until the guest has all. */
struct result load_rx(struct rig *rig, uint64_t bytes);

/* A key and its echo, one after the other, @n times. */
struct result load_echo(struct rig *rig, unsigned int n);

#endif
