/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_FUZZ_TAMPER_H
#define TESTS_FUZZ_TAMPER_H

#include "common/state.h"
#include "tests/fuzz/input.h"

/* Changes the state as a worker that a guest has taken over might. */
void tamper(struct console_state *state, struct input *in);

#endif
