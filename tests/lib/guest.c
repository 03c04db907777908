/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/must.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)

#define GUEST_BUF	4096

void guest_init(struct guest *g)
{
	*g = (struct guest){ .nrings = RINGS };
	for (unsigned int i = 0; i < RINGS; i++)
		gring_clear(&g->ring[i]);
}

void guest_destroy(struct guest *g)
{
	for (unsigned int i = 0; i < RINGS; i++)
		gring_destroy(&g->ring[i]);
	for (unsigned int i = 0; i < g->nregions; i++) {
		munmap(g->ptr[i] - g->region[i].offset,
		       g->region[i].offset + g->region[i].size);
		fd_close(&g->region[i].fd);
	}
	guest_init(g);
}

unsigned int guest_add_region(struct guest *g, uint64_t gpa, uint64_t uva,
			      uint64_t size, uint64_t offset)
{
	unsigned int n = g->nregions;
	int fd = memfd_create("guest memory", MFD_CLOEXEC);
	uint8_t *base;

	must(n < GUEST_REGIONS, "too many regions");
	must(fd >= 0 && ftruncate(fd, (off_t)(offset + size)) == 0,
	     "memfd: errno %d", errno);
	base = mmap(NULL, offset + size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	must(base != MAP_FAILED, "mmap: errno %d", errno);
	g->region[n] = (struct fe_region){
		.gpa = gpa, .size = size, .uva = uva, .offset = offset,
		.fd = fd,
	};
	g->ptr[n] = base + offset;
	g->allocated[n] = 1;
	g->nregions++;
	return n;
}

/* Low memory, the hole for the adapter, and the rest; all rings in the rest. */
void guest_like_qemu(struct guest *g, uint16_t num)
{
	guest_add_region(g, 0, 0x7f1200000000, 640 * KIB, 0);
	guest_add_region(g, MIB, 0x7f12000c0000, 8 * MIB, 0);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, num, 1, GUEST_BUF);
}

/* User addresses are guest addresses, and memory starts in mid file. */
void guest_like_uml(struct guest *g)
{
	guest_add_region(g, 0x1b3000, 0x1b3000, 8 * MIB, 0x1b3000);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, 256, 0, GUEST_BUF);
}

uint64_t guest_alloc(struct guest *g, unsigned int r, size_t len, size_t align)
{
	uint64_t gpa = g->region[r].gpa + g->allocated[r];

	gpa = (gpa + align - 1) / align * align;
	must(gpa + len <= g->region[r].gpa + g->region[r].size,
	     "region %u has no %zu bytes left", r, len);
	g->allocated[r] = gpa + len - g->region[r].gpa;
	return gpa;
}

static unsigned int find_region(const struct guest *g, uint64_t gpa, size_t len)
{
	unsigned int i = 0;

	while (i < g->nregions &&
	       (gpa < g->region[i].gpa ||
		gpa - g->region[i].gpa > g->region[i].size ||
		len > g->region[i].size - (gpa - g->region[i].gpa)))
		i++;
	must(i < g->nregions, "no guest memory at 0x%llx",
	     (unsigned long long)gpa);
	return i;
}

void *guest_ptr(const struct guest *g, uint64_t gpa, size_t len)
{
	unsigned int i = find_region(g, gpa, len);

	return g->ptr[i] + (gpa - g->region[i].gpa);
}

uint64_t guest_uva(const struct guest *g, uint64_t gpa)
{
	unsigned int i = find_region(g, gpa, 0);

	return gpa - g->region[i].gpa + g->region[i].uva;
}

uint8_t *guest_snapshot(const struct guest *g)
{
	uint64_t size = 0;
	uint8_t *copy;

	for (unsigned int i = 0; i < g->nregions; i++)
		size += g->region[i].size;
	copy = malloc(size);
	must(copy != NULL, "out of memory");
	size = 0;
	for (unsigned int i = 0; i < g->nregions; i++) {
		memcpy(copy + size, g->ptr[i], g->region[i].size);
		size += g->region[i].size;
	}
	return copy;
}

void guest_expect_unchanged(const struct guest *g, const uint8_t *snapshot)
{
	for (unsigned int i = 0; i < g->nregions; i++) {
		for (uint64_t at = 0; at < g->region[i].size; at++)
			must(snapshot[at] == g->ptr[i][at],
			     "guest memory 0x%llx was written",
			     (unsigned long long)(g->region[i].gpa + at));
		snapshot += g->region[i].size;
	}
}
