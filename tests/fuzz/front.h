/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A front-end that says what an input tells it, and the small guest behind it:
 * memory, four rings of FRONT_NUM entries, and the fds it has to give away.
 */
#ifndef TESTS_FUZZ_FRONT_H
#define TESTS_FUZZ_FRONT_H

#include <stdint.h>

#include "common/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/machine.h"
#include "tests/fuzz/stream.h"

#define FRONT_GPA	UINT64_C(0x10000)
#define FRONT_UVA	UINT64_C(0x7f0000000000)
#define FRONT_MEMORY	0x20000
#define FRONT_FREE	0x18000		/* of it, from here on */
#define FRONT_NUM	16
#define FRONT_CHAIN	0x400		/* bytes of a slot's buffer */
#define FRONT_EVENTS	8

struct front {
	struct stream s;		/* what is said, and answered */
	int event[FRONT_EVENTS];	/* kick of ring i, call of ring i */
	int memory, small;
	uint8_t *ptr;			/* of memory */
	uint16_t avail[CONSOLE_RINGS];
};

/* The worker's part: what bits 0 to 3 of an input choose. */
struct worker_config front_config(uint8_t bits);

/* Between the two, stream_reset() closes what was not said. */
void front_start(struct front *f);
void front_stop(struct front *f);

/* Another guest, which has said nothing yet. */
void front_again(struct front *f);

/* request, flags, size, fds, payload: any message. */
void front_message(struct front *f, struct input *in);

/* Bytes that are no message. */
void front_raw(struct front *f, struct input *in);

/* A message that is good, with a duplicate of *@fd unless that is NULL. */
void front_say(struct front *f, uint32_t request, const void *payload,
	       uint32_t size, const int *fd);

/*
 * What QEMU says to get a console to work, for the rings in bits 0 to 3 of
 * @which; bit 4: with event indices, bit 5: without control queues.
 */
void front_setup(struct front *f, uint8_t which);

/*
 * Says all there is to be said to @m, until nothing more happens: only then may
 * an answer be missed.
 */
void front_settle(struct front *f, struct machine *m);

/* Bytes of guest memory. */
void front_write(struct front *f, struct input *in);

void front_kick(const struct front *f, unsigned int ring);

/* One more chain of one descriptor, and a kick. */
void front_chain(struct front *f, unsigned int ring, uint32_t len,
		 uint16_t flags);

/* The buffer of @ring's chain @idx, and the index up to which it took them. */
uint8_t *front_buffer(const struct front *f, unsigned int ring, uint16_t idx);
uint16_t front_used(const struct front *f, unsigned int ring);

#endif
