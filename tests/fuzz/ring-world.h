/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A console whose four rings run, in guest memory that is on the heap: each
 * part of each ring, and each piece of data memory, is a region of exactly its
 * size, so that a sanitizer sees every byte next to one. The guest may write
 * before each load that the worker makes.
 */
#ifndef TESTS_FUZZ_RING_WORLD_H
#define TESTS_FUZZ_RING_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fuzz/machine.h"

/* Regions 0 to 11: desc, avail, used of rings 0 to 3; then data memory. */
enum part { PART_DESC, PART_AVAIL, PART_USED, PARTS };
#define DATA_FIRST	(CONSOLE_RINGS * PARTS)
#define DATA_REGIONS	4
#define REGIONS		(DATA_FIRST + DATA_REGIONS)
#define LATER_MAX	16
#define LOADS_MAX	8192

struct later {
	unsigned int loads;		/* until then */
	unsigned int region;
	uint32_t at;
	uint32_t value;
	unsigned int n;			/* bytes of it */
};

struct ring_world {
	struct machine m;
	uint32_t num[CONSOLE_RINGS];
	uint16_t avail[CONSOLE_RINGS];	/* next index the driver fills */
	struct state_region region[REGIONS];
	uint8_t *ptr[REGIONS];
	int kick[CONSOLE_RINGS];
	int call[CONSOLE_RINGS];
	struct later later[LATER_MAX];
	unsigned int nlater;
	bool still;			/* nothing happens later just now */
	const void *load[LOADS_MAX];	/* and this was loaded meanwhile */
	unsigned int nloads;
};

/* All rings run, empty, at index @base. One world at a time. */
void ring_world_start(struct ring_world *w,
		      const struct worker_config *config, uint64_t features,
		      const uint32_t num[CONSOLE_RINGS], uint16_t base);
void ring_world_stop(struct ring_world *w);

static inline uint8_t *ring_world_part(struct ring_world *w,
				       unsigned int ring, enum part part)
{
	return w->ptr[ring * PARTS + part];
}

/* Was anything loaded twice since @w->still? */
bool ring_world_loaded_twice(struct ring_world *w);

/* Writes @n bytes of a region, as far as they are in it. */
void ring_world_poke(struct ring_world *w, unsigned int region, uint32_t at,
		     uint32_t value, unsigned int n);

void ring_world_desc(struct ring_world *w, unsigned int ring, uint32_t i,
		     uint64_t addr, uint32_t len, uint16_t flags,
		     uint16_t next);

/* Makes @head the next available chain of @ring and kicks. */
void ring_world_publish(struct ring_world *w, unsigned int ring,
			uint16_t head);
void ring_world_kick(struct ring_world *w, unsigned int ring);

#endif
