/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/sweep-places.h"

void places_add(struct places *p, unsigned int place, bool sure)
{
	must(place > 0 && place < PLACES_MAX && p->left < PLACES_MAX,
	     "place %u", place);
	p->place[p->left++] = (uint16_t)place;
	p->is_sure[place] = sure;
	*(sure ? &p->sure : &p->others) += 1;
}

/* The hard ones stand in front. */
unsigned int places_take(struct places *p, struct rnd *rnd)
{
	unsigned int i, place;

	if (places_easy(p) == 0)
		return 0;
	i = p->hard + rnd_below(rnd, places_easy(p));
	place = p->place[i];
	p->place[i] = p->place[--p->left];
	return place;
}

unsigned int places_take_hard(struct places *p)
{
	if (p->hard == 0)
		return 0;
	must(places_easy(p) == 0, "%u easy places", places_easy(p));
	p->left--;
	return p->place[--p->hard];
}

static void put_hard(struct places *p, unsigned int place)
{
	p->place[p->left++] = p->place[p->hard];
	p->place[p->hard++] = (uint16_t)place;
}

void places_tried(struct places *p, unsigned int place, bool reached)
{
	if (reached)
		*(p->is_sure[place] ? &p->reached : &p->others_reached) += 1;
	else if (++p->tries[place] < PLACES_TRIES)
		p->place[p->left++] = (uint16_t)place;
	else if (p->is_sure[place] && p->tries[place] < PLACES_TRIES + PLACES_TRIES_ALONE)
		put_hard(p, place);
}
