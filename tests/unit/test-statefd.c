/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The state memfd: what is in it, and that nobody can resize it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/state.h"
#include "supervisor/statefd.h"
#include "tests/lib/must.h"

#define RING	65536
#define SIZE	(STATE_RING_OFFSET + RING)

static unsigned char *map(int fd)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void check_sealed(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, SIZE);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, SIZE * 2), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void fresh(void **state)
{
	int fd = statefd_new(RING);
	const struct console_state *s;
	const unsigned char *p;

	(void)state;
	assert_true(fd >= 0);
	check_sealed(fd);
	p = map(fd);
	s = (const void *)p;
	assert_int_equal(s->magic, STATE_MAGIC);
	assert_int_equal(s->version, STATE_VERSION);
	assert_int_equal(s->size, sizeof(*s));
	assert_int_equal(s->ring_size, RING);
	for (size_t i = offsetof(struct console_state, progress); i < SIZE; i++)
		must(!p[i], "byte %zu is %u", i, p[i]);
	munmap((void *)p, SIZE);
	close(fd);
}

static void copy(void **state)
{
	int fd = statefd_new(RING);
	unsigned char *old = map(fd), *new;
	int to;

	(void)state;
	memset(old + 5000, 0x5a, 100);
	memset(old + SIZE - 300, 0xa5, 300);
	((struct console_state *)old)->progress = 42;
	((struct console_state *)old)->pulse = 43;
	to = statefd_copy(fd, RING);
	assert_true(to >= 0);
	check_sealed(to);
	new = map(to);
	assert_memory_equal(old, new, SIZE);
	assert_int_equal(statefd_progress(to), 42);
	assert_int_equal(statefd_pulse(to), 43);
	/* Whoever still has the old one cannot reach the new one. */
	memset(old + 5000, 0, 100);
	assert_int_equal(new[5050], 0x5a);
	munmap(old, SIZE);
	munmap(new, SIZE);
	close(fd);
	close(to);
}

static void holes_stay_holes(void **state)
{
	const uint64_t ring = 16 << 20;
	int fd = statefd_new(ring);
	int to = statefd_copy(fd, ring);
	struct stat st;

	(void)state;
	assert_true(to >= 0);
	assert_int_equal(fstat(to, &st), 0);
	assert_true(st.st_blocks * 512 < 65536);
	close(fd);
	close(to);
}

static void progress_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(statefd_progress(-1), 0);
	assert_int_equal(statefd_pulse(-1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh),
		cmocka_unit_test(copy),
		cmocka_unit_test(holes_stay_holes),
		cmocka_unit_test(progress_of_nothing),
	};

	return cmocka_run_group_tests_name("state memfd", tests, NULL, NULL);
}
