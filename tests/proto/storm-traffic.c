/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/storm.h"

#include <stdio.h>

#include "common/fd.h"

#define ROUND		200000		/* bytes each way between two rests */
#define RECEIVE_BUFFER	4096

static void start_guest(struct storm_console *s)
{
	struct guest *g = storm_guest(s);

	if (s->uml) {
		guest_like_uml(g);
		fe_uml_connect(&s->fe);
		fe_uml_probe(&s->fe, g, F_MULTIPORT | F_VERSION_1);
	} else {
		guest_like_qemu(g, 64);
		fe_qemu_realize(&s->fe, g, ~0ULL);
		fe_qemu_start(&s->fe, g, GUEST_FEATURES);
	}
	s->extra_memory = false;
	s->status = s->uml ? 0 : STATUS_FEATURES_OK;
}

void storm_connect(struct storm_console *s)
{
	fe_open_again(&s->fe, s->sock);
	start_guest(s);
}

void storm_begin(struct storm_console *s, bool uml, unsigned int n)
{
	s->uml = uml;
	snprintf(s->sock, sizeof(s->sock), "%s%u", s->w->daemon.sock,
		 s->index);
	fe_open(&s->fe, s->sock);
	start_guest(s);
	/* One of them has so little room that most of its sends are short. */
	for (unsigned int i = 0; i < n; i++)
		tclient_open(&s->client[i], s->w->daemon.port + s->index,
			     i == 0 ? RECEIVE_BUFFER : 0);
	traffic_begin(&s->traffic, storm_guest(s), s->client, n, s->seed);
	/* The first to come has all; who is taken in later, what is new. */
	for (unsigned int i = 1; i < n; i++)
		traffic_client_joins(&s->traffic, i);
	s->traffic.lossless = s->block;
	s->traffic.kills = &s->kills;
}

/* Whatever happened: nothing of it is left. */
void storm_end(struct storm_console *s)
{
	fe_close(&s->fe);
	for (unsigned int i = 0; i < 2; i++)
		guest_destroy(&s->guest[i]);
	for (unsigned int i = 0; i < TRAFFIC_CLIENTS; i++)
		tclient_close(&s->client[i]);
	fd_close(&s->extra.fd);
}

static void traffic(struct storm_console *s)
{
	s->traffic.lazy = true;
	while (!storm_is_over(s)) {
		traffic_run(&s->traffic, ROUND);
		if (s->turns++ % 4 == 3)
			traffic_settle(&s->traffic);
	}
	traffic_settle(&s->traffic);
}

void storm_qemu_traffic(struct storm_console *s)
{
	storm_begin(s, false, 3);
	traffic(s);
}

void storm_uml_traffic(struct storm_console *s)
{
	storm_begin(s, true, 2);
	traffic(s);
}

/* Comes, reads and perhaps types, and goes in one of the ways there are. */
static void visit(struct storm_console *s, unsigned int i)
{
	struct traffic *t = &s->traffic;
	bool types = rnd_one_in(&t->rnd, 2);

	tclient_open(&s->client[i], s->w->daemon.port + s->index, 0);
	traffic_client_joins(t, i);
	t->mute[i] = !types;
	traffic_run(t, 1 + rnd_below(&t->rnd, 60000));
	if (types && rnd_one_in(&t->rnd, 2)) {
		tclient_half_close(&s->client[i]);
		traffic_mute(t, i);
		traffic_run(t, 1 + rnd_below(&t->rnd, 20000));
	}
	traffic_mute(t, i);
	if (rnd_one_in(&t->rnd, 2))
		tclient_reset(&s->client[i]);
	else
		tclient_close(&s->client[i]);
}

/* Client 0 stays; the others are here and there. */
void storm_visitors(struct storm_console *s)
{
	struct traffic *t = &s->traffic;

	storm_begin(s, s->seed % 2 == 0, 1);
	t->nc = 3;
	s->client[1].fd = s->client[2].fd = -1;
	while (!storm_is_over(s)) {
		visit(s, 1 + rnd_below(&t->rnd, 2));
		if (s->turns++ % 8 == 7)
			traffic_settle(t);
	}
	traffic_settle(t);
}
