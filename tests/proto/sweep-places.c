/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/sweep-places.h"

void places_add(struct places *p, unsigned int place)
{
	must(place > 0 && place < PLACES_MAX && p->left < PLACES_MAX,
	     "place %u", place);
	p->place[p->left++] = (uint16_t)place;
	p->all++;
}

void places_sure(struct places *p, unsigned int sure)
{
	p->sure = sure;
	p->sure_reached = 0;
	for (unsigned int i = 1; i <= sure; i++)
		p->sure_reached += p->done[i];
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
	if (reached) {
		p->done[place] = true;
		p->reached++;
		p->sure_reached += place <= p->sure;
	} else if (++p->tries[place] < PLACES_TRIES) {
		p->place[p->left++] = (uint16_t)place;
	} else if (place <= p->sure &&
		   p->tries[place] < PLACES_TRIES + PLACES_TRIES_ALONE) {
		put_hard(p, place);
	}
}
