/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Whatever the kernel does with a client's bytes, and wherever a worker dies
 * on the way: the client gets the stream exactly, or is told what it lost.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

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
		must(c == peer_letter(reader.pos), "'%c' at %" PRIu64, c,
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
	uint64_t skipped = STATE_CURRENT(&peer.slot.send)->skipped;

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

	peer_reset(terminal);
	peer.head = start;
	peer.tail = start;
	peer_print(rnd_below(rnd, 100));
	client_begin(&peer.client, 1, start, 0);
	memset(&reader, 0, sizeof(reader));
	reader.pos = start;
	for (int i = 0; i < 300; i++) {
		uint64_t skipped = STATE_CURRENT(&peer.slot.send)->skipped;

		if (rnd_one_in(rnd, 2))
			peer_print(rnd_below(rnd, rnd_one_in(rnd, 5) ?
						  PEER_RING : 40));
		peer.take = rnd_below(rnd, rnd_one_in(rnd, 2) ? 4 : 200);
		/* a call that succeeds takes something, where there is any */
		peer.err = peer.take ? 0 : EAGAIN;
		peer.then = terminal ? LIVES : rnd_below(rnd, 3);
		peer_send(notices);
		peer.then = LIVES;
		read_all(notices, skipped);
	}
	peer.err = 0;
	peer.take = SIZE_MAX;
	do {
		uint64_t skipped = STATE_CURRENT(&peer.slot.send)->skipped;

		peer_send(notices);
		read_all(notices, skipped);
	} while (client_cursor(&peer.client).pos < peer.head ||
		 client_cursor(&peer.client).mark_len);
	must(reader.pos == peer.head && !reader.mark_len,
	     "got %" PRIu64 " of %" PRIu64, reader.pos, peer.head);
	must(reader.skipped == STATE_CURRENT(&peer.slot.send)->skipped,
	     "told of %" PRIu64 " bytes, skipped %" PRIu64, reader.skipped,
	     STATE_CURRENT(&peer.slot.send)->skipped);
}

static void exact_stream(void **state)
{
	struct rnd rnd = { 13 };

	(void)state;
	for (int run = 0; run < 1000; run++)
		any_order(&rnd, run % 2, run % 7 == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_stream),
	};

	return cmocka_run_group_tests_name("client-stream", tests, NULL, NULL);
}
