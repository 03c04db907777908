/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * vring_get() against the slow walker of tests/lib/chain-model.h: the test
 * fails where they differ, and shows the ring.
 */
#ifndef TESTS_LIB_CHAIN_CHECK_H
#define TESTS_LIB_CHAIN_CHECK_H

#include <stdint.h>

#include "tests/lib/chain-model.h"
#include "tests/lib/ring-image.h"

#define CHAIN_ERRORS_MAX	32

/* What chains turned out to be, so far. */
struct chain_counts {
	uint64_t chains;
	uint64_t verdict[CHAIN_BROKEN + 1];
	unsigned int nerrors;		/* different ones */
	struct {
		const char *text;
		uint64_t n;
	} error[CHAIN_ERRORS_MAX];
};

/* The chain at @avail of @img. */
void chain_check(const struct ring_image *img, uint16_t avail,
		 struct chain_counts *counts);

void chain_counts_show(const char *what, const struct chain_counts *counts);

#endif
