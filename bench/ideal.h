/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The least a backend can do, as a thread: ring buffers to a socket and back
 * by one call a batch. It trusts the guest, knows one client, keeps nothing,
 * and survives nothing.
 */
#ifndef BENCH_IDEAL_H
#define BENCH_IDEAL_H

#include <pthread.h>
#include <stdint.h>

#include "tests/lib/gring.h"

struct ideal {
	pthread_t thread;
	int listener;
	int client;
	int stop;			/* eventfd */
	struct gring *rx, *tx;		/* of the driver; memory and fds only */
	uint16_t rx_next, tx_next;	/* the device's indices */
};

/* Returns the TCP port. */
unsigned int ideal_listen(struct ideal *ideal);

/* Serves the client that has connected. */
void ideal_start(struct ideal *ideal, struct gring *rx, struct gring *tx);
void ideal_stop(struct ideal *ideal);
uint64_t ideal_cpu_us(const struct ideal *ideal);

#endif
