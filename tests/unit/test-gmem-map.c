/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Mapping guest memory, and letting go of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/pattern.h"
#include "tests/lib/unit.h"
#include "worker/gmem.h"

static uint64_t page;

static int setup(void **state)
{
	(void)state;
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* A file of @size bytes of the pattern, as far as the first pages go. */
static int memory_file(uint64_t size)
{
	char bytes[4096];
	int fd = memfd_create("guest memory", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	for (uint64_t at = 0; at < size && at < 8 * page; at += sizeof(bytes)) {
		uint64_t n = size - at < sizeof(bytes) ? size - at :
							 sizeof(bytes);

		pattern_fill(bytes, at, n);
		assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
	}
	return fd;
}

/* Is the page at @ptr mapped? */
static bool mapped(const void *ptr)
{
	uintptr_t at = (uintptr_t)ptr / page * page;

	return msync((void *)at, 1, MS_ASYNC) == 0;
}

static unsigned int maps(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned int lines = 0;
	int c;

	assert_non_null(file);
	while ((c = fgetc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void maps_what_is_asked(void **state)
{
	const struct {
		uint64_t offset, size;
	} rows[] = {
		{ 0, 4 * page }, { 0, 1 }, { 0, page }, { 0, page + 1 },
		{ page, page }, { 1, page }, { page - 1, 2 },
		{ page - 1, 1 }, { page + 16, 2 * page }, { 4 * page - 1, 1 },
		{ 1, 4 * page - 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct state_region region = {
			.gpa = 0x1000000 + i, .uva = 0x7f0000000000 + i,
			.size = rows[i].size, .offset = rows[i].offset,
		};
		struct gmem gmem = { 0 };
		struct gmem_region *r = &gmem.region[i];
		int fd = memory_file(4 * page);
		unsigned char *ptr;
		char byte;

		assert_int_equal(gmem_map(&gmem, (unsigned int)i, &region,
					  fd), 0);
		assert_true(r->gpa == region.gpa && r->uva == region.uva &&
			    r->size == region.size);
		ptr = r->ptr;
		pattern_check(ptr, region.offset, region.size, "region");
		/* shared: what the device writes, the guest sees */
		ptr[region.size - 1] ^= 0xff;
		assert_int_equal(pread(fd, &byte, 1,
				       (off_t)(region.offset + region.size -
					       1)), 1);
		assert_int_equal((unsigned char)byte, ptr[region.size - 1]);
		assert_ptr_equal(gmem_uva(&gmem, region.uva, region.size),
				 ptr);
		/* the fd stays ours, and is not needed any more */
		assert_true(fcntl(fd, F_GETFD) >= 0);
		fd_close(&fd);
		ptr[0] = 1;
		gmem_release(&gmem, NULL);
		assert_false(mapped(ptr));
		assert_false(mapped(ptr + region.size - 1));
		assert_int_equal(r->size, 0);
		assert_null(gmem_uva(&gmem, region.uva, 1));
	}
}

/* T-13: what does not fit leaves no mapping and no region behind. */
static void refuses(void **state)
{
	const struct {
		uint64_t offset, size;
		int err;
	} rows[] = {
		{ 0, 4 * page + 1, -ENXIO },
		{ 1, 4 * page, -ENXIO },
		{ 4 * page, 1, -ENXIO },
		{ UINT64_C(1) << 40, page, -ENXIO },
		{ 0, UINT64_C(1) << 63, -ENXIO },
		{ UINT64_C(1) << 63, page, -ENXIO },
		{ 0, UINT64_MAX, -ENXIO },
		{ UINT64_MAX - page, page, -ENXIO },
	};
	int fd = memory_file(4 * page);
	unsigned int before;

	(void)state;
	before = maps();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct state_region region = { .gpa = 0, .size = rows[i].size,
					       .offset = rows[i].offset };
		struct gmem gmem = { 0 };

		must(gmem_map(&gmem, 5, &region, fd) == rows[i].err,
		     "row %zu", i);
		must(gmem.region[5].size == 0, "row %zu", i);
	}
	assert_int_equal(maps(), before);
	fd_close(&fd);
}

/* Is there an end to it, above its start and not above @limit? */
static bool ends(uint64_t start, uint64_t size, uint64_t limit)
{
	uint64_t end = start + size;

	return end > start && end <= limit;
}

/* Every combination of the values that sums overflow with. */
static void r_03_memmath(void **state)
{
	const uint64_t values[] = {
		0, 1, page - 1, page, 3 * page, UINT64_C(1) << 31,
		UINT64_C(1) << 32, UINT64_C(1) << 63, 0 - page, UINT64_MAX,
	};
	const unsigned int n = ARRAY_LEN(values);
	unsigned int before = maps(), good = 0;
	int fd = memory_file(4 * page);

	(void)state;
	for (unsigned int i = 0; i < n * n * n * n; i++) {
		struct state_region table[MEM_SLOTS_MAX] = { {
			.offset = values[i % n], .size = values[i / n % n],
			.gpa = values[i / n / n % n],
			.uva = values[i / n / n / n],
		} };
		const struct state_region *r = &table[0];
		bool fits = ends(r->gpa, r->size, UINT64_MAX) &&
			    ends(r->uva, r->size, UINT64_MAX) &&
			    ends(r->offset, r->size, 4 * page);
		struct gmem gmem = { 0 };
		int err = gmem_check(table, 0);

		if (!err)
			err = gmem_map(&gmem, 0, r, fd);
		must(!err == fits,
		     "offset 0x%llx size 0x%llx gpa 0x%llx uva 0x%llx: %d",
		     (unsigned long long)r->offset,
		     (unsigned long long)r->size, (unsigned long long)r->gpa,
		     (unsigned long long)r->uva, err);
		if (err)
			continue;
		good++;
		pattern_check(gmem.region[0].ptr, r->offset, r->size, "region");
		gmem_release(&gmem, NULL);
	}
	must(good > 100, "%u regions mapped", good);
	assert_int_equal(maps(), before);
	fd_close(&fd);
}

/* A file may claim to be as large as files get. */
static void too_large_to_map(void **state)
{
	struct state_region region = { .size = INT64_MAX };
	struct gmem gmem = { 0 };
	int fd = memfd_create("guest memory", MFD_CLOEXEC);

	(void)state;
	if (ftruncate(fd, INT64_MAX) == 0) {
		assert_true(gmem_map(&gmem, 0, &region, fd) < 0);
		region.size -= 4095;
		assert_true(gmem_map(&gmem, 0, &region, fd) < 0);
		assert_int_equal(gmem.region[0].size, 0);
	}
	fd_close(&fd);
}

static void not_memory(void **state)
{
	struct state_region region = { .size = 1 };
	struct gmem gmem = { 0 };
	int fds[7], p[2], sv[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    sv), 0);
	fds[0] = p[0];
	fds[1] = p[1];
	fds[2] = sv[0];
	fds[3] = sv[1];
	fds[4] = eventfd(0, EFD_CLOEXEC);
	fds[5] = epoll_create1(EPOLL_CLOEXEC);
	fds[6] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		must(gmem_map(&gmem, 0, &region, fds[i]) < 0, "fd %zu", i);
	assert_int_equal(gmem_map(&gmem, 0, &region, -1), -EBADF);
	assert_int_equal(gmem.region[0].size, 0);
	fd_close_all(fds, ARRAY_LEN(fds));
}

/* Memory we cannot write to is no guest memory. */
static void read_only(void **state)
{
	struct state_region region = { .size = 1 };
	struct gmem gmem = { 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(gmem_map(&gmem, 0, &region, fd), -EACCES);
	fd_close(&fd);
}

/* A new table takes over what it keeps, and only the rest goes. */
static void release_keeps(void **state)
{
	struct state_region region = { .size = page };
	struct gmem old = { 0 }, next;
	int fd = memory_file(4 * page);
	unsigned char *gone, *kept;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		region.gpa = region.offset = i * page;
		assert_int_equal(gmem_map(&old, i, &region, fd), 0);
	}
	gone = old.region[0].ptr;
	kept = old.region[1].ptr;
	next = old;
	next.region[0] = (struct gmem_region){ 0 };
	gmem_release(&old, &next);
	assert_false(mapped(gone));
	assert_true(mapped(kept));
	assert_int_equal(old.region[0].size, 0);
	pattern_check(kept, page, page, "kept");
	gmem_release(&next, NULL);
	assert_false(mapped(kept));
	/* nothing twice */
	gmem_release(&next, NULL);
	fd_close(&fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_what_is_asked),
		cmocka_unit_test(refuses),
		cmocka_unit_test(r_03_memmath),
		cmocka_unit_test(too_large_to_map),
		cmocka_unit_test(not_memory),
		cmocka_unit_test(read_only),
		cmocka_unit_test(release_keeps),
	};

	return cmocka_run_group_tests_name("gmem-map", tests, setup, NULL);
}
