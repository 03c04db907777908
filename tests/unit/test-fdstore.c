/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fd store, with real fds: none is lost, none closed twice. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/fdstore.h"
#include "tests/lib/must.h"

static struct fdstore store;
static unsigned int fds_before;

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int setup(void **state)
{
	(void)state;
	fds_before = count_fds();
	fdstore_init(&store, 0, FDSTORE_PLACES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdstore_clear(&store);
	assert_int_equal(count_fds(), fds_before);
	assert_int_equal(store.count, 0);
	return 0;
}

/* The test after each step: as many fds are open as the store says. */
static void balanced(void)
{
	assert_int_equal(count_fds(), fds_before + store.count);
}

static int new_fd(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Puts @n new fds as message @seq; on failure they are closed here. */
static int put(uint64_t seq, unsigned int n, int *fds)
{
	int err;

	for (unsigned int i = 0; i < n; i++)
		fds[i] = new_fd();
	err = fdstore_put(&store, seq, fds, n);
	if (err)
		for (unsigned int i = 0; i < n; i++)
			close(fds[i]);
	balanced();
	return err;
}

static int commit(uint64_t seq, uint8_t kind, uint8_t index, uint8_t fd)
{
	const struct ctl_place place = { kind, index, fd, 0 };
	int err = fdstore_commit(&store, seq, &place, 1);

	balanced();
	return err;
}

static int get(enum fd_kind kind, unsigned int index)
{
	uint64_t id;

	return fdstore_get(&store, kind, index, &id);
}

static void set_connections(void **state)
{
	int fd = new_fd(), other = new_fd();
	uint64_t id = 0;

	(void)state;
	assert_int_equal(fdstore_set(&store, FD_FRONTEND, 0, 7, fd), 0);
	assert_int_equal(fdstore_set(&store, FD_FRONTEND, 0, 8, other), -EBUSY);
	assert_int_equal(fdstore_get(&store, FD_FRONTEND, 0, &id), fd);
	assert_int_equal(id, 7);
	assert_int_equal(fdstore_set(&store, FD_CLIENT, CLIENTS_MAX, 8, other),
			 -EINVAL);
	assert_int_equal(fdstore_set(&store, FD_MEM, 0, 8, other), -EINVAL);
	assert_int_equal(fdstore_set(&store, FD_PENDING, 0, 8, other), -EINVAL);
	assert_int_equal(fdstore_set(&store, FD_KINDS, 0, 8, other), -EINVAL);
	assert_int_equal(fdstore_set(&store, (enum fd_kind)-1, 0, 8, other),
			 -EINVAL);
	assert_int_equal(fdstore_set(&store, FD_CLIENT, 0, 8, -1), -EINVAL);
	close(other);
	balanced();
}

static void free_places(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		assert_int_equal(fdstore_free_index(&store, FD_CLIENT), i);
		assert_int_equal(fdstore_set(&store, FD_CLIENT, i, i + 1,
					     new_fd()), 0);
	}
	assert_int_equal(fdstore_free_index(&store, FD_CLIENT), -ENOSPC);
	assert_int_equal(fdstore_count(&store, FD_CLIENT), CLIENTS_MAX);
	assert_int_equal(fdstore_drop(&store, FD_CLIENT, 5, 6), 0);
	assert_int_equal(fdstore_free_index(&store, FD_CLIENT), 5);
	balanced();
}

static void put_and_commit(void **state)
{
	int fds[3];

	(void)state;
	assert_int_equal(put(1, 3, fds), 0);
	assert_int_equal(get(FD_PENDING, 2), fds[2]);
	assert_int_equal(commit(1, FD_MEM, 31, 1), 0);
	assert_int_equal(get(FD_MEM, 31), fds[1]);
	assert_int_equal(fdstore_count(&store, FD_PENDING), 0);
	assert_false(is_open(fds[0]));
	assert_true(is_open(fds[1]));
	assert_false(is_open(fds[2]));
}

static void commit_replaces(void **state)
{
	int first, second;

	(void)state;
	assert_int_equal(put(1, 1, &first), 0);
	assert_int_equal(commit(1, FD_CALL, 3, 0), 0);
	assert_int_equal(put(2, 1, &second), 0);
	assert_int_equal(commit(2, FD_CALL, 3, 0), 0);
	assert_int_equal(get(FD_CALL, 3), second);
	assert_int_equal(store.count, 1);
	assert_int_equal(commit(3, FD_CALL, 3, CTL_NO_FD), 0);
	assert_int_equal(get(FD_CALL, 3), -1);
	assert_int_equal(store.count, 0);
}

static void commit_is_idempotent(void **state)
{
	int fd, later;

	(void)state;
	assert_int_equal(put(0, 1, &fd), 0);
	assert_int_equal(commit(0, FD_KICK, 0, 0), 0);
	assert_int_equal(commit(0, FD_KICK, 0, 0), 0);
	assert_int_equal(commit(0, FD_KICK, 0, CTL_NO_FD), 0);
	assert_int_equal(get(FD_KICK, 0), fd);
	/* Nor does it touch what is pending for a later message. */
	assert_int_equal(put(5, 1, &later), 0);
	assert_int_equal(commit(0, FD_KICK, 0, 0), 0);
	assert_int_equal(get(FD_PENDING, 0), later);
	assert_int_equal(get(FD_KICK, 0), fd);
}

static void put_replaces_put(void **state)
{
	int first[4], second[2];

	(void)state;
	assert_int_equal(put(1, 4, first), 0);
	assert_int_equal(put(1, 2, second), 0);
	assert_int_equal(fdstore_count(&store, FD_PENDING), 2);
	assert_int_equal(get(FD_PENDING, 0), second[0]);
	assert_int_equal(get(FD_PENDING, 2), -1);
}

static void put_of_settled_message(void **state)
{
	int fds[1];

	(void)state;
	assert_int_equal(put(4, 1, fds), 0);
	assert_int_equal(fdstore_commit(&store, 4, NULL, 0), 0);
	assert_int_equal(put(4, 1, fds), -ESTALE);
	assert_int_equal(put(3, 1, fds), -ESTALE);
	assert_int_equal(put(5, 1, fds), 0);
}

static void put_is_bounded(void **state)
{
	int fds[PENDING_MAX + 1];
	int none = -1;

	(void)state;
	assert_int_equal(put(1, PENDING_MAX, fds), 0);
	for (unsigned int i = 0; i < PENDING_MAX; i++)
		assert_int_equal(get(FD_PENDING, i), fds[i]);
	assert_int_equal(put(2, PENDING_MAX + 1, fds), -EINVAL);
	assert_int_equal(fdstore_count(&store, FD_PENDING), PENDING_MAX);
	assert_int_equal(fdstore_put(&store, 2, fds, 0), -EINVAL);
	assert_int_equal(fdstore_put(&store, 2, &none, 1), -EINVAL);
	assert_int_equal(put(UINT64_MAX, 1, fds), -EINVAL);
}

static void budget(void **state)
{
	int fds[4], fd = new_fd();

	(void)state;
	store.budget = 3;
	assert_int_equal(fdstore_set(&store, FD_FRONTEND, 0, 1, fd), 0);
	assert_int_equal(put(1, 3, fds), -EMFILE);
	assert_int_equal(put(1, 2, fds), 0);
	/* What a put replaces does not count against it. */
	assert_int_equal(put(1, 2, fds), 0);
	fd = new_fd();
	assert_int_equal(fdstore_set(&store, FD_CLIENT, 0, 2, fd), -EMFILE);
	fdstore_discard(&store);
	assert_int_equal(fdstore_set(&store, FD_CLIENT, 0, 2, fd), 0);
	balanced();
}

/* A commit that is wrong anywhere does nothing at all. */
static void bad_commits(void **state)
{
	static const struct ctl_place bad[] = {
		{ FD_MEM, MEM_SLOTS_MAX, 0, 0 },
		{ FD_KICK, CONSOLE_RINGS, 0, 0 },
		{ FD_CALL, 255, 0, 0 },
		{ FD_BACKEND, 1, 0, 0 },
		{ FD_FRONTEND, 0, 0, 0 },
		{ FD_CLIENT, 0, 0, 0 },
		{ FD_TERM_IN, 0, 0, 0 },
		{ FD_PENDING, 0, 0, 0 },
		{ FD_KINDS, 0, 0, 0 },
		{ 255, 0, 0, 0 },
		{ FD_MEM, 1, 2, 0 },
		{ FD_MEM, 1, PENDING_MAX, 0 },
		{ FD_MEM, 1, 254, 0 },
		{ FD_MEM, 1, 0, 0 },		/* taken by the first place */
	};
	int fds[2];

	(void)state;
	assert_int_equal(put(1, 2, fds), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct ctl_place places[] = { { FD_MEM, 0, 0, 0 },
						    bad[i] };

		must(fdstore_commit(&store, 1, places, 2) == -EINVAL,
		     "row %zu", i);
		assert_int_equal(get(FD_PENDING, 0), fds[0]);
		assert_int_equal(get(FD_MEM, 0), -1);
		balanced();
	}
	assert_int_equal(commit(2, FD_MEM, 0, 0), -EINVAL);
	assert_int_equal(commit(UINT64_MAX, FD_MEM, 0, 0), -EINVAL);
	assert_int_equal(fdstore_commit(&store, 1, NULL, PENDING_MAX + 1),
			 -EINVAL);
	assert_int_equal(commit(1, FD_MEM, 0, 0), 0);
}

static void drops(void **state)
{
	int fds[1];

	(void)state;
	fdstore_set(&store, FD_CLIENT, 2, 9, new_fd());
	assert_int_equal(fdstore_drop(&store, FD_CLIENT, 2, 8), -ENOENT);
	assert_int_equal(fdstore_drop(&store, FD_CLIENT, 3, 9), -ENOENT);
	assert_int_equal(fdstore_drop(&store, FD_CLIENT, 16, 9), -EINVAL);
	assert_int_equal(fdstore_drop(&store, FD_KINDS, 0, 9), -EINVAL);
	assert_int_equal(fdstore_drop(&store, (enum fd_kind)-1, 0, 9), -EINVAL);
	assert_int_equal(fdstore_drop(&store, FD_PENDING, 0, 9), -EINVAL);
	assert_int_equal(fdstore_drop(&store, FD_CLIENT, 2, 9), 0);
	assert_int_equal(fdstore_drop(&store, FD_CLIENT, 2, 9), -ENOENT);
	assert_int_equal(put(1, 1, fds), 0);
	assert_int_equal(commit(1, FD_KICK, 1, 0), 0);
	assert_int_equal(fdstore_drop(&store, FD_KICK, 1, 0), 0);
	assert_int_equal(store.count, 0);
	balanced();
}

static void front_end_takes_its_session_along(void **state)
{
	int fds[2];

	(void)state;
	fdstore_set(&store, FD_FRONTEND, 0, 3, new_fd());
	fdstore_set(&store, FD_CLIENT, 0, 4, new_fd());
	fdstore_set(&store, FD_TERM_IN, 0, 5, new_fd());
	assert_int_equal(put(100, 2, fds), 0);
	assert_int_equal(commit(100, FD_MEM, 0, 1), 0);
	assert_int_equal(put(101, 1, fds), 0);
	assert_int_equal(fdstore_drop(&store, FD_FRONTEND, 0, 2), -ENOENT);
	assert_int_equal(store.count, 5);
	assert_int_equal(fdstore_drop(&store, FD_FRONTEND, 0, 3), 0);
	assert_int_equal(store.count, 2);
	assert_true(get(FD_CLIENT, 0) >= 0);
	assert_true(get(FD_TERM_IN, 0) >= 0);
	balanced();
	/* The next connection counts its messages from the start. */
	assert_int_equal(put(0, 1, fds), 0);
}

static void get_is_careful(void **state)
{
	(void)state;
	assert_int_equal(get(FD_KINDS, 0), -1);
	assert_int_equal(get((enum fd_kind)-1, 0), -1);
	assert_int_equal(get(FD_CLIENT, CLIENTS_MAX), -1);
	assert_int_equal(get(FD_CLIENT, 0), -1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(set_connections),
		TEST(free_places),
		TEST(put_and_commit),
		TEST(commit_replaces),
		TEST(commit_is_idempotent),
		TEST(put_replaces_put),
		TEST(put_of_settled_message),
		TEST(put_is_bounded),
		TEST(budget),
		TEST(bad_commits),
		TEST(drops),
		TEST(front_end_takes_its_session_along),
		TEST(get_is_careful),
	};

	return cmocka_run_group_tests_name("fd store", tests, NULL, NULL);
}
