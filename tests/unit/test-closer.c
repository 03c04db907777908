/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Fds are closed by others, and an owner waits for its own fds alone. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/closer.h"
#include "tests/lib/must.h"
#include "tests/lib/slow.h"
#include "tests/lib/wait.h"

#define OWNERS	50

/* Its end shows on *@end. */
static int watched(int *end)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	*end = p[0];
	return p[1];
}

static void expect_closed(int end)
{
	must(wait_fd(end, POLLIN, wait_until(WAIT_MS)), "not closed");
	close(end);
}

static void await_none(unsigned int owner)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (closer_behind(owner)) {
		must(wait_left(deadline) > 0, "%u left", closer_behind(owner));
		wait_pause();
	}
}

/* Before there are threads. */
static void closes_itself(void **state)
{
	struct pollfd p = { .events = POLLIN };
	int fd = watched(&p.fd);

	(void)state;
	closer_close(0, &fd);
	assert_int_equal(fd, -1);
	assert_int_equal(poll(&p, 1, 0), 1);
	close(p.fd);
	assert_int_equal(closer_start(OWNERS), 0);
}

static void closes_soon(void **state)
{
	int end[3];
	int fds[3] = { watched(&end[0]), -1, watched(&end[2]) };

	(void)state;
	closer_close_all(0, fds, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fds[i], -1);
	expect_closed(end[0]);
	expect_closed(end[2]);
	await_none(0);
}

/* All but the last owner have one that does not go away. */
static void others_do_not_wait(void **state)
{
	const unsigned int slow_owners = 12;
	struct pollfd p = { .events = POLLIN };
	int end[OWNERS];
	int behind_it;

	(void)state;
	for (unsigned int i = 0; i < slow_owners; i++) {
		int fd = slow_socket();

		closer_close(i, &fd);
	}
	behind_it = watched(&p.fd);
	closer_close(3, &behind_it);
	for (unsigned int i = slow_owners; i < OWNERS; i++) {
		int fd = watched(&end[i]);

		closer_close(i, &fd);
	}
	for (unsigned int i = slow_owners; i < OWNERS; i++)
		expect_closed(end[i]);
	assert_int_equal(closer_behind(3), 2);
	assert_int_equal(poll(&p, 1, 0), 0);
	slow_end();
	expect_closed(p.fd);
	for (unsigned int i = 0; i < OWNERS; i++)
		await_none(i);
}

/* Again and again, so that threads rest and are called at any moment. */
static void no_call_is_lost(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		int end, fd = watched(&end);

		closer_close(i % OWNERS, &fd);
		if (i % 3)
			expect_closed(end);
		else
			close(end);
	}
	for (unsigned int i = 0; i < OWNERS; i++)
		await_none(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_itself),
		cmocka_unit_test(closes_soon),
		cmocka_unit_test(others_do_not_wait),
		cmocka_unit_test(no_call_is_lost),
	};

	return cmocka_run_group_tests_name("closer", tests, NULL, NULL);
}
