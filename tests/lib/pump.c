/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/pump.h"

#include <poll.h>

#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/wait.h"

#define PUMP_CLIENTS	16
#define PUMP_CHUNK	65536

/* Puts chains into the ring as long as there is room. */
static size_t print_some(struct guest *g, uint64_t at, size_t len, size_t chain)
{
	struct gring *r = &g->ring[TX];
	char buf[4096];
	size_t done = 0;

	guest_print_collect(g);
	while (done < len && r->nfree > 0) {
		size_t n = len - done < chain ? len - done : chain;

		pattern_fill(buf, at + done, n);
		guest_print_start(g, buf, n);
		done += n;
	}
	gring_arm(r);
	guest_print_collect(g);
	return done;
}

void pump_print(struct guest *g, struct tclient *c, unsigned int n,
		uint64_t at, size_t len, size_t chain)
{
	static char buf[PUMP_CHUNK];
	struct pollfd p[1 + PUMP_CLIENTS];
	size_t got[PUMP_CLIENTS] = { 0 };
	size_t printed = 0;

	must(n <= PUMP_CLIENTS && chain <= 4096, "bad pump");
	for (;;) {
		size_t least = len;

		printed += print_some(g, at + printed, len - printed, chain);
		p[0] = (struct pollfd){ g->ring[TX].call, POLLIN, 0 };
		for (unsigned int i = 0; i < n; i++) {
			p[1 + i] = (struct pollfd){ c[i].fd, POLLIN, 0 };
			if (got[i] < least)
				least = got[i];
		}
		if (least == len && gring_outstanding(&g->ring[TX]) == 0)
			return;
		must(poll(p, 1 + n, WAIT_MS) > 0,
		     "printed %zu of %zu bytes, a client has %zu, %u due",
		     printed, len, least, gring_outstanding(&g->ring[TX]));
		if (p[0].revents != 0)
			gring_calls(&g->ring[TX]);
		for (unsigned int i = 0; i < n; i++) {
			long more;

			if (p[1 + i].revents == 0)
				continue;
			more = tclient_read_some(&c[i], buf, sizeof(buf));
			must(more >= 0, "client %u: the console closed", i);
			must((size_t)more <= len - got[i],
			     "client %u: %ld bytes, %zu are due", i, more,
			     len - got[i]);
			pattern_check(buf, at + got[i], (size_t)more, "client");
			got[i] += (size_t)more;
		}
	}
}

void pump_paste(struct tclient *c, struct guest *g, uint64_t at, size_t len)
{
	static char buf[PUMP_CHUNK];
	size_t sent = 0, got = 0;

	while (got < len) {
		size_t n = len - sent < sizeof(buf) ? len - sent : sizeof(buf);
		struct pollfd p[] = {
			{ g->ring[RX].call, POLLIN, 0 },
			{ sent < len ? c->fd : -1, POLLOUT, 0 },
		};
		size_t more;

		gring_arm(&g->ring[RX]);
		while (got < len &&
		       (more = guest_read(g, buf, sizeof(buf), 0)) > 0) {
			must(more <= len - got, "the guest gets too much");
			pattern_check(buf, at + got, more, "guest");
			got += more;
		}
		if (got == len)
			return;
		must(poll(p, 2, WAIT_MS) > 0,
		     "typed %zu of %zu bytes, the guest got %zu", sent, len,
		     got);
		if (p[1].revents != 0) {
			pattern_fill(buf, at + sent, n);
			sent += tclient_send_some(c, buf, n);
		}
	}
}
