/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A thread of a hostile guest that rewrites, as fast as it can, what its rings
 * consist of: descriptors, indirect tables, available entries and indices,
 * control messages. Each field changes alone, so any mixture of values can be
 * met; of these values no mixture lets the device write outside the zones, and
 * what it may read as output is letters only.
 */
#ifndef TESTS_PROTO_RACER_H
#define TESTS_PROTO_RACER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/guest.h"

#define RACER_DESCS	8	/* of each ring; the others stay valid */
#define RACER_SLOTS	8
#define RACER_SLOT	4096	/* bytes to be written; as many must not */
#define RACER_ADDRS	32
#define RACER_ZONES	64

struct racer_ring {
	uint64_t addr[RACER_ADDRS];	/* of buffers */
	unsigned int naddrs;
	struct gdesc *table;		/* an indirect one */
	uint64_t table_gpa;
};

struct racer {
	struct guest *guest;
	bool self_ref;			/* the rings are buffers, too */
	struct racer_ring ring[RINGS];
	struct fe_region zone[RACER_ZONES];	/* .gpa and .size are used */
	unsigned int nzones;
	unsigned int turn;		/* heads offered so far */
	pthread_t thread;
	atomic_bool stop;
	uint64_t writes;
};

/* A guest as QEMU's, and one region more that nothing points at. */
void racer_init(struct racer *r, struct guest *g, bool self_ref);
void racer_start(struct racer *r);
void racer_stop(struct racer *r);

/* Descriptors of a ring that is reset and stopped. */
void racer_set_up(struct racer *r, enum ring_role role);

/* Makes more chains available, of both kinds, and kicks. */
void racer_offer(struct racer *r, enum ring_role role);

/* Nothing was written but the zones. */
void racer_check_zones(const struct racer *r);

#endif
