/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a client sees of the death of its console's worker. */
#ifndef BENCH_INTERRUPTION_H
#define BENCH_INTERRUPTION_H

#include "bench/load.h"

/* From a kill to the echo of a key that is typed at once, @n times. */
struct result interruption_of_echo(struct rig *rig, unsigned int n);

/* The longest pause of a full stream around a kill, @n times. */
struct result interruption_of_stream(struct rig *rig, unsigned int n);

#endif
