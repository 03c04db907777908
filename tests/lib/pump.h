/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Long streams of the pattern between a guest and its clients, both ends
 * served at once so that neither has to hold all of it.
 */
#ifndef TESTS_LIB_PUMP_H
#define TESTS_LIB_PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "tests/lib/client.h"
#include "tests/lib/gconsole.h"

/*
 * The guest prints @len bytes in chains of @chain; each of @n clients gets all
 * of it.
 */
void pump_print(struct guest *g, struct tclient *c, unsigned int n,
		uint64_t at, size_t len, size_t chain);

/* @c types @len bytes; the guest gets all of it. */
void pump_paste(struct tclient *c, struct guest *g, uint64_t at, size_t len);

#endif
