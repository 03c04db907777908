/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The messages that change guest memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"
#include "tests/lib/vu-world.h"

#define PAGE		UINT64_C(4096)
#define FILE_SIZE	(64 * PAGE)

struct region {
	uint64_t gpa, size, uva, offset;
};

static struct vu_world w;
static int mem, fds_before;

static int setup(void **state)
{
	(void)state;
	fds_before = open_fds();
	mem = memfd_create("memory", MFD_CLOEXEC);
	vu_world_init(&w);
	vu_world_want_acks(&w);
	return ftruncate(mem, FILE_SIZE);
}

static int teardown(void **state)
{
	(void)state;
	vu_world_destroy(&w);
	fd_close(&mem);
	return open_fds() == fds_before ? 0 : -1;
}

/* Mappings of our file: none may be forgotten. */
static unsigned int maps(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned int n = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, "memfd:memory") != NULL;
	fclose(file);
	return n;
}

static uint64_t send_table(const struct region *region, unsigned int n,
			   uint32_t claimed, unsigned int nfds, uint32_t size)
{
	uint8_t payload[4096] = { 0 };
	int fds[MEM_SLOTS_MAX + 1];

	memcpy(payload, &claimed, 4);
	memcpy(payload + 8, region, n * sizeof(*region));
	for (unsigned int i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = mem;
	return vu_world_send(&w, FE_SET_MEM_TABLE, FE_NEED_REPLY, payload,
			     size, fds, nfds).value;
}

static uint64_t set_table(const struct region *region, unsigned int n)
{
	return send_table(region, n, n, n, 8 + 32 * n);
}

static uint64_t one_region(uint32_t request, struct region region,
			   unsigned int nfds)
{
	uint64_t payload[5] = { 0, region.gpa, region.size, region.uva,
				region.offset };

	return vu_world_send(&w, request, FE_NEED_REPLY, payload, 40, &mem,
			     nfds).value;
}

static unsigned int regions(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		bool used = vu_session(&w.vu)->region[i].size;

		must(used == !!w.vu.gmem.region[i].size,
		     "slot %u: state and mapping differ", i);
		n += used;
	}
	return n;
}

/* @n regions of a page each, two pages apart in either kind of address. */
static void fill(struct region *region, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		region[i] = (struct region){ i * 2 * PAGE, PAGE,
					     (i + 100) * 2 * PAGE, i * PAGE };
}

static void tables(void **state)
{
	struct region region[MEM_SLOTS_MAX];

	(void)state;
	for (unsigned int n = 1; n <= MEM_SLOTS_MAX; n++) {
		fill(region, n);
		assert_int_equal(set_table(region, n), 0);
		vu_world_swap_memory(&w);
		assert_int_equal(regions(), n);
		assert_int_equal(maps(), n);
		/* each region, and each slot emptied, in the fd store */
		assert_int_equal(vu_session(&w.vu)->nplaces, n);
	}
	fill(region, 3);
	assert_int_equal(set_table(region, 3), 0);
	assert_int_equal(vu_session(&w.vu)->nplaces, MEM_SLOTS_MAX);
	vu_world_swap_memory(&w);
	assert_int_equal(regions(), 3);
	assert_int_equal(maps(), 3);
	/* P-8: UML's 72 bytes for one */
	assert_int_equal(send_table(region, 1, 1, 1, 72), 0);
	vu_world_swap_memory(&w);
	assert_int_equal(maps(), 1);
}

/* T-13: the table before stays, and nothing of the new one. */
static void table_refused(struct region *region, unsigned int n,
			  uint32_t claimed, unsigned int nfds, uint32_t size,
			  const char *what)
{
	struct state_session before = *vu_session(&w.vu);
	struct gmem gmem = w.vu.gmem;
	unsigned int was = maps();

	must(send_table(region, n, claimed, nfds, size) != 0, "%s: accepted",
	     what);
	must(vu_world_unchanged(&w, &before), "%s: the session changed",
	     what);
	must(!memcmp(&gmem, &w.vu.gmem, sizeof(gmem)), "%s: memory changed",
	     what);
	must(maps() == was, "%s: %u mappings, %u before", what, maps(), was);
}

static void bad_tables(void **state)
{
	struct region r[MEM_SLOTS_MAX + 1], good[4];

	(void)state;
	fill(good, 4);
	assert_int_equal(set_table(good, 2), 0);
	vu_world_swap_memory(&w);
	fill(r, MEM_SLOTS_MAX);
	table_refused(r, 4, 0, 0, 136, "no regions");
	table_refused(r, 4, 4, 3, 136, "an fd too few");
	table_refused(r, 4, 4, 5, 136, "an fd too many");
	table_refused(r, 4, 4, 4, 135, "a byte too few");
	table_refused(r, 4, 33, 32, 4096, "33 regions");
	table_refused(r, 4, UINT32_MAX, 32, 4096, "2^32 - 1 regions");
	table_refused(r, 4, 0x08000001, 1, 4096, "a size that wraps");
	r[3].size = 0;
	table_refused(r, 4, 4, 4, 136, "an empty region");
	r[3].size = FILE_SIZE;
	table_refused(r, 4, 4, 4, 136, "past the end of the file");
	fill(r, 4);
	r[3].gpa = r[0].gpa + PAGE - 1;
	table_refused(r, 4, 4, 4, 136, "overlap by gpa");
	fill(r, 4);
	r[3].uva = r[2].uva;
	table_refused(r, 4, 4, 4, 136, "overlap by uva");
	fill(r, 4);
	r[3].gpa = UINT64_MAX - PAGE + 2;
	table_refused(r, 4, 4, 4, 136, "gpa wraps");
	/* the same addresses as before are not an overlap */
	assert_int_equal(set_table(good, 4), 0);
	vu_world_swap_memory(&w);
	assert_int_equal(maps(), 4);
}

static void placed(unsigned int slot, uint8_t fd)
{
	const struct state_session *s = vu_session(&w.vu);

	assert_int_equal(s->nplaces, 1);
	assert_int_equal(s->place[0].kind, FD_MEM);
	assert_int_equal(s->place[0].index, slot);
	assert_int_equal(s->place[0].fd, fd);
}

static void slots(void **state)
{
	struct region r[MEM_SLOTS_MAX + 1];

	(void)state;
	fill(r, MEM_SLOTS_MAX + 1);
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		assert_int_equal(one_region(FE_ADD_MEM_REG, r[i], 1), 0);
		vu_world_swap_memory(&w);
		assert_int_equal(regions(), i + 1);
		assert_int_equal(maps(), i + 1);
	}
	assert_true(one_region(FE_ADD_MEM_REG, r[MEM_SLOTS_MAX], 1) != 0);
	assert_int_equal(maps(), MEM_SLOTS_MAX);
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i += 2) {
		struct region wrong = r[i];

		wrong.gpa += PAGE;
		assert_true(one_region(FE_REM_MEM_REG, wrong, 0) != 0);
		wrong = r[i];
		wrong.uva += PAGE;
		assert_true(one_region(FE_REM_MEM_REG, wrong, 0) != 0);
		wrong = r[i];
		wrong.size -= 1;
		assert_true(one_region(FE_REM_MEM_REG, wrong, 0) != 0);
		wrong = r[i];
		wrong.offset = 999;	/* does not count */
		assert_int_equal(one_region(FE_REM_MEM_REG, wrong, 0), 0);
		vu_world_swap_memory(&w);
		assert_true(one_region(FE_REM_MEM_REG, r[i], 0) != 0);
	}
	assert_int_equal(maps(), MEM_SLOTS_MAX / 2);
	assert_int_equal(one_region(FE_ADD_MEM_REG, r[0], 1), 0);
	placed(0, 0);
	vu_world_swap_memory(&w);
	assert_int_equal(regions(), MEM_SLOTS_MAX / 2 + 1);
	assert_int_equal(one_region(FE_REM_MEM_REG, r[3], 0), 0);
	placed(3, CTL_NO_FD);
	vu_world_swap_memory(&w);
	regions();
	assert_int_equal(vu_world_send(&w, FE_GET_MAX_MEM_SLOTS, 0, NULL, 0,
				       NULL, 0).value, 32);
}

/* What a table that was refused had built is nobody's. */
static void slot_after_bad_table(void **state)
{
	struct region r[4];

	(void)state;
	fill(r, 4);
	assert_int_equal(one_region(FE_ADD_MEM_REG, r[0], 1), 0);
	vu_world_swap_memory(&w);
	r[3].size = 0;
	table_refused(r, 4, 4, 4, 136, "an empty region");
	assert_int_equal(one_region(FE_ADD_MEM_REG, r[1], 1), 0);
	vu_world_swap_memory(&w);
	assert_int_equal(regions(), 2);
	table_refused(r, 4, 4, 4, 136, "an empty region");
	assert_int_equal(one_region(FE_REM_MEM_REG, r[0], 0), 0);
	vu_world_swap_memory(&w);
	assert_int_equal(regions(), 1);
	assert_int_equal(maps(), 1);
}

/* One that is refused takes nothing of what is mapped with it. */
static void bad_slot(void **state)
{
	struct region r[3];

	(void)state;
	fill(r, 3);
	assert_int_equal(one_region(FE_ADD_MEM_REG, r[0], 1), 0);
	vu_world_swap_memory(&w);
	r[1].size = FILE_SIZE + 1;
	r[2].uva = r[0].uva;
	for (unsigned int i = 0; i < 3; i++) {
		struct state_session before = *vu_session(&w.vu);

		must(one_region(FE_ADD_MEM_REG, r[i], 1) != 0, "region %u", i);
		must(vu_world_unchanged(&w, &before), "region %u", i);
		assert_int_equal(maps(), 1);
	}
	*(volatile char *)w.vu.gmem.region[0].ptr = 1;
}

#define MEM_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MEM_TEST(tables),
		MEM_TEST(bad_tables),
		MEM_TEST(slots),
		MEM_TEST(bad_slot),
		MEM_TEST(slot_after_bad_table),
	};

	return cmocka_run_group_tests_name("vu-mem", tests, NULL, NULL);
}
