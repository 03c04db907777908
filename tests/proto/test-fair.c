/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * someone at full speed and someone at a standstill. Neither keeps
 * a worker from the others it serves, and none of it grows.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/world.h"

#define ROUNDS		300
#define PROMPT_US	1000000		/* 100 ms, and a busy machine */
#define STUCK_MS	200		/* nothing goes any more */
#define GROWTH_KB	256
#define MIB		(1024 * 1024)

struct kicker {
	struct guest *guest;
	atomic_bool stop;
	uint64_t turn;
};

/* There is always more before the device is through, and a kick for it. */
static void *kick_all(void *arg)
{
	struct kicker *k = arg;
	const uint64_t one = 1;

	while (!atomic_load_explicit(&k->stop, memory_order_relaxed)) {
		struct gring *tx = &k->guest->ring[TX];

		__atomic_store_n(&tx->avail[1], (uint16_t)
				 (gring_device_idx(tx) + tx->num),
				 __ATOMIC_RELEASE);
		for (unsigned int i = 0; i < RINGS && k->turn % 64 == 0; i++)
			must(write(k->guest->ring[i].kick, &one, 8) == 8,
			     "kick");
		k->turn++;
	}
	return NULL;
}

/* Its descriptors are all the same: something to print, or nothing at all. */
static void offer_for_ever(struct world *w, uint32_t len)
{
	struct gring *tx = &w->guest[0].ring[TX];

	fe_stop_ring(&w->fe[0], tx);
	gring_reset(tx, 0);
	for (uint16_t i = 0; i < tx->num; i++) {
		tx->desc[i] = (struct gdesc){ gring_buf(tx, i), len, 0, 0 };
		tx->avail[2 + i] = i;
	}
	fe_start_ring(&w->fe[0], tx, 0);
}

static uint64_t slowest(uint64_t worst, uint64_t since)
{
	since = mono_us() - since;
	return since > worst ? since : worst;
}

/* Whoever else is served while that goes on has an answer soon. */
static void expect_all_served(struct world *w, const char *what,
			      bool with_control)
{
	uint64_t message = 0, typed = 0, answer = 0;
	struct guest *g = &w->guest[0];
	char drop[65536];

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t since = mono_us();

		fe_barrier(&w->fe[0]);
		message = slowest(message, since);
		since = mono_us();
		tclient_type(&w->client[0], "t");
		guest_expect_text(g, "t");
		typed = slowest(typed, since);
		since = mono_us();
		if (with_control) {
			guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
			guest_ctrl_expect(g, 0, CTRL_CONSOLE_PORT, 1);
			guest_ctrl_expect(g, 0, CTRL_PORT_OPEN, 1);
			answer = slowest(answer, since);
		}
		while (tclient_read_some(&w->client[0], drop,
					 sizeof(drop)) > 0)
			;
	}
	printf("%s: at most %.1f ms for a message, %.1f for input, %.1f for the control queue\n",
	       what, (double)message / 1e3, (double)typed / 1e3,
	       (double)answer / 1e3);
	must(message < PROMPT_US && typed < PROMPT_US && answer < PROMPT_US,
	     "somebody waits");
}

static void start_dropping(struct world *w)
{
	world_daemon(w, 1, DAEMON_OPTIONS("--notices", "off", "--overflow",
					  "drop-oldest"));
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
}

static void r_22_livelock(void **state)
{
	static const uint32_t len[] = { 0, 1, 4096 };
	struct world *w = *state;

	start_dropping(w);
	for (unsigned int n = 0; n < 3; n++) {
		struct kicker k = { .guest = &w->guest[0] };
		char what[64];
		pthread_t thread;

		offer_for_ever(w, len[n]);
		must(pthread_create(&thread, NULL, kick_all, &k) == 0,
		     "thread");
		snprintf(what, sizeof(what), "chains of %u bytes", len[n]);
		expect_all_served(w, what, true);
		atomic_store(&k.stop, true);
		pthread_join(thread, NULL);
		must_threads();
		must(k.turn > ROUNDS, "offered %llu times only",
		     (unsigned long long)k.turn);
	}
	world_end(w);
}

/*
 * The used ring is the available one, and its index is ahead: with each chain
 * that is returned there is one more. Nobody has to do anything for it.
 */
static void feed_itself(struct world *w, enum ring_role role, uint32_t len)
{
	struct gring *g = &w->guest[0].ring[role], r;

	fe_stop_ring(&w->fe[0], g);
	gring_reset(g, 0);
	r = *g;
	r.avail_gpa = r.used_gpa;
	for (uint16_t i = 0; i < g->num; i++)
		g->desc[i] = (struct gdesc){ gring_buf(g, i), len, 0, 0 };
	g->used[1] = g->num / 2;
	fe_start_ring(&w->fe[0], &r, 0);
}

static void r_22_rings_that_feed_themselves(void **state)
{
	struct world *w = *state;
	struct gring *ring = w->guest[0].ring;
	uint16_t before;

	start_dropping(w);
	feed_itself(w, TX, 4096);
	expect_all_served(w, "endless output", true);
	feed_itself(w, TX, 0);
	expect_all_served(w, "endless output of nothing", true);
	feed_itself(w, CTRL_TX, 8);
	expect_all_served(w, "endless questions as well", false);
	for (unsigned int i = TX; i < RINGS; i += CTRL_TX - TX) {
		before = gring_device_idx(&ring[i]);
		must(!wait_fd(ring[i].err, POLLIN, wait_until(50)) &&
		     gring_device_idx(&ring[i]) != before,
		     "ring %u does not feed itself", i);
	}
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_await_client(w, 0, 0);
	world_end(w);
}

/* Returns how many went before there was no room for a while. */
static unsigned int ask_till_stuck(struct frontend *fe)
{
	struct fe_msg m = fe_msg(FE_GET_FEATURES);
	unsigned int n = 0;

	for (;;) {
		ssize_t sent = send(fe->fd, &m, FE_HEADER,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent == FE_HEADER) {
			n++;
			continue;
		}
		must(sent < 0 && errno == EAGAIN, "send: %zd, errno %d", sent,
		     errno);
		if (!wait_fd(fe->fd, POLLOUT, wait_until(STUCK_MS)))
			return n;
	}
}

static void r_36_front_end_that_reads_no_answers(void **state)
{
	struct world *w = *state;
	struct fe_msg reply;
	unsigned int asked;
	long rss, cpu;

	world_simple(w);
	for (unsigned int i = 0; i < 100; i++)
		world_check_console(w, 0, 0);
	rss = process_rss_kb(w->worker[0]);
	asked = ask_till_stuck(&w->fe[0]);
	for (unsigned int i = 0; i < 100; i++)
		world_check_console(w, 0, 0);
	cpu = process_cpu_ms(w->worker[0]);
	wait_time(500);
	cpu = process_cpu_ms(w->worker[0]) - cpu;
	must(cpu < 100, "the worker used %ld ms of 500", cpu);
	must(process_rss_kb(w->worker[0]) < rss + GROWTH_KB,
	     "the worker grew from %ld to %ld KiB", rss,
	     process_rss_kb(w->worker[0]));
	printf("%u questions\n", asked);
	for (unsigned int i = 0; i < asked; i++)
		must(fe_recv(&w->fe[0], &reply) &&
		     reply.request == FE_GET_FEATURES && reply.size == 8,
		     "answer %u of %u", i, asked);
	fe_barrier(&w->fe[0]);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* A byte now and then is not enough to hold the guest again and again. */
static void r_36_reader_of_single_bytes(void **state)
{
	struct world *w = *state;
	uint64_t held = 0;
	char byte;

	world_daemon(w, 1, DAEMON_OPTIONS("--notices", "off", "--overflow",
					  "wait:500", "--scrollback-size",
					  "64k"));
	world_qemu(w, 0, GUEST_FEATURES);
	tclient_open(&w->client[0], w->daemon.port, 4096);
	world_await_client(w, 0, 0);
	for (unsigned int at = 0; at < 10 * MIB; at += 4096) {
		uint64_t since = mono_us();

		guest_print_pattern(&w->guest[0], at, 4096);
		since = mono_us() - since;
		if (since > 50000)
			held += since;
		tclient_read_some(&w->client[0], &byte, 1);
	}
	printf("held for %.1f ms\n", (double)held / 1e3);
	must(held > 250000 && held < 1500000, "held for %llu us",
	     (unsigned long long)held);
	world_end(w);
}

/*
 * One that is gone without a word is noticed although nothing is sent to it:
 * the daemon's end of an idle connection has a timer, that of keep-alive.
 */
static void r_36_idle_client_is_probed(void **state)
{
	struct world *w = *state;
	unsigned int port, status, timer, found = 0;
	unsigned long when, least = ~0UL;
	char line[512];
	FILE *f;

	world_simple(w);
	wait_time(300);			/* no other timer by then */
	f = fopen("/proc/net/tcp", "re");
	must(f != NULL, "/proc/net/tcp: errno %d", errno);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*u: %*x:%x %*x:%*x %x %*x:%*x %x:%lx",
			   &port, &status, &timer, &when) != 4 ||
		    port != w->daemon.port || status != TCP_ESTABLISHED)
			continue;
		found++;
		must(timer == 2, "timer %u, not that of keep-alive", timer);
		least = when;
	}
	fclose(f);
	must(found == 1, "%u connections", found);
	must(least <= 30UL * (unsigned long)sysconf(_SC_CLK_TCK),
	     "first probe after %lu ticks", least);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_22_livelock),
		WORLD_TEST(r_22_rings_that_feed_themselves),
		WORLD_TEST(r_36_front_end_that_reads_no_answers),
		WORLD_TEST(r_36_reader_of_single_bytes),
		WORLD_TEST(r_36_idle_client_is_probed),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
