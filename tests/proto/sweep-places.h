/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Places that are yet to be tried, in random order. */
#ifndef TESTS_PROTO_SWEEP_PLACES_H
#define TESTS_PROTO_SWEEP_PLACES_H

#include <stdbool.h>

#include "tests/lib/unit.h"

#define PLACES_MAX	8192

/*
 * One that was not reached is tried again; if it is to be in every run, after
 * so many times in one of its own: a worker that was started in the step before
 * may have less to do.
 */
#define PLACES_TRIES		4
#define PLACES_TRIES_ALONE	10

struct places {
	unsigned int all, reached;
	unsigned int sure;		/* those up to it every run has */
	unsigned int sure_reached;
	unsigned int left;
	unsigned int hard;		/* ... of them for a run of their own */
	uint16_t place[PLACES_MAX];
	uint8_t tries[PLACES_MAX];	/* by the place's number */
	bool done[PLACES_MAX];
};

void places_add(struct places *p, unsigned int place);

/* Every run has places up to @sure, as far as is known now. */
void places_sure(struct places *p, unsigned int sure);

/* The next one, 0 if there is none left. */
unsigned int places_take(struct places *p, struct rnd *rnd);
unsigned int places_take_hard(struct places *p);

static inline unsigned int places_easy(const struct places *p)
{
	return p->left - p->hard;
}

/* It was not reached when it was tried before. */
static inline bool places_again(const struct places *p, unsigned int place)
{
	return p->tries[place] > 0;
}

/* What became of it. */
void places_tried(struct places *p, unsigned int place, bool reached);

#endif
