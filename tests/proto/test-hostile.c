/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Memory that changes under the worker's hands, and memory that goes away.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/world.h"

#define MUTATE_US	1500000

struct mutator {
	struct guest *guest;
	enum ring_role role;
	atomic_bool stop;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Values that pass a check now, and would be fatal a moment later. */
static uint64_t pick_addr(const struct gring *r, uint64_t random)
{
	const uint64_t addr[] = {
		gring_buf(r, 0), gring_buf(r, 1), r->desc_gpa, r->used_gpa, 0,
		640 * 1024 - 1, 0x600000000000, ~0ULL, ~0ULL - 4095,
	};

	return addr[random % (sizeof(addr) / sizeof(*addr))];
}

static uint32_t pick_len(uint64_t random)
{
	static const uint32_t len[] = {
		0, 1, 15, 16, 32, 512, 4096, 0x100000, 0xfffffff0, 0xffffffff,
	};

	return len[random % (sizeof(len) / sizeof(*len))];
}

static void mutate_desc(const struct gring *r, struct gdesc *d, uint64_t random)
{
	volatile struct gdesc *v = d;

	switch (random >> 8 & 3) {
	case 0:
		v->addr = pick_addr(r, random >> 16);
		break;
	case 1:
		v->len = pick_len(random >> 16);
		break;
	case 2:
		v->flags = (uint16_t)(random >> 16 & 7);
		break;
	case 3:
		v->next = (uint16_t)(random >> 16 & 15);
		break;
	}
}

static void *mutate(void *arg)
{
	struct mutator *m = arg;
	struct gring *r = &m->guest->ring[m->role];
	struct gdesc *table = gring_buf_ptr(r, 0);
	uint64_t seed = 88172645463325252ULL + m->role;

	while (!atomic_load_explicit(&m->stop, memory_order_relaxed)) {
		uint64_t random = next_random(&seed);

		mutate_desc(r, &r->desc[random & 7], random);
		mutate_desc(r, &table[random & 7], random >> 3);
	}
	return NULL;
}

/* Offers all of the first descriptors again and again, whatever they are. */
static void offer(struct gring *r, unsigned int round)
{
	uint64_t one = 1;

	for (uint16_t i = 0; i < r->num; i++)
		r->avail[2 + i] = i & 7;
	__atomic_store_n(&r->avail[1], (uint16_t)
			 (gring_device_idx(r) + 1 + round % 8),
			 __ATOMIC_RELEASE);
	must(write(r->kick, &one, sizeof(one)) == sizeof(one), "kick");
}

static void restart_ring(struct world *w, enum ring_role role)
{
	struct gring *r = &w->guest[0].ring[role];

	fe_stop_ring(&w->fe[0], r);
	gring_reset(r, 0);
	fe_start_ring(&w->fe[0], r, 0);
}

static void mutate_ring(struct world *w, enum ring_role role)
{
	struct mutator m = { .guest = &w->guest[0], .role = role };
	struct gring *r = &w->guest[0].ring[role];
	uint64_t end = mono_us() + MUTATE_US;
	char drop[65536];
	pthread_t thread;
	uint64_t n;

	restart_ring(w, role);
	pthread_create(&thread, NULL, mutate, &m);
	for (unsigned int round = 0; mono_us() < end; round++) {
		offer(r, round);
		tclient_send_some(&w->client[0], drop, 100);
		while (tclient_read_some(&w->client[0], drop,
					 sizeof(drop)) > 0)
			;
		if (round % 8 == 0)
			fe_barrier(&w->fe[0]);
		if (read(r->err, &n, sizeof(n)) == sizeof(n))
			restart_ring(w, role);
	}
	atomic_store(&m.stop, true);
	pthread_join(thread, NULL);
	fe_barrier(&w->fe[0]);
	must(daemon_worker(&w->daemon, 0, 0) == w->worker[0],
	     "the worker did not survive");
}

/* All that was overwritten is started afresh, and all is well. */
static void start_afresh(struct world *w)
{
	struct guest *g = &w->guest[0];

	/* Input may have gone anywhere, the other rings included. */
	for (unsigned int i = 0; i < RINGS; i++)
		fe_stop_ring(&w->fe[0], &g->ring[i]);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
	fe_qemu_start(&w->fe[0], g, GUEST_FEATURES);
	guest_boot(g);
	world_drop_old(w, 0, 0);
	world_check_console(w, 0, 0);
}

static void t_42_descriptors_change_output(void **state)
{
	struct world *w = *state;

	world_simple(w);
	mutate_ring(w, TX);
	start_afresh(w);
	world_end(w);
}

static void t_42_descriptors_change_input(void **state)
{
	struct world *w = *state;

	world_simple(w);
	mutate_ring(w, RX);
	start_afresh(w);
	world_end(w);
}

static void t_42_descriptors_change_control(void **state)
{
	struct world *w = *state;

	world_simple(w);
	mutate_ring(w, CTRL_TX);
	mutate_ring(w, CTRL_RX);
	start_afresh(w);
	world_end(w);
}

/*
 * A front-end cuts the file that guest memory is in. Its own console is its
 * own business; the daemon says what happened, and next door goes on.
 */
static void t_41_memory_goes_away(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	unsigned int lines;

	world_quiet_daemon(w, 2);
	world_qemu(w, 0, GUEST_FEATURES);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 1, 1);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_check_console(w, 1, 1);
	w->workers_die = true;
	lines = daemon_log_count(&w->daemon, "console 0");
	for (unsigned int i = 0; i < g->nregions; i++)
		must(ftruncate(g->region[i].fd, 0) == 0, "ftruncate");
	must(write(g->ring[TX].kick, &(uint64_t){ 1 }, 8) == 8, "kick");
	daemon_log_wait(&w->daemon, "console 0", lines + 1);
	for (unsigned int i = 0; i < 10; i++) {
		send(w->client[0].fd, "more", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
		must(write(g->ring[RX].kick, &(uint64_t){ 1 }, 8) == 8,
		     "kick");
		world_check_console(w, 1, 1);
		wait_time(20);
	}
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	/* With memory that stays, it is served again. */
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_drop_old(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/*
 * Only the buffers for input go away. The kernel is who writes there, so this
 * costs that ring and not the worker; what was typed is still to be had.
 */
static void t_41_input_buffers_go_away(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *rx = &g->ring[RX];

	world_simple(w);
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	gring_add(rx, &(struct gbuf){ g->region[0].gpa, 4096, true }, 1);
	fe_start_ring(&w->fe[0], rx, 0);
	gring_kick_anyway(rx);
	must(ftruncate(g->region[0].fd, 0) == 0, "ftruncate");
	tclient_type(&w->client[0], "typed");
	must(wait_fd(rx->err, POLLIN, wait_until(WAIT_MS)),
	     "the ring is not broken");
	guest_print_text(g, "output goes on");
	tclient_expect_text(&w->client[0], "output goes on");
	fe_stop_ring(&w->fe[0], rx);
	gring_reset(rx, 0);
	guest_fill(g, RX);
	fe_start_ring(&w->fe[0], rx, 0);
	guest_expect_text(g, "typed");
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_42_descriptors_change_output),
		WORLD_TEST(t_42_descriptors_change_input),
		WORLD_TEST(t_42_descriptors_change_control),
		WORLD_TEST(t_41_memory_goes_away),
		WORLD_TEST(t_41_input_buffers_go_away),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
