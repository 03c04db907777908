/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker killed at each place there is, with a reader who is skipped:
 * before and after each system call, and at each STATE_POINT() between two
 * stores; and its successor, at each place of its own start.
 *
 * Each place of a start is tried in one step of the run. VDC_SWEEP=all tries
 * all of them in every step.
 */
#include "tests/lib/mark-stream.h"
#include "tests/proto/sweep-moves.h"

#define CHAINS		12
#define DESCS		24

static uint64_t print_marked(struct sweep_run *s, uint64_t at)
{
	struct gring *r = &sweep_guest(s)->ring[TX];
	struct gbuf buf[DESCS];

	for (uint16_t i = 0; i < DESCS; i++) {
		uint16_t desc = r->free[r->nfree - 1 - i];

		buf[i] = (struct gbuf){ gring_buf(r, desc), r->buf_size,
					false };
		mark_fill(gring_buf_ptr(r, desc), 0, at, r->buf_size);
		at += r->buf_size;
	}
	gring_add(r, buf, DESCS);
	sweep_step(s, "unread output");
	gring_kick(r);
	gring_expect(r, 0);
	sweep_spoil_printed(s);
	return at;
}

/* Prints what no one reads, then reads it: it is all there, or counted. */
static void run(struct sweep_run *s)
{
	static const struct epochs epochs;
	struct mark_stream seen;
	uint64_t printed = 0;
	char buf[65536];

	mark_begin(&seen, &epochs, false);
	sweep_begin(s, sweep_layout_qemu, true);
	sweep_step(s, "what QEMU asks for");
	fe_qemu_realize(sweep_frontend(s), sweep_guest(s), ~0ULL);
	sweep_step(s, "the start of rings");
	fe_qemu_start(sweep_frontend(s), sweep_guest(s), GUEST_FEATURES);
	sweep_boot(s);
	sweep_expect_text(s, "early");
	for (unsigned int i = 0; i < CHAINS; i++)
		printed = print_marked(s, printed);
	sweep_step(s, "a look at what is left of it");
	while (seen.pos < printed) {
		long n;

		must(wait_fd(sweep_client(s, 0)->fd, 1, wait_until(WAIT_MS)),
		     "%llu of %llu bytes came",
		     (unsigned long long)seen.pos,
		     (unsigned long long)printed);
		n = tclient_read_some(sweep_client(s, 0), buf, sizeof(buf));
		must(n >= 0, "the console closed");
		mark_check(&seen, buf, (size_t)n);
	}
	must(seen.pos == printed && seen.skipped > 0, "%llu bytes skipped",
	     (unsigned long long)seen.skipped);
	sweep_print(s, "present");
	sweep_end(s, 1);
}

static void everywhere(void **state)
{
	sweep(state, run, "drop-oldest", "64k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(everywhere),
	};

	return cmocka_run_group_tests_name("sweep-skip", tests, NULL, NULL);
}
