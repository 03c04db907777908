/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * T-51: --max-queue-size, given and not given.
 */
#include "tests/lib/world.h"

#define SERVED	"front-end uses 256 ring entries, more than"
#define REFUSED	"ring 1 of 256 entries refused by --max-queue-size"

/* Rings of @num with small buffers, in plenty of memory. */
static void guest_with_rings(struct guest *g, uint16_t num)
{
	guest_add_region(g, 0, 0x7f0000000000, 64ULL * 1024 * 1024, 0);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, num, 0, 256);
}

static void start(struct world *w, uint16_t num)
{
	guest_with_rings(&w->guest[0], num);
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_qemu_realize(&w->fe[0], &w->guest[0], ~0ULL);
	fe_qemu_start(&w->fe[0], &w->guest[0], GUEST_FEATURES);
}

static void serve(struct world *w, uint16_t num)
{
	start(w, num);
	guest_boot(&w->guest[0]);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	pump_print(&w->guest[0], w->client, 1, 0, 100000, 200);
	world_end(w);
}

static void t_51_not_given_uml(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	daemon_log_wait(&w->daemon, SERVED, 1);
	world_end(w);
	must(daemon_log_count(&w->daemon, SERVED) == 1, "said more than once");
}

static void t_51_not_given_largest(void **state)
{
	world_quiet_daemon(*state, 1);
	serve(*state, 32768);
}

static void smallest(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 1);
	start(w, 1);
	guest_boot(&w->guest[0]);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	pump_print(&w->guest[0], w->client, 1, 0, 10000, 200);
	pump_paste(&w->client[0], &w->guest[0], 0, 10000);
	world_end(w);
}

static void t_51_given_and_enough(void **state)
{
	world_daemon(*state, 1, DAEMON_OPTIONS("--notices", "off",
					       "--max-queue-size", "256"));
	serve(*state, 256);
}

/* One ring is too large: it alone is inert, and one line says so. */
static void t_51_given_and_too_small(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_daemon(w, 1, DAEMON_OPTIONS("--notices", "off", "-q", "128"));
	guest_like_qemu(g, 64);
	gring_destroy(&g->ring[TX]);
	guest_add_region(g, 0x80000000, 0x80000000, 4 << 20, 0);
	gring_init(&g->ring[TX], g, TX, 256, 2, 4096);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	fe_qemu_realize(fe, g, ~0ULL);
	fe_qemu_start(fe, g, GUEST_FEATURES);
	guest_boot(g);
	daemon_log_wait(&w->daemon, REFUSED, 1);
	world_client(w, 0, 0);
	tclient_type(&w->client[0], "input still works");
	guest_expect_text(g, "input still works");
	guest_print_start(g, "x", 1);
	gring_kick_anyway(&g->ring[TX]);
	fe_barrier(fe);
	must(gring_device_idx(&g->ring[TX]) == 0, "a refused ring is served");
	tclient_expect_quiet(&w->client[0], 50);
	/* Asked, it says no; a good size makes it a ring after all. */
	fe_refused(fe, fe_msg_state(FE_SET_VRING_NUM, TX, 256));
	gring_destroy(&g->ring[TX]);
	gring_init(&g->ring[TX], g, TX, 128, 1, 4096);
	gring_fds_like_qemu(&g->ring[TX]);
	fe_start_ring(fe, &g->ring[TX], 0);
	world_check_console(w, 0, 0);
	world_end(w);
	/* in the set-up, and when asked */
	must(daemon_log_count(&w->daemon, REFUSED) == 2, "not said once each");
}

/* Never legal, whatever the option says. */
static void bad_sizes(void **state)
{
	static const uint32_t bad[] = {
		0, 3, 24, 65, 1000, 32769, 65536, 0x10040, 0x80000000, ~0U,
	};
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct gring *r = &w->guest[0].ring[TX];

	world_simple(w);
	fe_stop_ring(fe, r);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		fe_refused(fe, fe_msg_state(FE_SET_VRING_NUM, TX, bad[i]));
	fe_refused(fe, fe_msg_state(FE_SET_VRING_BASE, TX, 0x10000));
	fe_start_ring(fe, r, r->used_idx);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_51_not_given_uml),
		WORLD_TEST(t_51_not_given_largest),
		WORLD_TEST(smallest),
		WORLD_TEST(t_51_given_and_enough),
		WORLD_TEST(t_51_given_and_too_small),
		WORLD_TEST(bad_sizes),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("queue size", tests, NULL, NULL);
}
