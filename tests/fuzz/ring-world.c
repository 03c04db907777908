/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/ring-world.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/fuzz/input.h"

#define PART_GPA	UINT64_C(0x100000)
#define PART_STEP	UINT64_C(0x10000)
#define UVA		UINT64_C(0x7f0000000000)

/* The first three are neighbours, and the last is at the very end. */
static const struct {
	uint64_t gpa, size;
} data[DATA_REGIONS] = {
	{ 0, 0x300 },
	{ 0x300, 8 },
	{ 0x308, 0x800 },
	{ UINT64_MAX - 0x100, 0x100 },
};

static struct ring_world *world;

int __wrap_gmem_map(struct gmem *gmem, unsigned int slot,
		    const struct state_region *region, int fd);
void __wrap_gmem_release(struct gmem *old, const struct gmem *kept);

static bool is_guests(const struct ring_world *w, const uint8_t *at)
{
	for (unsigned int i = 0; i < REGIONS; i++)
		if (at >= w->ptr[i] && at < w->ptr[i] + w->region[i].size)
			return true;
	return false;
}

static void guest_loads(const void *at)
{
	struct ring_world *w = world;

	/* a copy of what was loaded is looked at with the same words */
	if (!is_guests(w, at))
		return;
	if (w->still) {
		if (w->nloads < LOADS_MAX)
			w->load[w->nloads++] = at;
		return;
	}
	for (unsigned int i = 0; i < w->nlater; i++) {
		struct later *l = &w->later[i];

		if (l->loads && !--l->loads)
			ring_world_poke(w, l->region, l->at, l->value, l->n);
	}
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)*(const void *const *)a;
	uintptr_t y = (uintptr_t)*(const void *const *)b;

	return x < y ? -1 : x > y;
}

bool ring_world_loaded_twice(struct ring_world *w)
{
	qsort(w->load, w->nloads, sizeof(w->load[0]), by_address);
	for (unsigned int i = 1; i < w->nloads; i++)
		if (w->load[i] == w->load[i - 1])
			return true;
	return false;
}

/* Region @slot of the session is memory of ours, whatever the fd. */
int __wrap_gmem_map(struct gmem *gmem, unsigned int slot,
		    const struct state_region *region, int fd)
{
	(void)fd;
	if (slot >= REGIONS || region->size != world->region[slot].size)
		return -ENXIO;
	gmem->region[slot] = (struct gmem_region){
		.gpa = region->gpa,
		.uva = region->uva,
		.size = region->size,
		.ptr = world->ptr[slot],
		.map = world->ptr[slot],
	};
	return 0;
}

void __wrap_gmem_release(struct gmem *old, const struct gmem *kept)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		if (!kept || kept->region[i].map != old->region[i].map)
			old->region[i] = (struct gmem_region){ 0 };
}

static void make_memory(struct ring_world *w)
{
	for (unsigned int i = 0; i < REGIONS; i++) {
		struct state_region *r = &w->region[i];
		uint32_t num = w->num[i / PARTS % CONSOLE_RINGS];
		const uint64_t sizes[PARTS] = { virtq_desc_size(num),
						virtq_avail_size(num),
						virtq_used_size(num) };

		if (i < DATA_FIRST) {
			r->gpa = PART_GPA + i * PART_STEP;
			r->size = sizes[i % PARTS];
		} else {
			r->gpa = data[i - DATA_FIRST].gpa;
			r->size = data[i - DATA_FIRST].size;
		}
		r->uva = UVA + i * PART_STEP;
		w->ptr[i] = calloc(1, r->size);
		fuzz_check(w->ptr[i], "out of memory");
	}
}

/* What messages would have made of the session. */
static void fill_session(struct ring_world *w, uint64_t features,
			 uint16_t base)
{
	struct state_session *s = STATE_CURRENT(&w->m.state->session);

	memcpy(s->region, w->region, sizeof(w->region));
	s->features = features;
	s->features_set = 1;
	s->next_gen = CONSOLE_RINGS;
	s->seq = 1;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		const struct state_region *r = &w->region[i * PARTS];

		s->ring[i] = (struct state_ring){
			.gen = i + 1,
			.desc = r[PART_DESC].uva,
			.avail = r[PART_AVAIL].uva,
			.used = r[PART_USED].uva,
			.num = w->num[i],
			.base = base,
			.addressed = 1,
			.started = 1,
			.enabled = 1,
			.kick = NOTIFIER_FD,
			.call = NOTIFIER_FD,
		};
	}
}

/* The store, too, as if messages had filled it. */
static void fill_store(struct ring_world *w)
{
	struct ctl_place place[PENDING_MAX];
	int fds[PENDING_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < REGIONS; i++, n++) {
		fds[n] = dup(w->kick[0]);
		place[n] = (struct ctl_place){ FD_MEM, (uint8_t)i, (uint8_t)n,
					       0 };
	}
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		fds[n] = dup(w->kick[i]);
		place[n] = (struct ctl_place){ FD_KICK, (uint8_t)i,
					       (uint8_t)n, 0 };
		n++;
		fds[n] = dup(w->call[i]);
		place[n] = (struct ctl_place){ FD_CALL, (uint8_t)i,
					       (uint8_t)n, 0 };
		n++;
	}
	fuzz_check(!fdstore_put(&overseer.store, 0, fds, n) &&
		   !fdstore_commit(&overseer.store, 0, place, n), "store");
}

void ring_world_start(struct ring_world *w,
		      const struct worker_config *config, uint64_t features,
		      const uint32_t num[CONSOLE_RINGS], uint16_t base)
{
	memset(w, 0, sizeof(*w));
	world = w;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		w->num[i] = num[i];
		w->avail[i] = base;
		w->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		w->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	make_memory(w);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		base = htole16(base);
		memcpy(ring_world_part(w, i, PART_AVAIL) + 2, &base, 2);
		memcpy(ring_world_part(w, i, PART_USED) + 2, &base, 2);
		base = le16toh(base);
	}
	machine_start(&w->m, config);
	overseer.guest = guest_loads;
	machine_connect(&w->m);
	fill_session(w, features, base);
	fill_store(w);
	machine_replace(&w->m);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		fuzz_check(machine_console()->vu.vq[i].running,
			   "ring %u does not run", i);
}

void ring_world_stop(struct ring_world *w)
{
	machine_stop(&w->m);
	for (unsigned int i = 0; i < REGIONS; i++)
		free(w->ptr[i]);
	fd_close_all(w->kick, CONSOLE_RINGS);
	fd_close_all(w->call, CONSOLE_RINGS);
}

void ring_world_poke(struct ring_world *w, unsigned int region, uint32_t at,
		     uint32_t value, unsigned int n)
{
	uint32_t le = htole32(value);

	at %= (uint32_t)w->region[region].size;
	if (n > w->region[region].size - at)
		n = (unsigned int)w->region[region].size - at;
	memcpy(w->ptr[region] + at, &le, n);
}

void ring_world_desc(struct ring_world *w, unsigned int ring, uint32_t i,
		     uint64_t addr, uint32_t len, uint16_t flags,
		     uint16_t next)
{
	struct virtq_desc desc = { htole64(addr), htole32(len),
				   htole16(flags), htole16(next) };

	memcpy(ring_world_part(w, ring, PART_DESC) +
		       i % w->num[ring] * sizeof(desc), &desc, sizeof(desc));
}

void ring_world_kick(struct ring_world *w, unsigned int ring)
{
	static const uint64_t one = 1;

	if (write(w->kick[ring], &one, sizeof(one)) < 0)
		return;		/* it is as full as it gets */
}

void ring_world_publish(struct ring_world *w, unsigned int ring,
			uint16_t head)
{
	uint16_t slot = w->avail[ring] % w->num[ring];
	unsigned int region = ring * PARTS + PART_AVAIL;

	ring_world_poke(w, region, 4 + 2u * slot, head, 2);
	ring_world_poke(w, region, 2, ++w->avail[ring], 2);
	ring_world_kick(w, ring);
}
