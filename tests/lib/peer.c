/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/lib/must.h"

#define FD	77			/* nobody uses it */

int __wrap_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int n);

struct peer peer;

static unsigned char ring_buf[PEER_RING];

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
		must(peer.n + part <= PEER_SINK, "too much is sent");
		memcpy(peer.bytes + peer.n, iov[i].iov_base, part);
		peer.n += part;
		done += part;
	}
	return done;
}

/* The state's check relies on the record's length. */
static void check_len(const struct iovec *iov, size_t n)
{
	const struct state_send *s = STATE_CURRENT(&peer.slot.send);
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += iov[i].iov_len;
	must(all == s->len, "%zu bytes, not %u", all, s->len);
}

int __wrap_sendmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags)
{
	must(fd == FD && !peer.client.terminal && n == 1,
	     "fd %d, %u messages", fd, n);
	must(flags == (MSG_DONTWAIT | MSG_NOSIGNAL), "flags 0x%x", flags);
	must(msg == &STATE_CURRENT(&peer.slot.send)->msg, "not journalled");
	must(msg->msg_len == 0, "a count before the call");
	check_len(msg->msg_hdr.msg_iov, msg->msg_hdr.msg_iovlen);
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
	must(fd == FD && peer.client.terminal, "fd %d", fd);
	check_len(iov, (size_t)n);
	if (peer.err) {
		errno = peer.err;
		return -1;
	}
	return (ssize_t)take(iov, (size_t)n);
}

/* It knows nothing but the state. */
static void new_worker(bool terminal)
{
	peer.client = (struct client){ .state = &peer.slot, .in = FD,
				       .out = FD, .terminal = terminal,
				       .writable = true };
}

void peer_reset(bool terminal)
{
	memset(&peer, 0, sizeof(peer));
	peer.take = SIZE_MAX;
	peer.ring = (struct ring){ ring_buf, PEER_RING, &peer.tail };
	new_worker(terminal);
}

char peer_letter(uint64_t pos)
{
	return (char)('a' + (pos * 7 + pos / 26) % 26);
}

void peer_print(uint64_t len)
{
	char bytes[PEER_RING];
	struct iovec src = { bytes, len };

	for (uint64_t i = 0; i < len; i++)
		bytes[i] = peer_letter(peer.head + i);
	ring_write(&peer.ring, peer.head, &src, 1, 0, len);
	peer.head += len;
}

int64_t peer_send(bool notices)
{
	if (setjmp(peer.death)) {
		new_worker(peer.client.terminal);
		return -1;
	}
	return client_send(&peer.client, &peer.ring, peer.head, notices);
}
