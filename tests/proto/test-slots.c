/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/world.h"

#define SLOTS		32
#define PAGE		4096ULL

/* Slots of a page each, far from the guest's own memory. */
static struct fe_region page_slot(unsigned int i, int fd)
{
	return (struct fe_region){
		.gpa = 0x8000000000 + i * PAGE, .size = PAGE,
		.uva = 0x9000000000 + i * PAGE, .offset = i * PAGE, .fd = fd,
	};
}

static void all_slots(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	unsigned int own;
	int fd = memfd_create("slots", MFD_CLOEXEC);
	struct fe_region slot;
	char *mem;

	must(fd >= 0 && ftruncate(fd, (SLOTS + 1) * PAGE) == 0, "memfd");
	mem = mmap(NULL, SLOTS * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	must(mem != MAP_FAILED, "mmap");
	world_simple(w);
	own = w->guest[0].nregions;
	for (unsigned int i = own; i < SLOTS; i++) {
		slot = page_slot(i, fd);
		fe_ok(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	}
	slot = page_slot(SLOTS, fd);
	fe_refused(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	/* The last slot is really there, its neighbour is straddled. */
	memcpy(mem + (SLOTS - 1) * PAGE - 4, "straddle", 8);
	gring_add(&w->guest[0].ring[TX],
		  &(struct gbuf){ page_slot(SLOTS - 1, fd).gpa - 4, 8, false },
		  1);
	gring_kick(&w->guest[0].ring[TX]);
	gring_expect(&w->guest[0].ring[TX], 0);
	tclient_expect_text(&w->client[0], "straddle");
	for (unsigned int i = own; i < SLOTS; i++) {
		slot = page_slot(i, -1);
		/* Old front-ends send an fd with this; the offset is theirs. */
		slot.fd = i % 2 == 0 ? fd : -1;
		slot.offset = 0;
		fe_ok(fe, fe_msg_region(FE_REM_MEM_REG, &slot));
		fe_refused(fe, fe_msg_region(FE_REM_MEM_REG, &slot));
	}
	slot = page_slot(SLOTS, fd);
	fe_ok(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	munmap(mem, SLOTS * PAGE);
	close(fd);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void bad_slots(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	struct fe_region slot;
	struct fe_msg m;
	int fd = memfd_create("slot", MFD_CLOEXEC);

	must(fd >= 0 && ftruncate(fd, PAGE) == 0, "memfd");
	world_simple(w);
	fe_refused(fe, fe_msg_region(FE_ADD_MEM_REG, &g->region[0]));
	slot = page_slot(0, -1);
	fe_refused(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	slot = page_slot(0, fd);
	slot.size = PAGE + 1;
	fe_refused(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	slot = page_slot(0, fd);
	slot.gpa = g->region[1].gpa + PAGE;
	fe_refused(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	slot = page_slot(0, fd);
	slot.uva = g->region[1].uva + PAGE;
	fe_refused(fe, fe_msg_region(FE_ADD_MEM_REG, &slot));
	slot = page_slot(0, fd);
	m = fe_msg_region(FE_ADD_MEM_REG, &slot);
	m.fds[m.nfds++] = fd;
	fe_refused(fe, m);
	/* Matched on all three of gpa, uva and size. */
	for (unsigned int i = 0; i < 3; i++) {
		slot = g->region[0];
		slot.fd = -1;
		slot.gpa += i == 0 ? PAGE : 0;
		slot.uva += i == 1 ? PAGE : 0;
		slot.size -= i == 2 ? PAGE : 0;
		fe_refused(fe, fe_msg_region(FE_REM_MEM_REG, &slot));
	}
	close(fd);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* The rings' memory goes and comes back: served again from then on. */
static void t_37_ring_memory_removed_and_added(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	struct fe_region slot;
	uint8_t *snapshot;

	world_simple(w);
	for (unsigned int i = 0; i < 10; i++) {
		slot = g->region[1];
		slot.fd = -1;
		fe_ok(fe, fe_msg_region(FE_REM_MEM_REG, &slot));
		guest_print_start(g, "while it is away", 16);
		gring_kick_anyway(&g->ring[TX]);
		snapshot = guest_snapshot(g);
		fe_barrier(fe);
		guest_expect_unchanged(g, snapshot);
		free(snapshot);
		fe_ok(fe, fe_msg_region(FE_ADD_MEM_REG, &g->region[1]));
		gring_kick_anyway(&g->ring[TX]);
		gring_expect(&g->ring[TX], 0);
		tclient_expect_text(&w->client[0], "while it is away");
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(all_slots),
		WORLD_TEST(bad_slots),
		WORLD_TEST(t_37_ring_memory_removed_and_added),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
