/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_FUZZ_RING_EXACT_H
#define TESTS_FUZZ_RING_EXACT_H

#include <stdint.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/ring-world.h"

/*
 * A guest that does nothing wrong and a client that reads when it likes, with
 * a worker in between that dies wherever the input says: not a byte may be
 * lost, repeated or moved, and no chain come back twice. @w is started, with
 * rings of 16 at index @base and OVERFLOW_BLOCK.
 */
void ring_exact(struct ring_world *w, struct input *in, uint16_t base);

#endif
