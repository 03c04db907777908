/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A guest and a client with something between them: the daemon, or as little
 * as there can be. What is measured does not know which.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/ideal.h"
#include "tests/lib/client.h"
#include "tests/lib/daemon.h"
#include "tests/lib/frontend.h"
#include "tests/lib/guest.h"

struct rig {
	struct guest guest;
	struct tclient client;

	bool is_ideal;
	struct ideal ideal;
	struct daemon daemon;
	struct frontend fe;
};

/* The guest's console is up, its input buffers are in place. */
void rig_open_daemon(struct rig *rig);
void rig_open_ideal(struct rig *rig);
void rig_close(struct rig *rig);

/* CPU time of what is between them, in microseconds. */
uint64_t rig_cpu_us(const struct rig *rig);

#endif
