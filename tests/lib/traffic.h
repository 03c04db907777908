/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A console in full use: its guest prints, its clients type, its control
 * queues talk, all at once and each as fast as it goes. Every byte is checked,
 * and nobody looks before he is called.
 */
#ifndef TESTS_LIB_TRAFFIC_H
#define TESTS_LIB_TRAFFIC_H

#include "tests/lib/client.h"
#include "tests/lib/ctrl-talk.h"
#include "tests/lib/guest.h"
#include "tests/lib/mark-stream.h"
#include "tests/lib/sleeper.h"
#include "tests/lib/traffic-kills.h"

#define TRAFFIC_CLIENTS	4		/* two bits of each byte typed */
#define TRAFFIC_RING	256

struct traffic {
	struct guest *g;
	struct tclient *c;
	unsigned int nc;
	struct rnd rnd;
	bool lazy;			/* client 0 rests from reading */
	bool lossless;			/* no client may ever be skipped */
	unsigned int descs_max;		/* of a chain that is printed */

	struct epochs epochs;
	struct mark_stream seen[TRAFFIC_CLIENTS];
	struct sleeper tx;
	uint64_t printed;		/* in this epoch */
	uint64_t returned;		/* ... in chains that came back */
	uint32_t chain_len[TRAFFIC_RING];
	bool new_epoch;			/* EPOCH_BYTE is yet to be printed */
	uint64_t said;			/* emergency writes */
	uint64_t ends;			/* of front-ends, where notices are on */

	struct sleeper rx;
	bool mute[TRAFFIC_CLIENTS];	/* types nothing */
	uint64_t typed[TRAFFIC_CLIENTS];
	uint64_t got[TRAFFIC_CLIENTS];

	struct ctrl_talk talk;

	uint64_t rests_until;
	uint64_t out, in;		/* bytes in all epochs */
	uint64_t shown;			/* ... that clients got */
	struct traffic_kills *kills;	/* NULL: nobody counts them */
	uint64_t out_at, in_at;		/* when there was progress */
};

/* @g's rings run and nothing was put into them. */
void traffic_begin(struct traffic *t, struct guest *g, struct tclient *c,
		   unsigned int nc, uint64_t seed);

/* Until @bytes more went each way; much is left on its way. */
void traffic_run(struct traffic *t, uint64_t bytes);

/* The same, little by little: nobody is ever behind. */
void traffic_trickle(struct traffic *t, uint64_t bytes);

/* Until all that client @i typed has arrived; it types no more. */
void traffic_mute(struct traffic *t, unsigned int i);

/* Until nothing is; no client has a byte too many. */
void traffic_settle(struct traffic *t);

/* Takes what came back in the rings, called or not. */
void traffic_collect(struct traffic *t);

/*
 * The device is gone, with @base of the guest's output ring: what it had not
 * taken is lost, and the guest, or another one, begins anew.
 */
void traffic_guest_lost(struct traffic *t, uint16_t base);
void traffic_guest_begins(struct traffic *t, struct guest *g);

/* Calls may have come to fds that are no longer there. */
void traffic_wake(struct traffic *t);

/* Client @i is another connection, whose output starts anywhere. */
void traffic_client_joins(struct traffic *t, unsigned int i);

#endif
