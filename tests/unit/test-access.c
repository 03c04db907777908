/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who is let in, who waits, who is refused; what a drop lets happen. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisor/access.h"
#include "supervisor/attach.h"
#include "tests/lib/must.h"

static const struct sockaddr_in nobody;
static struct console console;

static int setup(void **state)
{
	(void)state;
	console = (struct console){
		.waiting_frontend = -1,
		.state = -1,
		.worker = { .pidfd = -1, .control = -1, .log = { .fd = -1 } },
	};
	fdstore_init(&console.store, 0, FDSTORE_PLACES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdstore_clear(&console.store);
	if (console.waiting_frontend >= 0)
		close(console.waiting_frontend);
	return 0;
}

/* One end for the console; returns the peer's. */
static int connection(int *fd)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	*fd = pair[0];
	return pair[1];
}

static int attach_new_frontend(void)
{
	int fd, peer = connection(&fd);

	attach_frontend(&console, fd);
	return peer;
}

static int attach_new_client(void)
{
	int fd, peer = connection(&fd);

	attach_client(&console, fd, &nobody);
	return peer;
}

/* Whether the console has closed its end. */
static bool is_refused(int peer)
{
	char byte;

	return recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

static uint64_t frontend_id(void)
{
	uint64_t id = 0;

	fdstore_get(&console.store, FD_FRONTEND, 0, &id);
	return id;
}

static void one_front_end(void **state)
{
	int first = attach_new_frontend();
	int second = attach_new_frontend();

	(void)state;
	assert_false(is_refused(first));
	assert_true(is_refused(second));
	assert_int_equal(frontend_id(), 1);
	close(first);
	close(second);
}

/* A front-end that is started anew need not wait for us to notice. */
static void successor_waits(void **state)
{
	int first = attach_new_frontend();
	int second, third;

	(void)state;
	close(first);
	second = attach_new_frontend();
	assert_false(is_refused(second));
	assert_int_equal(frontend_id(), 1);
	third = attach_new_frontend();
	assert_true(is_refused(third));
	assert_int_equal(attach_drop(&console, FD_FRONTEND, 0, 1), 0);
	assert_int_equal(frontend_id(), 2);
	assert_int_equal(console.waiting_frontend, -1);
	assert_false(is_refused(second));
	close(second);
	close(third);
}

static void successor_of_successor(void **state)
{
	int peer;

	(void)state;
	close(attach_new_frontend());
	close(attach_new_frontend());
	peer = attach_new_frontend();
	assert_false(is_refused(peer));
	assert_int_equal(attach_drop(&console, FD_FRONTEND, 0, 1), 0);
	assert_false(is_refused(peer));
	assert_int_equal(fdstore_count(&console.store, FD_FRONTEND), 1);
	close(peer);
}

static void so_many_clients(void **state)
{
	int peer[CLIENTS_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i <= CLIENTS_MAX; i++)
		peer[i] = attach_new_client();
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		assert_false(is_refused(peer[i]));
	assert_true(is_refused(peer[CLIENTS_MAX]));
	close(peer[CLIENTS_MAX]);
	assert_int_equal(attach_drop(&console, FD_CLIENT, 3, 4), 0);
	peer[CLIENTS_MAX] = attach_new_client();
	assert_false(is_refused(peer[CLIENTS_MAX]));
	for (unsigned int i = 0; i <= CLIENTS_MAX; i++)
		close(peer[i]);
}

static void parked(void **state)
{
	int client, frontend;

	(void)state;
	console.worker.state = WORKER_PARKED;
	client = attach_new_client();
	frontend = attach_new_frontend();
	assert_true(is_refused(client));
	assert_true(is_refused(frontend));
	close(client);
	close(frontend);
}

static void no_room(void **state)
{
	int first, second;

	(void)state;
	console.store.budget = 1;
	first = attach_new_client();
	second = attach_new_frontend();
	assert_false(is_refused(first));
	assert_true(is_refused(second));
	close(first);
	close(second);
}

static void stale_drops(void **state)
{
	int peer = attach_new_client();

	(void)state;
	assert_int_equal(attach_drop(&console, FD_CLIENT, 0, 2), -ENOENT);
	assert_int_equal(attach_drop(&console, FD_FRONTEND, 0, 1), -ENOENT);
	assert_int_equal(attach_drop(&console, FD_CLIENT, 99, 1), -EINVAL);
	assert_false(is_refused(peer));
	close(peer);
}

static void reset_ends_all_but_the_terminal(void **state)
{
	int pair[2], client, frontend, next;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(attach_terminal(&console, pair[0], pair[1]), 0);
	client = attach_new_client();
	frontend = attach_new_frontend();
	shutdown(frontend, SHUT_RDWR);
	next = attach_new_frontend();
	attach_reset(&console);
	assert_true(is_refused(client));
	assert_true(is_refused(frontend));
	assert_false(is_refused(next));
	assert_int_equal(fdstore_count(&console.store, FD_FRONTEND), 1);
	assert_int_equal(console.store.count, 3);

	/* Who waits for a console that is parked waits in vain. */
	shutdown(next, SHUT_RDWR);
	close(frontend);
	frontend = attach_new_frontend();
	console.worker.state = WORKER_PARKED;
	attach_reset(&console);
	assert_true(is_refused(frontend));
	assert_int_equal(console.store.count, 2);
	close(client);
	close(frontend);
	close(next);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_front_end),
		TEST(successor_waits),
		TEST(successor_of_successor),
		TEST(so_many_clients),
		TEST(parked),
		TEST(no_room),
		TEST(stale_drops),
		TEST(reset_ends_all_but_the_terminal),
	};

	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
