/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What goes on at one console of a storm, in a thread of its own, until the
 * killing is over.
 */
#ifndef TESTS_PROTO_STORM_H
#define TESTS_PROTO_STORM_H

#include <stdatomic.h>

#include "tests/lib/traffic.h"
#include "tests/lib/world.h"

struct storm_console {
	struct world *w;
	unsigned int index;
	const atomic_bool *over;
	uint64_t seed;
	bool block;			/* --overflow=block: no byte is lost */
	struct frontend fe;
	struct guest guest[2];		/* the one at work, and the last */
	unsigned int current;
	bool uml;
	struct tclient client[TRAFFIC_CLIENTS];
	struct traffic traffic;
	struct traffic_kills kills;

	/* sessions and messages */
	char sock[100];
	uint64_t status;
	bool extra_memory;
	struct fe_region extra;
	uint64_t turns;
};

static inline bool storm_is_over(const struct storm_console *s)
{
	return atomic_load_explicit(s->over, memory_order_relaxed);
}

static inline struct guest *storm_guest(struct storm_console *s)
{
	return &s->guest[s->current];
}

/* A front-end with its guest, @n clients, and the first traffic. */
void storm_begin(struct storm_console *s, bool uml, unsigned int n);
void storm_end(struct storm_console *s);

/* Connects the other guest, when the last front-end is gone. */
void storm_connect(struct storm_console *s);

/* Several messages at once, in any pieces, each answer checked. */
void storm_messages(struct storm_console *s);

/* What a console's thread does. */
void storm_qemu_traffic(struct storm_console *s);
void storm_uml_traffic(struct storm_console *s);
void storm_visitors(struct storm_console *s);
void storm_sessions(struct storm_console *s);
void storm_talks(struct storm_console *s);

#endif
