/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Kills of a console's worker, each with data that moved since the last one. */
#ifndef TESTS_LIB_TRAFFIC_KILLS_H
#define TESTS_LIB_TRAFFIC_KILLS_H

#include <stdatomic.h>
#include <stdint.h>

struct traffic_kills {
	const atomic_uint *all;		/* kills; NULL: none */
	unsigned int known;
	uint64_t out, in;		/* bytes by then */
	atomic_uint while_out, while_in;
	atomic_bool skipped;		/* a client was */
};

/* @out and @in: bytes that clients and the guest have got so far. */
static inline void traffic_kills_count(struct traffic_kills *k, uint64_t out,
				       uint64_t in)
{
	unsigned int now;

	if (k->all == NULL || (now = atomic_load(k->all)) == k->known)
		return;
	atomic_fetch_add(&k->while_out, out > k->out);
	atomic_fetch_add(&k->while_in, in > k->in);
	k->known = now;
	k->out = out;
	k->in = in;
}

#endif
