/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Changes the state as a worker that a guest has taken over might, or as
 * memory that went bad would. Each takes from the input what to do.
 */
#ifndef TESTS_FUZZ_TAMPER_H
#define TESTS_FUZZ_TAMPER_H

#include "common/state.h"
#include "tests/fuzz/input.h"

/* A few fields, of either copy of a thing. */
void tamper_fields(struct console_state *state, struct input *in);

/* A few bytes anywhere. */
void tamper_bytes(struct console_state *state, struct input *in);

/* Noise over a part of it, or all of it; perhaps not over the header. */
void tamper_noise(struct console_state *state, struct input *in);

#endif
