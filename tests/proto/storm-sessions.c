/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/storm.h"

#define FULL		20000		/* bytes each way between two events */
#define GENTLE		2000		/* less than what is kept for a reader */

/*
 * Where output can be skipped, none of it may be: a mark counts bytes, and
 * does not say of which epoch.
 */
static void some_traffic(struct storm_console *s)
{
	struct traffic *t = &s->traffic;

	if (s->block) {
		traffic_run(t, 1 + rnd_below(&t->rnd, FULL));
		return;
	}
	t->descs_max = 1;
	traffic_trickle(t, 1 + rnd_below(&t->rnd, GENTLE));
	traffic_settle(t);
	must(t->seen[0].skipped == 0, "a reader who keeps up was skipped");
}

static void stop_rings(struct storm_console *s, uint16_t base[RINGS])
{
	struct guest *g = storm_guest(s);

	for (unsigned int i = 0; i < RINGS; i++)
		fe_enable(&s->fe, i, false);
	for (unsigned int i = 0; i < RINGS; i++) {
		base[i] = fe_stop_ring(&s->fe, &g->ring[i]);
		must(base[i] == gring_device_idx(&g->ring[i]),
		     "ring %u stops at %u, its used index is %u", i, base[i],
		     gring_device_idx(&g->ring[i]));
	}
}

/* The machine is stopped, and goes on. */
static void stop_and_go_on(struct storm_console *s)
{
	uint16_t base[RINGS];

	stop_rings(s, base);
	traffic_collect(&s->traffic);
	fe_qemu_start(&s->fe, storm_guest(s), GUEST_FEATURES);
	s->status |= STATUS_FEATURES_OK;
}

static void reset_rings(struct guest *g)
{
	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
}

/* The guest boots anew, its device stays. */
static void reboot_qemu(struct storm_console *s)
{
	struct guest *g = storm_guest(s);
	uint16_t base[RINGS];

	stop_rings(s, base);
	traffic_guest_lost(&s->traffic, base[TX]);
	reset_rings(g);
	fe_qemu_start(&s->fe, g, GUEST_FEATURES);
	s->status |= STATUS_FEATURES_OK;
	traffic_guest_begins(&s->traffic, g);
}

/* User-Mode Linux never asks where a ring stopped. */
static void probe_again(struct storm_console *s)
{
	struct guest *g = storm_guest(s);

	fe_uml_del_vqs(&s->fe, g);
	traffic_guest_lost(&s->traffic, gring_device_idx(&g->ring[TX]));
	reset_rings(g);
	fe_uml_probe(&s->fe, g, F_MULTIPORT | F_VERSION_1);
	traffic_guest_begins(&s->traffic, g);
}

/* Some of the time in the middle of a message. */
static void part_of_a_message(struct storm_console *s)
{
	struct traffic *t = &s->traffic;
	struct gring *r = &storm_guest(s)->ring[TX];
	struct fe_msg m = fe_msg_fd(FE_SET_VRING_KICK, TX, r->kick);

	fe_write(&s->fe, &m, 1 + rnd_below(&t->rnd, FE_HEADER + 7), m.fds, 1);
}

static void reconnect(struct storm_console *s)
{
	struct guest *old = storm_guest(s);

	if (rnd_one_in(&s->traffic.rnd, 2))
		part_of_a_message(s);
	fe_close(&s->fe);
	s->current = !s->current;
	s->uml = rnd_one_in(&s->traffic.rnd, 3);
	storm_connect(s);
	traffic_guest_lost(&s->traffic, gring_device_idx(&old->ring[TX]));
	s->traffic.ends += !s->block;
	guest_destroy(old);
	traffic_guest_begins(&s->traffic, storm_guest(s));
}

static void one_event(struct storm_console *s)
{
	switch (rnd_below(&s->traffic.rnd, 4)) {
	case 0:
		reconnect(s);
		break;
	case 1:
		if (s->uml)
			probe_again(s);
		else
			reboot_qemu(s);
		break;
	case 2:
		if (s->uml)
			probe_again(s);
		else
			storm_messages(s);
		break;
	default:
		if (!s->uml)
			stop_and_go_on(s);
		break;
	}
}

void storm_sessions(struct storm_console *s)
{
	storm_begin(s, false, 1);
	while (!storm_is_over(s)) {
		some_traffic(s);
		one_event(s);
		s->turns++;
	}
	traffic_settle(&s->traffic);
}

void storm_talks(struct storm_console *s)
{
	storm_begin(s, false, 1);
	while (!storm_is_over(s)) {
		some_traffic(s);
		for (unsigned int i = 0; i < 8; i++)
			storm_messages(s);
		s->turns++;
	}
	traffic_settle(&s->traffic);
}
