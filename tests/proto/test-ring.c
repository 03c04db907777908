/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/world.h"

#define POISON		0x5a
#define REMOUNTS	100

/* QEMU's kick is readable from the start; only ENABLE lets a ring run. */
static void t_05_kick_before_enable(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_simple(w);
	for (unsigned int i = 0; i < 100; i++) {
		fe_enable(fe, TX, false);
		guest_print_start(g, "early", 5);
		gring_kick_anyway(&g->ring[TX]);
		fe_barrier(fe);
		fe_barrier(fe);
		must(gring_outstanding(&g->ring[TX]) == 1 &&
		     gring_device_idx(&g->ring[TX]) == g->ring[TX].used_idx,
		     "served while disabled");
		/* No kick from here on. */
		fe_enable(fe, TX, true);
		gring_expect(&g->ring[TX], 0);
		tclient_expect_text(&w->client[0], "early");
	}
	world_end(w);
}

static void t_15_get_vring_base(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	uint16_t base[RINGS];
	uint8_t *snapshot;

	world_simple(w);
	guest_print_text(g, "before");
	tclient_expect_text(&w->client[0], "before");
	tclient_type(&w->client[0], "x");
	guest_expect_text(g, "x");
	for (unsigned int i = 0; i < RINGS; i++) {
		base[i] = fe_stop_ring(fe, &g->ring[i]);
		must(base[i] == gring_device_idx(&g->ring[i]),
		     "ring %u: base %u, used index %u", i, base[i],
		     gring_device_idx(&g->ring[i]));
		must(fe_stop_ring(fe, &g->ring[i]) == base[i],
		     "ring %u: another base the second time", i);
		gring_calls(&g->ring[i]);
	}
	guest_print_start(g, "after", 5);
	gring_kick_anyway(&g->ring[TX]);
	gring_kick_anyway(&g->ring[RX]);
	snapshot = guest_snapshot(g);
	tclient_type(&w->client[0], "typed after");
	wait_time(100);
	fe_barrier(fe);
	guest_expect_unchanged(g, snapshot);
	free(snapshot);
	for (unsigned int i = 0; i < RINGS; i++) {
		must(gring_calls(&g->ring[i]) == 0, "ring %u: a call", i);
		must(fe_stop_ring(fe, &g->ring[i]) == base[i],
		     "ring %u: another base in the end", i);
	}
	tclient_expect_quiet(&w->client[0], 0);
	/* From there on again: nothing was lost in between. */
	for (unsigned int i = 0; i < RINGS; i++)
		fe_start_ring(fe, &g->ring[i], base[i]);
	gring_expect(&g->ring[TX], 0);
	tclient_expect_text(&w->client[0], "after");
	guest_expect_text(g, "typed after");
	world_check_console(w, 0, 0);
	world_end(w);
}

static bool hung_up(int peer)
{
	struct pollfd p = { .fd = peer };

	return poll(&p, 1, WAIT_MS) == 1 && (p.revents & POLLHUP) != 0;
}

/* NUM, BASE, ADDR, KICK and CALL again and again, and no base is asked. */
static void t_16_setup_of_a_live_ring(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	long worker = 0, supervisor = 0;

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	for (unsigned int n = 0; n < REMOUNTS; n++) {
		struct gring *r = &g->ring[n % RINGS];
		int old_call = fcntl(r->call, F_DUPFD_CLOEXEC, 0);

		world_check_console(w, 0, 0);
		gring_fds_like_uml(r);
		for (unsigned int twice = 0; twice < 2; twice++) {
			fe_ok(fe, fe_msg_state(FE_SET_VRING_NUM, r->index,
					       r->num));
			fe_ok(fe, fe_msg_state(FE_SET_VRING_BASE, r->index,
					       r->used_idx));
			fe_ok(fe, fe_ring_addr(r));
			fe_ok(fe, fe_msg_fd(FE_SET_VRING_KICK, r->index,
					    r->kick));
			fe_ok(fe, fe_msg_fd(FE_SET_VRING_CALL, r->index,
					    r->call_peer));
		}
		fd_close(&r->call_peer);
		must(hung_up(old_call), "the old call fd stays open");
		close(old_call);
		if (n == RINGS) {
			worker = process_fds_settled(w->worker[0]);
			supervisor = process_fds_settled(w->daemon.pid);
		}
	}
	must(process_fds_settled(w->worker[0]) == worker,
	     "worker: %ld fds, then %ld", worker, process_fds(w->worker[0]));
	must(process_fds_settled(w->daemon.pid) == supervisor,
	     "supervisor: %ld fds, then %ld", supervisor,
	     process_fds(w->daemon.pid));
	world_check_console(w, 0, 0);
	world_end(w);
}

/* UML disables the rings and frees their memory, and that is all it says. */
static void t_17_memory_of_a_disabled_ring(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	uint8_t *snapshot;

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	fe_uml_del_vqs(fe, g);
	memset(g->ptr[0], POISON, g->region[0].size);
	snapshot = guest_snapshot(g);
	for (unsigned int i = 0; i < RINGS; i++)
		must(write(g->ring[i].kick, &(uint64_t){ 1 }, 8) == 8, "kick");
	tclient_type(&w->client[0], "while it is away");
	wait_time(100);
	fe_barrier(fe);
	guest_expect_unchanged(g, snapshot);
	free(snapshot);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
	fe_uml_probe(fe, g, GUEST_FEATURES);
	guest_boot(g);
	guest_expect_text(g, "while it is away");
	world_check_console(w, 0, 0);
	world_end(w);
}

static void t_50_num_after_addr(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_simple(w);
	for (unsigned int n = 0; n < 10; n++) {
		struct gring *r = &g->ring[TX];

		must(fe_stop_ring(fe, r) == r->used_idx, "base");
		fe_ok(fe, fe_ring_addr(r));
		fe_ok(fe, fe_msg_state(FE_SET_VRING_BASE, TX, r->used_idx));
		/* Twice what there is memory for, until the right one comes. */
		fe_ok(fe, fe_msg_state(FE_SET_VRING_NUM, TX, 32768));
		fe_ok(fe, fe_msg_state(FE_SET_VRING_NUM, TX, r->num));
		fe_ok(fe, fe_msg_fd(FE_SET_VRING_CALL, TX, r->call));
		fe_ok(fe, fe_msg_fd(FE_SET_VRING_KICK, TX, r->kick));
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

/* UML binds and unbinds its driver with ever fewer features. */
static void t_53_bind_and_unbind(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	static const uint64_t features[] = {
		GUEST_FEATURES, GUEST_FEATURES & ~F_EVENT_IDX,
		F_MULTIPORT | F_VERSION_1, F_VERSION_1,
	};

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	for (unsigned int n = 0; n < 20; n++) {
		uint64_t offered;

		world_check_console(w, 0, 0);
		fe_uml_del_vqs(fe, g);
		for (unsigned int i = 0; i < RINGS; i++)
			gring_reset(&g->ring[i], 0);
		offered = fe_get(fe, FE_GET_FEATURES);
		must((offered & OFFERED_FEATURES) == OFFERED_FEATURES,
		     "features offered: 0x%llx", (unsigned long long)offered);
		fe_uml_probe(fe, g, features[n % 4]);
		guest_boot(g);
	}
	world_end(w);
}

/* QEMU: stop and cont, and a guest that boots again. */
static void qemu_stop_and_continue(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_simple(w);
	for (unsigned int n = 0; n < 20; n++) {
		bool reboot = n % 3 == 2;

		world_check_console(w, 0, 0);
		fe_qemu_stop(fe, g);
		if (reboot) {
			for (unsigned int i = 0; i < RINGS; i++)
				gring_reset(&g->ring[i], 0);
		} else {
			guest_print_start(g, "stopped", 7);
		}
		tclient_type(&w->client[0], "while stopped");
		fe_qemu_start(fe, g, GUEST_FEATURES);
		if (reboot) {
			guest_boot(g);
		} else {
			gring_expect(&g->ring[TX], 0);
			tclient_expect_text(&w->client[0], "stopped");
		}
		guest_expect_text(g, "while stopped");
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_05_kick_before_enable),
		WORLD_TEST(t_15_get_vring_base),
		WORLD_TEST(t_16_setup_of_a_live_ring),
		WORLD_TEST(t_17_memory_of_a_disabled_ring),
		WORLD_TEST(t_50_num_after_addr),
		WORLD_TEST(t_53_bind_and_unbind),
		WORLD_TEST(qemu_stop_and_continue),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
