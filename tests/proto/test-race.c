/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * a guest that rewrites all its rings at full speed while they are
 * in use, and rings that lie on each other. The worker lives, writes nothing
 * but what writable descriptors say, shows nothing but what readable ones do;
 * a ring that breaks is started anew, and next door nobody notices.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/world.h"
#include "tests/proto/racer.h"

#define RACE_S		3
#define CHAINS_MIN	200		/* of each ring */
#define ECHO_EVERY_MS	20

struct result {
	uint64_t chains[RINGS];
	unsigned int broken[RINGS];
	uint64_t input;
	uint64_t output;
};

/* Someone at console 1, all the time. */
struct neighbour {
	struct world *world;
	pthread_t thread;
	atomic_bool stop;
	uint64_t longest_us;
	unsigned int echoes;
};

static uint64_t race_us(void)
{
	const char *s = getenv("VDC_RACE_S");

	return 1000000ULL * (s != NULL ? (unsigned int)atoi(s) : RACE_S);
}

/* Console 0 has the racer's guest, console 1 an ordinary one. */
static void start_world(struct world *w, struct racer *r, bool self_ref)
{
	world_quiet_daemon(w, 2);
	racer_init(r, &w->guest[0], self_ref);
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_qemu_realize(&w->fe[0], &w->guest[0], ~0ULL);
	fe_qemu_start(&w->fe[0], &w->guest[0], GUEST_FEATURES);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_client(w, 1, 1);
	world_check_console(w, 1, 1);
}

static void *echo(void *arg)
{
	struct neighbour *n = arg;

	do {
		uint64_t since = mono_us();

		world_check_console(n->world, 1, 1);
		if (mono_us() - since > n->longest_us)
			n->longest_us = mono_us() - since;
		n->echoes++;
		wait_time(ECHO_EVERY_MS);
	} while (!atomic_load(&n->stop));
	return NULL;
}

static void neighbour_begin(struct neighbour *n, struct world *w)
{
	*n = (struct neighbour){ .world = w };
	must(pthread_create(&n->thread, NULL, echo, n) == 0, "thread");
}

static void neighbour_end(struct neighbour *n)
{
	atomic_store(&n->stop, true);
	pthread_join(n->thread, NULL);
	must_threads();
	printf("%u echoes next door, %.1f ms at most\n", n->echoes,
	       (double)n->longest_us / 1e3);
}

static void heal(struct world *w, struct racer *r, struct result *res,
		 enum ring_role role)
{
	struct gring *ring = &w->guest[0].ring[role];
	uint64_t n;

	if (read(ring->err, &n, sizeof(n)) != sizeof(n))
		return;
	must(n == 1, "err says %llu", (unsigned long long)n);
	res->broken[role]++;
	fe_stop_ring(&w->fe[0], ring);
	gring_reset(ring, 0);
	racer_set_up(r, role);
	fe_start_ring(&w->fe[0], ring, 0);
}

/* What a slot, or a buffer of valid output, may have in it. */
static void check_output(const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		must(buf[i] == 'S' || buf[i] == 'V' ||
		     (buf[i] >= '0' && buf[i] <= '9'),
		     "a client is shown 0x%02x", (unsigned char)buf[i]);
}

static void talk(struct world *w, const struct racer *r, struct result *res)
{
	static char digits[16384], buf[65536];
	long n;

	for (size_t i = 0; i < sizeof(digits) && digits[0] == '\0'; i++)
		digits[sizeof(digits) - 1 - i] = (char)('0' + i % 10);
	res->input += tclient_send_some(&w->client[0], digits, sizeof(digits));
	while ((n = tclient_read_some(&w->client[0], buf, sizeof(buf))) > 0) {
		res->output += (uint64_t)n;
		if (!r->self_ref)
			check_output(buf, (size_t)n);
	}
	must(n == 0, "the client is gone");
}

/* One ring is started anew if it broke, and offered more. */
static void serve_ring(struct world *w, struct racer *r, struct result *res,
		       enum ring_role role, uint16_t *last)
{
	const struct gring *ring = &r->guest->ring[role];

	res->chains[role] += (uint16_t)(gring_device_idx(ring) - *last);
	heal(w, r, res, role);
	*last = gring_device_idx(ring);
	racer_offer(r, role);
}

static bool is_enough(const struct result *res)
{
	bool enough = true;

	for (unsigned int i = 0; i < RINGS; i++)
		enough &= res->chains[i] >= CHAINS_MIN;
	return enough;
}

/* On a slow machine for longer, until something was raced on each ring. */
static void race_for_a_while(struct world *w, struct racer *r,
			     struct result *res)
{
	uint64_t end = mono_us() + race_us();
	uint16_t last[RINGS] = { 0 };

	racer_start(r);
	for (unsigned int round = 0; mono_us() < end || !is_enough(res);
	     round++) {
		for (unsigned int i = 0; i < RINGS; i++)
			serve_ring(w, r, res, i, &last[i]);
		if (round % 8 == 0)
			talk(w, r, res);
		if (round % 256 == 0)
			fe_barrier(&w->fe[0]);
	}
	racer_stop(r);
	fe_barrier(&w->fe[0]);
}

static void show(const struct racer *r, const struct result *res)
{
	printf("%llu rewrites; chains", (unsigned long long)r->writes);
	for (unsigned int i = 0; i < RINGS; i++)
		printf(" %llu", (unsigned long long)res->chains[i]);
	printf("; rings broken");
	for (unsigned int i = 0; i < RINGS; i++)
		printf(" %u", res->broken[i]);
	printf("; %llu bytes offered, %llu shown\n",
	       (unsigned long long)res->input,
	       (unsigned long long)res->output);
}

/* A guest that boots: what is on its way from before is dropped. */
static void next_guest(struct world *w)
{
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_drop_old(w, 0, 0);
	world_check_console(w, 0, 0);
}

static void race_and_check(struct world *w, bool self_ref)
{
	struct racer *r = calloc(1, sizeof(*r));
	struct result res = { 0 };
	struct neighbour n;

	must(r != NULL, "out of memory");
	start_world(w, r, self_ref);
	neighbour_begin(&n, w);
	race_for_a_while(w, r, &res);
	neighbour_end(&n);
	show(r, &res);
	racer_check_zones(r);
	free(r);
	next_guest(w);
	world_check_console(w, 1, 1);
	world_end(w);
}

static void r_18_racer(void **state)
{
	race_and_check(*state, false);
}

static void r_33_racer_with_rings_as_buffers(void **state)
{
	race_and_check(*state, true);
}

/* Starts the rings with parts of each other as their own. */
static void start_on_each_other(struct world *w, unsigned int how)
{
	struct gring *ring = w->guest[0].ring;

	for (unsigned int i = 0; i < RINGS; i++) {
		struct gring r = ring[i];
		const struct gring *o = &ring[(i + 1) % RINGS];

		switch (how) {
		case 0:		/* all four are one */
			r.desc_gpa = ring[0].desc_gpa;
			r.avail_gpa = ring[0].avail_gpa;
			r.used_gpa = ring[0].used_gpa;
			break;
		case 1:		/* one's used ring is another's descriptors */
			r.used_gpa = o->desc_gpa;
			break;
		case 2:		/* ... or its available ring */
			r.used_gpa = o->avail_gpa + 2;
			r.used_gpa += -r.used_gpa & 3;
			break;
		case 3:		/* all of one ring at one address */
			r.avail_gpa = r.used_gpa = r.desc_gpa;
			break;
		case 4:		/* a used ring over its own available one */
			r.used_gpa = r.avail_gpa + (-r.avail_gpa & 3);
			break;
		}
		fe_start_ring(&w->fe[0], &r, 0);
	}
}

static void r_33_rings_on_each_other(void **state)
{
	struct world *w = *state;
	struct neighbour n;
	char buf[65536];

	world_quiet_daemon(w, 2);
	world_qemu(w, 0, GUEST_FEATURES);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_client(w, 1, 1);
	neighbour_begin(&n, w);
	for (unsigned int how = 0; how < 5; how++) {
		struct guest *g = &w->guest[0];

		for (unsigned int i = 0; i < RINGS; i++) {
			fe_stop_ring(&w->fe[0], &g->ring[i]);
			gring_reset(&g->ring[i], 0);
			for (uint16_t d = 0; d < g->ring[i].num; d++)
				g->ring[i].desc[d] = (struct gdesc){
					gring_buf(&g->ring[i], d), 64,
					i % 2 ? 0 : DESC_WRITE, 0 };
		}
		start_on_each_other(w, how);
		for (unsigned int round = 0; round < 200; round++) {
			tclient_send_some(&w->client[0], "typed", 5);
			for (unsigned int i = 0; i < RINGS; i++) {
				g->ring[i].avail_idx++;
				gring_kick_anyway(&g->ring[i]);
			}
			fe_barrier(&w->fe[0]);
			while (tclient_read_some(&w->client[0], buf,
						 sizeof(buf)) > 0)
				;
		}
	}
	neighbour_end(&n);
	next_guest(w);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_18_racer),
		WORLD_TEST(r_33_racer_with_rings_as_buffers),
		WORLD_TEST(r_33_rings_on_each_other),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
