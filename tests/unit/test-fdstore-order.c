/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Handing an fd store over: in which order, and each fd once. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "supervisor/fdstore.h"

static struct fdstore store;

static int setup(void **state)
{
	(void)state;
	fdstore_init(&store, 0, FDSTORE_PLACES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdstore_clear(&store);
	return 0;
}

static int new_fd(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void put(uint64_t seq, unsigned int n)
{
	int fds[PENDING_MAX];

	for (unsigned int i = 0; i < n; i++)
		fds[i] = new_fd();
	assert_int_equal(fdstore_put(&store, seq, fds, n), 0);
}

static void hand_over_in_order(void **state)
{
	static const enum fd_kind order[] = { FD_FRONTEND, FD_MEM, FD_CALL,
					      FD_PENDING, FD_CLIENT,
					      FD_TERM_OUT };
	struct fdstore_ref ref;
	uint64_t id;

	(void)state;
	fdstore_set(&store, FD_TERM_OUT, 0, 1, new_fd());
	fdstore_set(&store, FD_CLIENT, 7, 2, new_fd());
	fdstore_set(&store, FD_FRONTEND, 0, 3, new_fd());
	put(0, 2);
	fdstore_commit(&store, 0,
		       (struct ctl_place[]){ { FD_CALL, 2, 0, 0 },
					     { FD_MEM, 4, 1, 0 } }, 2);
	put(1, 1);
	fdstore_unhand(&store);
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		assert_int_equal(fdstore_next(&store, &ref), 0);
		assert_int_equal(ref.kind, order[i]);
		assert_int_equal(ref.fd, fdstore_get(&store, ref.kind,
						     ref.index, &id));
		fdstore_handed(&store, &ref);
	}
	assert_int_equal(ref.id, 1);
	assert_int_equal(fdstore_next(&store, &ref), -ENOENT);
}

/* What comes while handing over goes once; what the worker put, never. */
static void hand_over_meets_changes(void **state)
{
	const struct ctl_place place = { FD_MEM, 0, 0, 0 };
	struct fdstore_ref ref;

	(void)state;
	fdstore_set(&store, FD_CLIENT, 5, 1, new_fd());
	fdstore_unhand(&store);
	assert_int_equal(fdstore_next(&store, &ref), 0);
	fdstore_handed(&store, &ref);
	fdstore_set(&store, FD_CLIENT, 0, 2, new_fd());
	assert_int_equal(fdstore_next(&store, &ref), 0);
	assert_int_equal(ref.id, 2);
	fdstore_handed(&store, &ref);
	put(0, 1);
	fdstore_commit(&store, 0, &place, 1);
	assert_int_equal(fdstore_next(&store, &ref), -ENOENT);
	/* A place that is taken again holds another fd. */
	fdstore_drop(&store, FD_CLIENT, 5, 1);
	fdstore_set(&store, FD_CLIENT, 5, 3, new_fd());
	assert_int_equal(fdstore_next(&store, &ref), 0);
	assert_int_equal(ref.id, 3);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hand_over_in_order),
		TEST(hand_over_meets_changes),
	};

	return cmocka_run_group_tests_name("fd store, order", tests, NULL,
					   NULL);
}
