/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What one client is sent, and when it is over. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

static int setup(void **state)
{
	(void)state;
	peer_reset(false);
	return 0;
}

static void at(uint64_t pos, uint32_t mark_len)
{
	struct cursor cursor = client_cursor(&peer.client);

	assert_true(cursor.pos == pos);
	assert_int_equal(cursor.mark_len, mark_len);
}

static void received(uint64_t from, uint64_t to)
{
	assert_int_equal(peer.n, to - from);
	for (uint64_t i = from; i < to; i++)
		must(peer.bytes[i - from] == peer_letter(i), "byte %llu",
		     (unsigned long long)i);
	peer.n = 0;
}

static void begins(void **state)
{
	(void)state;
	memset(&peer.slot, 0xff, sizeof(peer.slot));
	client_begin(&peer.client, 42, 7, 2000000);
	assert_int_equal(peer.slot.id, 42);
	assert_int_equal(peer.slot.budget_us, 2000000);
	assert_int_equal(peer.slot.lagging, 0);
	assert_int_equal(peer.slot.half_closed, 0);
	at(7, 0);
	assert_int_equal(STATE_CURRENT(&peer.slot.send)->skipped, 0);
}

static void sends(void **state)
{
	(void)state;
	peer_print(300);
	client_begin(&peer.client, 1, 10, 0);
	assert_int_equal(peer_send(true), 290);
	received(10, 300);
	at(300, 0);
	/* nothing to send is no call */
	peer.calls = 0;
	assert_int_equal(peer_send(true), 0);
	assert_int_equal(peer.calls, 0);
	/* over the ring's end */
	peer_print(400);
	assert_int_equal(peer_send(true), 400);
	received(300, 700);
	at(700, 0);
}

static void in_parts(void **state)
{
	(void)state;
	peer_print(100);
	client_begin(&peer.client, 1, 0, 0);
	for (uint64_t pos = 0; pos < 100; pos += 7) {
		peer.take = 7;
		assert_int_equal(peer_send(true), pos == 98 ? 2 : 7);
		received(pos, pos == 98 ? 100 : pos + 7);
	}
	at(100, 0);
}

static void errors(void **state)
{
	static const int gone[] = { EPIPE, ECONNRESET, ENOTCONN, EBADF };

	(void)state;
	peer_print(10);
	client_begin(&peer.client, 1, 0, 0);
	peer.err = EAGAIN;
	assert_int_equal(peer_send(true), 0);
	assert_false(peer.client.writable);
	at(0, 0);
	peer.client.writable = true;
	peer.err = EINTR;
	assert_int_equal(peer_send(true), 0);
	assert_true(peer.client.writable);
	at(0, 0);
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		peer.err = gone[i];
		assert_int_equal(peer_send(true), -gone[i]);
	}
	peer.err = 0;
	assert_int_equal(peer_send(true), 10);
	received(0, 10);
}

/* The same by writev(), for want of a call that journals. */
static void terminal(void **state)
{
	peer_reset(true);
	errors(state);
	peer_reset(true);
	in_parts(state);
}

/* No more than a pipe takes at once, a mark included. */
static void terminal_pieces(void **state)
{
	static unsigned char big[3 * PIPE_BUF];
	uint64_t pos = 0;

	(void)state;
	peer_reset(true);
	peer.ring.buf = big;
	peer.ring.size = sizeof(big);
	peer.head = sizeof(big);
	client_begin(&peer.client, 1, 0, 0);
	while (pos < peer.head) {
		int64_t n = peer_send(true);

		assert_in_range(n, 1, PIPE_BUF);
		pos += (uint64_t)n;
		at(pos, 0);
	}
	assert_int_equal(peer.calls, 4);
	/* with the longest mark there can be */
	peer_reset(true);
	peer.ring.buf = big;
	peer.ring.size = sizeof(big);
	peer.head = UINT64_MAX;
	peer.tail = peer.head - sizeof(big);
	client_begin(&peer.client, 1, 0, 0);
	assert_in_range(peer_send(true), PIPE_BUF - MARK_MAX, PIPE_BUF);
}

/* One that would block is not written to. */
static void terminal_full(void **state)
{
	char byte = 0;
	int p[2];

	(void)state;
	peer_reset(true);
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(p[1], &byte, 1) == 1)
		;
	peer.client.out = p[1];
	peer_print(10);
	client_begin(&peer.client, 1, 0, 0);
	assert_int_equal(peer_send(true), 0);
	assert_int_equal(peer.calls, 0);
	assert_false(peer.client.writable);
	at(0, 0);
	fd_close_all(p, 2);
}

static const char mark_100[] =
	"\r\n[vhost-device-console: 100 bytes skipped]\r\n";

static void overtaken(void **state)
{
	(void)state;
	client_begin(&peer.client, 1, 0, 0);
	peer_print(400);
	peer_print(212);
	assert_int_equal(peer_send(true), PEER_RING + strlen(mark_100));
	assert_memory_equal(peer.bytes, mark_100, strlen(mark_100));
	peer.n -= strlen(mark_100);
	memmove(peer.bytes, peer.bytes + strlen(mark_100), peer.n);
	received(100, 612);
	at(612, 0);
	assert_int_equal(STATE_CURRENT(&peer.slot.send)->skipped, 100);
}

/* --notices off: skipped without a word */
static void overtaken_in_silence(void **state)
{
	(void)state;
	client_begin(&peer.client, 1, 0, 0);
	peer_print(400);
	peer_print(212);
	assert_int_equal(peer_send(false), PEER_RING);
	received(100, 612);
	assert_int_equal(STATE_CURRENT(&peer.slot.send)->skipped, 100);
}

/* A mark that is out in part is finished before a second one starts. */
static void mark_in_parts(void **state)
{
	char want[2 * MARK_MAX];
	int n = snprintf(want, sizeof(want), "%s%s", mark_100,
			 "\r\n[vhost-device-console: 12 bytes skipped]\r\n");

	(void)state;
	client_begin(&peer.client, 1, 0, 0);
	peer_print(400);
	peer_print(212);
	peer.take = 5;
	assert_int_equal(peer_send(true), 5);
	at(100, (uint32_t)strlen(mark_100) - 5);
	peer_print(12);
	peer.take = SIZE_MAX;
	assert_int_equal(peer_send(true), strlen(mark_100) - 5);
	at(100, 0);
	assert_int_equal(peer_send(true), n - strlen(mark_100) + PEER_RING);
	assert_memory_equal(peer.bytes, want, n);
	assert_int_equal(STATE_CURRENT(&peer.slot.send)->skipped, 112);
	at(624, 0);
}

/* The longest mark there can be fits. */
static void longest_mark(void **state)
{
	(void)state;
	client_begin(&peer.client, 1, 0, 0);
	peer.head = UINT64_MAX - 3;
	peer.tail = peer.head;
	assert_true(peer_send(true) > 0);
	assert_in_range(peer.n, 1, MARK_MAX);
	assert_memory_equal(peer.bytes + peer.n - 3, "]\r\n", 3);
}

static bool is_over(void)
{
	return client_hung_up(&peer.client) &&
	       client_has_typed_all(&peer.client);
}

/* Who types no more may still read; who reads no more may have typed. */
static void over(void **state)
{
	int sv[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    sv), 0);
	peer.client.in = peer.client.out = sv[0];
	assert_false(is_over());
	assert_int_equal(send(sv[1], "x", 1, 0), 1);
	shutdown(sv[1], SHUT_WR);
	assert_false(is_over());
	fd_close(&sv[1]);
	assert_false(is_over());
	/* looking took nothing */
	assert_int_equal(recv(sv[0], &byte, 1, 0), 1);
	assert_true(is_over());
	fd_close(&sv[0]);
}

static void over_when_all_is_read(void **state)
{
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    sv), 0);
	peer.client.in = peer.client.out = sv[0];
	peer.client.eof = true;
	assert_false(is_over());
	fd_close(&sv[1]);
	assert_true(is_over());
	fd_close(&sv[0]);
}

#define CLIENT_TEST(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLIENT_TEST(begins),
		CLIENT_TEST(sends),
		CLIENT_TEST(in_parts),
		CLIENT_TEST(errors),
		CLIENT_TEST(terminal),
		CLIENT_TEST(terminal_pieces),
		CLIENT_TEST(terminal_full),
		CLIENT_TEST(overtaken),
		CLIENT_TEST(overtaken_in_silence),
		CLIENT_TEST(mark_in_parts),
		CLIENT_TEST(longest_mark),
		CLIENT_TEST(over),
		CLIENT_TEST(over_when_all_is_read),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
