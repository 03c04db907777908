/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The output ring: bytes by their position in the endless stream, the newest
 * `size` of them kept. Pure memory; who reads it is not its business.
 */
#ifndef WORKER_RING_H
#define WORKER_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/state.h"

struct ring {
	unsigned char *buf;		/* in the state memfd */
	uint64_t size;
	_Atomic uint64_t *tail;		/* oldest position kept, in the state */
};

/* Bytes that fit at @head before position @hold would be overwritten. */
uint64_t ring_room(const struct ring *ring, uint64_t head, uint64_t hold);

/*
 * Copies @len bytes, starting @off bytes into @src, to position @head; @len is
 * at most the ring's size. The tail moves first: a crash in the middle of the
 * copy then spoils nothing that is still to be read.
 */
void ring_write(struct ring *ring, uint64_t head, const struct iovec *src,
		unsigned int nsrc, uint64_t off, uint64_t len);

/* The @len bytes at @pos as one or two spans; returns how many. */
unsigned int ring_spans(const struct ring *ring, uint64_t pos, uint64_t len,
			struct iovec span[2]);

#endif
