/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What one client is sent. The kernel's part, sendmmsg() and writev(), is
 * played here: it takes as many bytes as it likes, fails, or is the last thing
 * the worker ever called. Whatever it does, the stream has to be exact.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "worker/client.h"

#define RING	512
#define SINK	65536

int __wrap_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int n);

static unsigned char ring_buf[RING];
static _Atomic uint64_t tail;
static struct ring ring = { ring_buf, RING, &tail };
static uint64_t head;
static struct state_client slot;
static struct client client;

/* The other side. */
static struct {
	char bytes[SINK];		/* received, not looked at yet */
	size_t n;
	size_t take;			/* bytes it takes of the next call */
	int err;			/* instead of taking any */
	enum { LIVES, DIES_BEFORE, DIES_AFTER } then;
	unsigned int calls;
	jmp_buf death;
} peer;

static size_t take(const struct iovec *iov, size_t n)
{
	size_t done = 0;

	peer.calls++;
	if (peer.then == DIES_BEFORE)
		longjmp(peer.death, 1);
	for (size_t i = 0; i < n; i++) {
		size_t part = iov[i].iov_len;

		if (part > peer.take - done)
			part = peer.take - done;
		must(peer.n + part <= SINK, "too much is sent");
		memcpy(peer.bytes + peer.n, iov[i].iov_base, part);
		peer.n += part;
		done += part;
	}
	return done;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags)
{
	must(fd == client.out && n == 1, "fd %d, %u messages", fd, n);
	must(flags == (MSG_DONTWAIT | MSG_NOSIGNAL), "flags 0x%x", flags);
	must(msg == &STATE_CURRENT(&slot.send)->msg, "not journalled");
	must(msg->msg_len == 0, "a count before the call");
	if (peer.err) {
		errno = peer.err;
		return -1;
	}
	msg->msg_len = (unsigned int)take(msg->msg_hdr.msg_iov,
					  msg->msg_hdr.msg_iovlen);
	if (peer.then == DIES_AFTER)
		longjmp(peer.death, 1);
	return 1;
}

ssize_t __wrap_writev(int fd, const struct iovec *iov, int n)
{
	must(fd == client.out && client.terminal, "fd %d", fd);
	if (peer.err) {
		errno = peer.err;
		return -1;
	}
	return (ssize_t)take(iov, (size_t)n);
}

/* A worker that knows nothing but the state. */
static void new_worker(void)
{
	bool terminal = client.terminal;

	client = (struct client){ .state = &slot, .in = 77, .out = 77,
				  .terminal = terminal, .writable = true };
}

static int setup(void **state)
{
	(void)state;
	memset(&slot, 0, sizeof(slot));
	memset(&peer, 0, sizeof(peer));
	peer.take = SIZE_MAX;
	head = tail = 0;
	client.terminal = false;
	new_worker();
	return 0;
}

static char letter(uint64_t pos)
{
	return (char)('a' + (pos * 7 + pos / 26) % 26);
}

static void print(uint64_t len)
{
	char bytes[RING];
	struct iovec src = { bytes, len };

	for (uint64_t i = 0; i < len; i++)
		bytes[i] = letter(head + i);
	ring_write(&ring, head, &src, 1, 0, len);
	head += len;
}

/* Returns as client_send(), or -1 after the worker's death. */
static int64_t send_some(bool notices)
{
	if (setjmp(peer.death)) {
		new_worker();
		return -1;
	}
	return client_send(&client, &ring, head, notices);
}

static void at(uint64_t pos, uint32_t mark_len)
{
	struct cursor cursor = client_cursor(&client);

	assert_true(cursor.pos == pos);
	assert_int_equal(cursor.mark_len, mark_len);
}

static void received(uint64_t from, uint64_t to)
{
	assert_int_equal(peer.n, to - from);
	for (uint64_t i = from; i < to; i++)
		must(peer.bytes[i - from] == letter(i), "byte %" PRIu64, i);
	peer.n = 0;
}

static void begins(void **state)
{
	(void)state;
	memset(&slot, 0xff, sizeof(slot));
	client_begin(&client, 42, 7, 2000000);
	assert_int_equal(slot.id, 42);
	assert_int_equal(slot.budget_us, 2000000);
	assert_int_equal(slot.lagging, 0);
	assert_int_equal(slot.half_closed, 0);
	at(7, 0);
	assert_int_equal(STATE_CURRENT(&slot.send)->skipped, 0);
}

static void sends(void **state)
{
	(void)state;
	print(300);
	client_begin(&client, 1, 10, 0);
	assert_int_equal(send_some(true), 290);
	received(10, 300);
	at(300, 0);
	/* nothing to send is no call */
	peer.calls = 0;
	assert_int_equal(send_some(true), 0);
	assert_int_equal(peer.calls, 0);
	/* over the ring's end */
	print(400);
	assert_int_equal(send_some(true), 400);
	received(300, 700);
	at(700, 0);
}

static void in_parts(void **state)
{
	(void)state;
	print(100);
	client_begin(&client, 1, 0, 0);
	for (uint64_t pos = 0; pos < 100; pos += 7) {
		peer.take = 7;
		assert_int_equal(send_some(true), pos == 98 ? 2 : 7);
		received(pos, pos == 98 ? 100 : pos + 7);
	}
	at(100, 0);
}

static void errors(void **state)
{
	static const int gone[] = { EPIPE, ECONNRESET, ENOTCONN, EBADF };

	(void)state;
	print(10);
	client_begin(&client, 1, 0, 0);
	peer.err = EAGAIN;
	assert_int_equal(send_some(true), 0);
	assert_false(client.writable);
	at(0, 0);
	client.writable = true;
	peer.err = EINTR;
	assert_int_equal(send_some(true), 0);
	assert_true(client.writable);
	at(0, 0);
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		peer.err = gone[i];
		assert_int_equal(send_some(true), -gone[i]);
	}
	peer.err = 0;
	assert_int_equal(send_some(true), 10);
	received(0, 10);
}

static const char mark_100[] =
	"\r\n[vhost-device-console: 100 bytes skipped]\r\n";

static void overtaken(void **state)
{
	(void)state;
	client_begin(&client, 1, 0, 0);
	print(400);
	print(212);
	assert_int_equal(send_some(true), RING + strlen(mark_100));
	assert_memory_equal(peer.bytes, mark_100, strlen(mark_100));
	peer.n -= strlen(mark_100);
	memmove(peer.bytes, peer.bytes + strlen(mark_100), peer.n);
	received(100, 612);
	at(612, 0);
	assert_int_equal(STATE_CURRENT(&slot.send)->skipped, 100);
}

/* --notices off: skipped without a word */
static void overtaken_in_silence(void **state)
{
	(void)state;
	client_begin(&client, 1, 0, 0);
	print(400);
	print(212);
	assert_int_equal(send_some(false), RING);
	received(100, 612);
	assert_int_equal(STATE_CURRENT(&slot.send)->skipped, 100);
}

/* A mark that is out in part is finished before a second one starts. */
static void mark_in_parts(void **state)
{
	char want[2 * MARK_MAX];
	int n = snprintf(want, sizeof(want), "%s%s", mark_100,
			 "\r\n[vhost-device-console: 12 bytes skipped]\r\n");

	(void)state;
	client_begin(&client, 1, 0, 0);
	print(400);
	print(212);
	peer.take = 5;
	assert_int_equal(send_some(true), 5);
	at(100, (uint32_t)strlen(mark_100) - 5);
	print(12);
	peer.take = SIZE_MAX;
	assert_int_equal(send_some(true), strlen(mark_100) - 5);
	at(100, 0);
	assert_int_equal(send_some(true), n - strlen(mark_100) + RING);
	assert_memory_equal(peer.bytes, want, n);
	assert_int_equal(STATE_CURRENT(&slot.send)->skipped, 112);
	at(624, 0);
}

/* What a stream holds, checked byte by byte as a client would. */
static struct {
	uint64_t pos, skipped;
	char mark[2 * MARK_MAX];
	size_t mark_len;
} reader;

static void read_byte(char c)
{
	int len = 0;
	uint64_t n;

	if (!reader.mark_len && c != '\r') {
		must(c == letter(reader.pos), "'%c' at %" PRIu64, c,
		     reader.pos);
		reader.pos++;
		return;
	}
	reader.mark[reader.mark_len++] = c;
	reader.mark[reader.mark_len] = '\0';
	must(reader.mark_len < MARK_MAX, "a long mark: %s", reader.mark);
	if (sscanf(reader.mark, "\r\n[vhost-device-console: %" SCNu64
		   " bytes skipped]%n", &n, &len) == 1 && len &&
	    !strcmp(reader.mark + len, "\r\n")) {
		must(n > 0, "nothing was skipped");
		reader.pos += n;
		reader.skipped += n;
		reader.mark_len = 0;
	}
}

static void read_all(bool notices, uint64_t skipped_before)
{
	uint64_t skipped = STATE_CURRENT(&slot.send)->skipped;

	if (!notices) {
		reader.pos += skipped - skipped_before;
		reader.skipped += skipped - skipped_before;
	}
	for (size_t i = 0; i < peer.n; i++)
		read_byte(peer.bytes[i]);
	peer.n = 0;
}

/*
 * Anything in any order, deaths before and after the call included: at the
 * end the client has all that was printed, but for what it was told of.
 */
static void any_order(struct rnd *rnd, bool notices, bool terminal)
{
	uint64_t start = rnd_below(rnd, 1000);

	setup(NULL);
	client.terminal = terminal;
	head = tail = start;
	print(rnd_below(rnd, 100));
	client_begin(&client, 1, start, 0);
	memset(&reader, 0, sizeof(reader));
	reader.pos = start;
	for (int i = 0; i < 300; i++) {
		uint64_t skipped = STATE_CURRENT(&slot.send)->skipped;

		if (rnd_one_in(rnd, 2))
			print(rnd_below(rnd, rnd_one_in(rnd, 5) ? RING : 40));
		peer.take = rnd_below(rnd, rnd_one_in(rnd, 2) ? 4 : 200);
		/* a call that succeeds takes something, where there is any */
		peer.err = peer.take ? 0 : EAGAIN;
		peer.then = terminal ? LIVES : rnd_below(rnd, 3);
		send_some(notices);
		peer.then = LIVES;
		read_all(notices, skipped);
	}
	peer.err = 0;
	peer.take = SIZE_MAX;
	do {
		uint64_t skipped = STATE_CURRENT(&slot.send)->skipped;

		send_some(notices);
		read_all(notices, skipped);
	} while (client_cursor(&client).pos < head ||
		 client_cursor(&client).mark_len);
	must(reader.pos == head && !reader.mark_len,
	     "got %" PRIu64 " of %" PRIu64, reader.pos, head);
	must(reader.skipped == STATE_CURRENT(&slot.send)->skipped,
	     "told of %" PRIu64 " bytes, skipped %" PRIu64, reader.skipped,
	     STATE_CURRENT(&slot.send)->skipped);
}

static void exact_stream(void **state)
{
	struct rnd rnd = { 13 };

	(void)state;
	for (int run = 0; run < 1000; run++)
		any_order(&rnd, run % 2, run % 7 == 0);
}

/* The longest mark there can be fits. */
static void longest_mark(void **state)
{
	(void)state;
	client_begin(&client, 1, 0, 0);
	head = UINT64_MAX - 3;
	tail = head;
	assert_true(send_some(true) > 0);
	assert_in_range(peer.n, 1, MARK_MAX);
	assert_memory_equal(peer.bytes + peer.n - 3, "]\r\n", 3);
}

/* Who types no more may still read; who reads no more may have typed. */
static void over(void **state)
{
	int sv[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    sv), 0);
	client.in = client.out = sv[0];
	assert_false(client_is_over(&client));
	assert_int_equal(send(sv[1], "x", 1, 0), 1);
	shutdown(sv[1], SHUT_WR);
	assert_false(client_is_over(&client));
	fd_close(&sv[1]);
	assert_false(client_is_over(&client));
	/* looking took nothing */
	assert_int_equal(recv(sv[0], &byte, 1, 0), 1);
	assert_true(client_is_over(&client));
	fd_close(&sv[0]);
}

static void over_when_all_is_read(void **state)
{
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    sv), 0);
	client.in = client.out = sv[0];
	client.eof = true;
	assert_false(client_is_over(&client));
	fd_close(&sv[1]);
	assert_true(client_is_over(&client));
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
		CLIENT_TEST(overtaken),
		CLIENT_TEST(overtaken_in_silence),
		CLIENT_TEST(mark_in_parts),
		CLIENT_TEST(exact_stream),
		CLIENT_TEST(longest_mark),
		CLIENT_TEST(over),
		CLIENT_TEST(over_when_all_is_read),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
