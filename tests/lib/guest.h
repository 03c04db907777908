/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A fake guest: memory in memfds, the driver's side of four split rings, and
 * what Linux's virtio_console does with them. It checks every used element and
 * every byte, and can write anything anywhere.
 */
#ifndef TESTS_LIB_GUEST_H
#define TESTS_LIB_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "tests/lib/fe-msg.h"
#include "tests/lib/gring.h"

#define GUEST_REGIONS	8

struct guest {
	struct fe_region region[GUEST_REGIONS];
	uint8_t *ptr[GUEST_REGIONS];	/* of each region's first byte */
	uint64_t allocated[GUEST_REGIONS];
	unsigned int nregions;
	struct gring ring[RINGS];
	unsigned int nrings;		/* the driver uses the first ones */
	uint64_t features;
};

void guest_init(struct guest *g);
void guest_destroy(struct guest *g);

/* Adds memory in a memfd of its own, at @offset in it; returns its number. */
unsigned int guest_add_region(struct guest *g, uint64_t gpa, uint64_t uva,
			      uint64_t size, uint64_t offset);

/* What QEMU and UML lay out, and four rings of @num in it. */
void guest_like_qemu(struct guest *g, uint16_t num);
void guest_like_uml(struct guest *g);

/* Memory from region @r; returns its gpa. The first byte is never given. */
uint64_t guest_alloc(struct guest *g, unsigned int r, size_t len,
		     size_t align);

/* Fails the test unless all of it is in one region. */
void *guest_ptr(const struct guest *g, uint64_t gpa, size_t len);
uint64_t guest_uva(const struct guest *g, uint64_t gpa);

/* A copy of all memory, to be freed, and a test that it is still the same. */
uint8_t *guest_snapshot(const struct guest *g);
void guest_expect_unchanged(const struct guest *g, const uint8_t *snapshot);

#endif
