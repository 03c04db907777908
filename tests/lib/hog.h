/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that loads one console as much as it can, or only the machine, for
 * others to be measured meanwhile. It stands still until it is told to go.
 */
#ifndef TESTS_LIB_HOG_H
#define TESTS_LIB_HOG_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/lib/client.h"
#include "tests/lib/guest.h"

enum hog_kind {
	HOG_FLOOD,		/* the guest prints, its client reads */
	HOG_STALL,		/* the guest prints, its client does not read */
	HOG_TYPE,		/* the client types, the guest takes nothing */
	HOG_CPU,		/* no console at all */
};

struct hog {
	pid_t pid;		/* 0: there is none */
	_Atomic uint64_t *moved;
};

/* The guest and the client are its own from here on; HOG_CPU has none. */
void hog_start(struct hog *h, enum hog_kind kind, struct guest *g,
	       struct tclient *c);
void hog_go(struct hog *h);

/* Returns once it stands still. */
void hog_halt(struct hog *h);

/* Also for one that is not there. */
void hog_end(struct hog *h);

/* Bytes that it got rid of. */
uint64_t hog_moved(const struct hog *h);

/* Until it has got rid of @enough in all. */
void hog_await(const struct hog *h, uint64_t enough);

#endif
