/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/racer.h"

#include <string.h>
#include <unistd.h>

#include "tests/lib/must.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"

#define TABLE		4	/* entries of an indirect table */
#define INDIRECT_FROM	6	/* these raced descriptors are indirect */
#define FILL		'r'	/* in all that nobody may write */
#define OUTSIDE		0x40000000
#define RARELY		(1 << 20)
#define BURST		64
/* These bits of a random number say which field it is for. */
#define WHAT		((uint64_t)0x7ff)

static void allow(struct racer *r, uint64_t gpa, uint64_t size)
{
	must(r->nzones < RACER_ZONES, "more than %u zones", RACER_ZONES);
	r->zone[r->nzones++] = (struct fe_region){ .gpa = gpa, .size = size };
}

static void allow_ring(struct racer *r, const struct gring *ring)
{
	allow(r, ring->desc_gpa, 16 * (uint64_t)ring->num);
	allow(r, ring->avail_gpa, 6 + 2 * (uint64_t)ring->num);
	allow(r, ring->used_gpa, 6 + 8 * (uint64_t)ring->num);
}

/* Input and output share their slots, the control rings have others. */
static void add_slots(struct racer *r, enum ring_role a, enum ring_role b)
{
	for (unsigned int i = 0; i < RACER_SLOTS; i++) {
		uint64_t gpa = guest_alloc(r->guest, 1, 2 * RACER_SLOT, 4096);

		r->ring[a].addr[r->ring[a].naddrs++] = gpa;
		r->ring[b].addr[r->ring[b].naddrs++] = gpa;
		memset(guest_ptr(r->guest, gpa, RACER_SLOT), 'S', RACER_SLOT);
		allow(r, gpa, RACER_SLOT);
	}
}

static void add_rings(struct racer *r, struct racer_ring *to)
{
	for (unsigned int i = 0; i < RINGS; i++) {
		const struct gring *ring = &r->guest->ring[i];

		to->addr[to->naddrs++] = ring->desc_gpa;
		to->addr[to->naddrs++] = ring->desc_gpa + 6 * 16;
		to->addr[to->naddrs++] = ring->avail_gpa;
		to->addr[to->naddrs++] = ring->used_gpa;
		to->addr[to->naddrs++] = r->ring[i].table_gpa;
	}
}

static void init_ring(struct racer *r, enum ring_role role)
{
	static const uint16_t ask[] = { 0, 0, CTRL_PORT_READY, 1 };
	struct racer_ring *ring = &r->ring[role];
	const struct gring *g = &r->guest->ring[role];
	unsigned char *bufs = guest_ptr(r->guest, g->bufs,
					(size_t)g->num * g->buf_size);

	ring->table_gpa = guest_alloc(r->guest, 1, 4096, 4096);
	ring->table = guest_ptr(r->guest, ring->table_gpa, 4096);
	memset(ring->table, 0, TABLE * sizeof(*ring->table));
	allow(r, ring->table_gpa, TABLE * sizeof(*ring->table));
	allow_ring(r, g);
	if (role == RX || role == CTRL_RX)
		allow(r, g->bufs, (uint64_t)g->num * g->buf_size);
	memset(bufs, 'V', (size_t)g->num * g->buf_size);
	for (uint16_t i = 0; i < g->num && role == CTRL_TX; i++)
		memcpy(bufs + i * g->buf_size, ask, sizeof(ask));
	if (role == CTRL_TX)
		allow(r, g->bufs, (uint64_t)g->num * g->buf_size);
}

void racer_init(struct racer *r, struct guest *g, bool self_ref)
{
	*r = (struct racer){ .guest = g, .self_ref = self_ref };
	guest_like_qemu(g, 64);
	guest_add_region(g, OUTSIDE, 0x7f1300000000, 64 * 1024, 0);
	for (unsigned int i = 0; i < g->nregions; i++)
		memset(g->ptr[i], FILL, g->region[i].size);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
	add_slots(r, RX, TX);
	add_slots(r, CTRL_RX, CTRL_TX);
	for (unsigned int i = 0; i < RINGS; i++)
		init_ring(r, i);
	for (unsigned int i = 0; i < RINGS && self_ref; i++)
		add_rings(r, &r->ring[i]);
	/* what is written into a descriptor makes any address of these */
	if (self_ref)
		allow(r, g->region[1].gpa, g->region[1].size);
	for (unsigned int i = 0; i < RINGS; i++)
		racer_set_up(r, i);
}

static uint64_t pick_addr(const struct racer_ring *ring, uint64_t random)
{
	static const uint64_t nowhere[] = {
		640 * 1024, 0x600000000000, ~0ULL, ~0ULL - 4095,
	};

	if (random % 8 == 0)
		return nowhere[(random >> 8) % ARRAY_LEN(nowhere)];
	return ring->addr[(random >> 8) % ring->naddrs];
}

/* Within a slot, or longer than all memory there is. */
static uint32_t pick_len(uint64_t random)
{
	static const uint32_t len[] = {
		0, 1, 7, 8, 9, 64, 1000, 4095, 4096,
	};
	static const uint32_t too_long[] = { 0x7fffffff, 0xfffff000, ~0U };

	if (random % 2)
		return too_long[(random >> 8) % ARRAY_LEN(too_long)];
	return len[(random >> 8) % ARRAY_LEN(len)];
}

static uint32_t pick_table_len(uint64_t random)
{
	static const uint32_t len[] = {
		0, 15, 16, 17, 32, 64, 16 * TABLE, 16 * TABLE, 4096, 0x100000,
		0xfffffff0,
	};

	return len[random % ARRAY_LEN(len)];
}

/* Each store is one that a guest's processor makes: no field is torn. */
static void race_desc(const struct racer_ring *ring, struct gdesc *d,
		      uint64_t random, unsigned int entries, bool self_ref)
{
	volatile struct gdesc *v = d;
	uint64_t more = random >> 8;

	switch (random & 3) {
	case 0:
		v->addr = pick_addr(ring, more);
		break;
	case 1:
		v->len = pick_len(more);
		break;
	case 2:
		v->flags = (uint16_t)(more & (self_ref ? 7 : 3));
		break;
	case 3:
		v->next = (uint16_t)(more % 2000 ? more % entries : more >> 16);
		break;
	}
}

static void race_indirect(const struct racer_ring *ring, struct gdesc *d,
			  uint64_t random)
{
	volatile struct gdesc *v = d;
	uint64_t more = random >> 8;

	switch (random & 3) {
	case 0:
		v->addr = more % 4 ? ring->table_gpa : pick_addr(ring, more);
		break;
	case 1:
		v->len = pick_table_len(more);
		break;
	default:
		v->flags = (uint16_t)(DESC_INDIRECT | (more & 3));
		break;
	}
}

static void race_index(struct gring *g, uint64_t random)
{
	volatile uint16_t *avail = g->avail;

	if (random % 512 == 0)
		avail[2 + (random >> 16) % g->num] = (uint16_t)(random >> 40);
	else if (random % 2 == 0)
		avail[2 + (random >> 16) % g->num] = (random >> 40) % g->num;
	else
		avail[2 + g->num] = (uint16_t)(random >> 40);
	avail[0] = random >> 56 & 1;
}

static void race_ctrl_message(struct racer *r, uint64_t random)
{
	static const uint16_t word[4][4] = {
		{ 0, 0, 0, 1 }, { 0, 0, 0, 0xffff },
		{ CTRL_DEVICE_READY, CTRL_PORT_READY, CTRL_PORT_READY, 0xff },
		{ 1, 1, 1, 0 },
	};
	volatile uint16_t *m = guest_ptr(r->guest, r->ring[CTRL_TX].addr[
					 random % RACER_SLOTS], 8);

	m[random >> 8 & 3] = word[random >> 8 & 3][random >> 16 & 3];
}

static void race_once(struct racer *r, uint64_t random)
{
	unsigned int role = random & 3;
	struct racer_ring *ring = &r->ring[role];
	struct gring *g = &r->guest->ring[role];
	unsigned int i = random >> 5 & (RACER_DESCS - 1);

	switch (random >> 2 & 7) {
	default:
		if (i < INDIRECT_FROM)
			race_desc(ring, &g->desc[i], random >> 9, 32,
				  r->self_ref);
		else
			race_indirect(ring, &g->desc[i], random >> 9);
		break;
	case 4:
	case 5:
		race_desc(ring, &ring->table[i % TABLE], random >> 9, TABLE,
			  r->self_ref);
		break;
	case 6:
		race_index(g, random >> 9);
		break;
	case 7:
		race_ctrl_message(r, random >> 9);
		break;
	}
	if ((random >> 32) % RARELY == 0)
		((volatile uint16_t *)g->avail)[1] = (uint16_t)(random >> 9);
}

/* One field is rewritten many times on end: while the device looks at it. */
static void *race(void *arg)
{
	struct racer *r = arg;
	struct rnd rnd = { 18 };

	while (!atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		uint64_t what = rnd_next(&rnd) & WHAT;

		for (unsigned int i = 0; i < BURST; i++)
			race_once(r, what | (rnd_next(&rnd) & ~WHAT));
		r->writes += BURST;
	}
	return NULL;
}

void racer_start(struct racer *r)
{
	atomic_store(&r->stop, false);
	must(pthread_create(&r->thread, NULL, race, r) == 0, "thread");
}

void racer_stop(struct racer *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
}

void racer_set_up(struct racer *r, enum ring_role role)
{
	struct gring *g = &r->guest->ring[role];
	bool write = role == RX || role == CTRL_RX;

	for (uint16_t i = 0; i < g->num; i++) {
		uint64_t slot = r->ring[role].addr[i % RACER_SLOTS];

		if (i >= RACER_DESCS)
			g->desc[i] = (struct gdesc){ gring_buf(g, i), 16,
						     write ? DESC_WRITE : 0,
						     0 };
		else if (i < INDIRECT_FROM)
			g->desc[i] = (struct gdesc){ slot, 16, 0, 0 };
		else
			g->desc[i] = (struct gdesc){ r->ring[role].table_gpa,
						     16, DESC_INDIRECT, 0 };
	}
	for (unsigned int i = 0; i < TABLE; i++)
		r->ring[role].table[i].addr = r->ring[role].addr[0];
}

/* As many as there is room for, if the device plays by the rules. */
void racer_offer(struct racer *r, enum ring_role role)
{
	struct gring *g = &r->guest->ring[role];
	uint64_t one = 1;

	while ((uint16_t)(g->avail_idx - gring_device_idx(g)) < g->num / 2) {
		unsigned int turn = r->turn++;

		__atomic_store_n(&g->avail[2 + g->avail_idx % g->num],
				 turn % 2 ? turn / 2 % RACER_DESCS :
				 RACER_DESCS + turn % (g->num - RACER_DESCS),
				 __ATOMIC_RELAXED);
		g->avail_idx++;
	}
	gring_publish(g);
	must(write(g->kick, &one, sizeof(one)) == sizeof(one), "kick");
}

static bool is_allowed(const struct racer *r, uint64_t gpa)
{
	for (unsigned int i = 0; i < r->nzones; i++)
		if (gpa - r->zone[i].gpa < r->zone[i].size)
			return true;
	return false;
}

void racer_check_zones(const struct racer *r)
{
	const struct guest *g = r->guest;

	for (unsigned int n = 0; n < g->nregions; n++)
		for (uint64_t i = 0; i < g->region[n].size; i++) {
			uint64_t gpa = g->region[n].gpa + i;

			must(g->ptr[n][i] == FILL || g->ptr[n][i] == 'V' ||
			     is_allowed(r, gpa),
			     "guest memory 0x%llx was written: 0x%02x",
			     (unsigned long long)gpa, g->ptr[n][i]);
		}
}
