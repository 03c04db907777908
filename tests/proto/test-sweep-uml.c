/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker killed at each place there is, with a guest like User-Mode Linux:
 * before and after each system call, and at each STATE_POINT() between two
 * stores; and its successor, at each place of its own start.
 *
 * Each place of a start is tried in one step of the run. VDC_SWEEP=all tries
 * all of them in every step.
 */
#include <string.h>

#include "tests/proto/sweep-moves.h"

#define BAD_GPA		0x700000000000ULL

/* A chain that lies nowhere goes back unread. */
static void print_nothing(struct sweep_run *s)
{
	struct gring *r = &sweep_guest(s)->ring[TX];
	struct gbuf bad = { BAD_GPA, 100, false };

	gring_add(r, &bad, 1);
	sweep_step(s, "a chain nowhere");
	gring_kick(r);
	gring_expect(r, 0);
}

/* The third buffer cannot be written to: it goes back empty, in its turn. */
static void boot_with_a_bad_buffer(struct sweep_run *s)
{
	struct guest *g = sweep_guest(s);
	struct gring *r = &g->ring[RX];
	struct gused used;

	for (unsigned int i = 0; i < 3; i++) {
		uint16_t head = gring_add_own(r, r->buf_size, i != 2);

		memset(gring_buf_ptr(r, head), SWEEP_POISON, r->buf_size);
	}
	sweep_boot(s);
	sweep_expect_text(s, "early");
	sweep_type(s, 0, "two");
	sweep_step(s, "input for a bad buffer");
	tclient_type(sweep_client(s, 0), "three");
	must(gring_wait(r, &used, WAIT_MS) && used.len == 0,
	     "a bad buffer does not come back");
	sweep_expect_text(s, "three");
}

static void probe_again(struct sweep_run *s)
{
	struct guest *g = sweep_guest(s);

	sweep_step(s, "the end of rings");
	fe_uml_del_vqs(sweep_frontend(s), g);
	tclient_type(sweep_client(s, 0), "early");
	sweep_reset_rings(s);
	sweep_step(s, "another probe");
	fe_uml_probe(sweep_frontend(s), g, F_MULTIPORT | F_VERSION_1);
	boot_with_a_bad_buffer(s);
	sweep_print(s, "probed again");
}

static void run(struct sweep_run *s)
{
	sweep_begin(s, guest_like_uml, true);
	sweep_step(s, "what UML asks for");
	fe_uml_connect(sweep_frontend(s));
	sweep_step(s, "a probe");
	fe_uml_probe(sweep_frontend(s), sweep_guest(s),
		     F_MULTIPORT | F_VERSION_1);
	boot_with_a_bad_buffer(s);
	sweep_print(s, "hello");
	print_nothing(s);
	sweep_print_long(s);
	probe_again(s);
	sweep_end(s, 1);
}

static void everywhere(void **state)
{
	sweep(state, run, "wait:2000", "4k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(everywhere),
	};

	return cmocka_run_group_tests_name("sweep-uml", tests, NULL, NULL);
}
