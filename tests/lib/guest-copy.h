/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Bytes of any value to and from a real guest, at its shell. No sleep tells
 * when the guest listens: it says so.
 */
#ifndef TESTS_LIB_GUEST_COPY_H
#define TESTS_LIB_GUEST_COPY_H

#include "tests/lib/client.h"
#include "tests/lib/daemon.h"

#define COPY_SUM	65		/* with its final zero */

/* What sha256sum here makes of it. */
void copy_sum(const struct daemon *d, const void *bytes, size_t len,
	      char sum[COPY_SUM]);

/* The guest's terminal is raw, and it reads the next @len bytes to a file. */
void copy_in_begin(struct tclient *c, size_t len);

/* It has them all, and says that this is their sum. */
void copy_in_end(struct tclient *c, const char sum[COPY_SUM]);

/* The guest prints that file. */
void copy_out_begin(struct tclient *c);

/* Both at once: prints @len bytes of that file, reads as many to another. */
void copy_both_begin(struct tclient *c, size_t len);

/* As copy_in_end(). */
void copy_both_end(struct tclient *c, const char sum[COPY_SUM]);

/*
 * Moves @in bytes of the pattern from @in_at on to the guest, and takes as many
 * as @out from it, which have to be the pattern's from @out_at on. Each moves
 * on at least once in SHELL_MS.
 */
void copy_move(struct tclient *c, uint64_t in_at, size_t in, uint64_t out_at,
	       size_t out);

#endif
