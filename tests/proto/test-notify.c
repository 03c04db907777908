/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mono.h"
#include "tests/lib/world.h"

#define COMPLETIONS	10000

/* Prints one byte and waits without a look at the call fd. */
static void print_byte(struct guest *g)
{
	g->ring[TX].silent = true;
	guest_print(g, "x", 1);
}

static void t_02_full_call_socket(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	int pair[2], small = 1;
	char buf[4096];
	ssize_t n, all = 0;

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES & ~F_EVENT_IDX);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0,
	     "socketpair");
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_CALL, TX, pair[1]));
	close(pair[1]);
	for (unsigned int i = 0; i < COMPLETIONS; i++)
		print_byte(g);
	fe_barrier(&w->fe[0]);
	while ((n = recv(pair[0], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		all += n;
	must(all > 0 && all % 8 == 0, "%zd bytes of calls", all);
	/* Drained, it is used again. */
	print_byte(g);
	must(recv(pair[0], buf, sizeof(buf), 0) == 8, "no call any more");
	close(pair[0]);
	tx->silent = false;
	world_client(w, 0, 0);
	gring_fds_like_uml(tx);
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_KICK, TX, tx->kick));
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_CALL, TX, tx->call_peer));
	world_drop_old(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* The same for an eventfd whose counter is at its end, in blocking mode. */
static void t_02_full_call_eventfd(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	uint64_t most = ~0ULL - 1;
	int call = eventfd(0, EFD_CLOEXEC);

	world_simple(w);
	must(write(call, &most, sizeof(most)) == sizeof(most), "eventfd");
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_CALL, TX, call));
	for (unsigned int i = 0; i < 100; i++) {
		gring_arm(&g->ring[TX]);
		print_byte(g);
	}
	fe_barrier(&w->fe[0]);
	close(call);
	world_end(w);
}

static void t_03_closed_peers(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES & ~F_EVENT_IDX);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	fd_close(&w->fe[0].backend);
	for (unsigned int i = 0; i < RINGS; i++)
		fd_close(&g->ring[i].call);
	for (unsigned int i = 0; i < 100; i++)
		print_byte(g);
	g->ring[RX].silent = true;
	tclient_type(&w->client[0], "still there");
	guest_expect_text(g, "still there");
	fe_barrier(&w->fe[0]);
	world_end(w);
}

struct spoiler {
	int kick;
	atomic_bool stop;
};

/* Takes kicks away between the daemon's poll and its read, and adds some. */
static void *steal_kicks(void *arg)
{
	struct spoiler *s = arg;
	uint64_t word = 1;
	struct iovec iov = { &word, sizeof(word) };

	while (!atomic_load(&s->stop)) {
		word = 1;
		if (write(s->kick, &word, sizeof(word)) < 0)
			break;
		if (preadv2(s->kick, &iov, 1, -1, RWF_NOWAIT) < 0)
			sched_yield();
	}
	return NULL;
}

static void t_04_blocking_kick(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct spoiler s = { .kick = -1 };
	pthread_t thread;

	world_quiet_daemon(w, 1);
	world_uml(w, 0, GUEST_FEATURES);
	s.kick = g->ring[TX].kick;
	pthread_create(&thread, NULL, steal_kicks, &s);
	for (unsigned int i = 0; i < 2000; i++)
		fe_barrier(&w->fe[0]);
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	must((fcntl(s.kick, F_GETFL) & O_NONBLOCK) == 0,
	     "the kick's description is non-blocking now");
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

static bool due(uint16_t event, uint16_t old)
{
	return (uint16_t)(old + 1 - event - 1) < 1;
}

/*
 * One chain at a time through the wrap of the index, with every distance of
 * the event index; the device is to call when the model does and only then.
 */
static void t_22_event_idx_wrap(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	uint64_t called = 0;

	world_simple(w);
	fe_stop_ring(&w->fe[0], tx);
	gring_reset(tx, 0xfff0);
	gring_calls(tx);
	/* Far from due, but the first one after a start is unconditional. */
	tx->avail[2 + tx->num] = 0xfff8;
	fe_start_ring(&w->fe[0], tx, 0xfff0);
	tx->silent = true;
	srand(22);
	for (unsigned int i = 0; i < 300; i++) {
		uint16_t event = (uint16_t)(tx->used_idx + rand() % 4 - 1);
		uint64_t calls;

		if (i > 0)
			tx->avail[2 + tx->num] = event;
		else
			event = tx->avail[2 + tx->num];
		guest_print(g, "x", 1);
		fe_barrier(&w->fe[0]);
		calls = gring_calls(tx);
		must(calls == (i == 0 || due(event, (uint16_t)
					     (tx->used_idx - 1))),
		     "index %u, event %u: %llu calls", tx->used_idx, event,
		     (unsigned long long)calls);
		called += calls;
	}
	must(called > 50 && called < 250, "%llu calls in all",
	     (unsigned long long)called);
	world_end(w);
}

static void t_22_no_interrupt_flag(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES & ~F_EVENT_IDX);
	guest_print(g, "x", 1);
	fe_barrier(&w->fe[0]);
	gring_calls(tx);
	tx->silent = true;
	for (unsigned int i = 0; i < 100; i++) {
		tx->avail[0] = i % 2 == 0 ? AVAIL_NO_INTERRUPT : 0;
		guest_print(g, "x", 1);
		fe_barrier(&w->fe[0]);
		must(gring_calls(tx) == i % 2, "chain %u: flag %u", i,
		     tx->avail[0]);
	}
	world_end(w);
}

/*
 * A driver that kicks only when asked to, against a device that goes to sleep
 * all the time: a lost kick is a stall.
 */
static void race_for_kicks(struct world *w, unsigned int iterations)
{
	struct guest *g = &w->guest[0];
	struct gring *tx = &g->ring[TX];
	uint64_t last = mono_us();
	unsigned int kicks = 0;

	srand(23);
	tx->avail[0] = AVAIL_NO_INTERRUPT;
	for (unsigned int i = 0; i < iterations;) {
		struct gused used;

		if (gring_take(tx, &used)) {
			must(used.len == 0, "used length %u", used.len);
			last = mono_us();
			i++;
		}
		if (gring_outstanding(tx) <= (unsigned int)rand() % 4) {
			gring_add_own(tx, 1, false);
			kicks += gring_kick(tx);
		} else if (gring_device_idx(tx) == tx->used_idx) {
			must(mono_us() - last < WAIT_MS * 1000,
			     "no progress after %u chains, %u kicks", i, kicks);
			sched_yield();
		}
	}
	must(kicks > 100, "only %u kicks were asked for", kicks);
}

#define RACE_ITERATIONS	500000

static void t_23_lost_kick_event_idx(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	race_for_kicks(w, RACE_ITERATIONS);
	world_end(w);
}

static void t_23_lost_kick_flags(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES & ~F_EVENT_IDX);
	race_for_kicks(w, RACE_ITERATIONS);
	world_end(w);
}

/* The same for the driver's side: a call that does not come is a stall. */
static void t_23_lost_call(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	for (unsigned int i = 0; i < 50000; i++)
		guest_print(g, "y", 1);
	world_end(w);
}

static void t_28_call_without_fd(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gring *ctrl = &g->ring[CTRL_TX];

	world_simple(w);
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_CALL, CTRL_TX | FE_NOFD, -1));
	fe_barrier(&w->fe[0]);
	gring_calls(ctrl);
	ctrl->silent = true;
	for (unsigned int i = 0; i < 10; i++) {
		guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
		guest_ctrl_expect(g, 0, CTRL_CONSOLE_PORT, 1);
		guest_ctrl_expect(g, 0, CTRL_PORT_OPEN, 1);
	}
	must(gring_calls(ctrl) == 0, "a call on the old fd");
	world_check_console(w, 0, 0);
	world_end(w);
}

static void t_29_kick_without_fd(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	uint64_t since;
	long waits;

	world_simple(w);
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_KICK, TX | FE_NOFD, -1));
	fd_close(&g->ring[TX].kick);
	g->ring[TX].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned int i = 0; i < 100; i++) {
		guest_print_text(g, "polled");
		tclient_expect_text(&w->client[0], "polled");
	}
	world_check_console(w, 0, 0);
	/* every 16 ms when nothing goes on, not every ms */
	waits = process_waits(w->worker[0]);
	wait_time(1000);
	waits = process_waits(w->worker[0]) - waits;
	must(waits > 10 && waits < 150, "%ld looks in a second", waits);
	/* and soon when something does */
	since = mono_us();
	for (unsigned int i = 0; i < 200; i++) {
		guest_print_text(g, "polled");
		tclient_expect_text(&w->client[0], "polled");
	}
	must(mono_us() - since < 200 * 8000, "%u ms for 200 lines",
	     (unsigned int)((mono_us() - since) / 1000));
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_02_full_call_socket),
		WORLD_TEST(t_02_full_call_eventfd),
		WORLD_TEST(t_03_closed_peers),
		WORLD_TEST(t_04_blocking_kick),
		WORLD_TEST(t_22_event_idx_wrap),
		WORLD_TEST(t_22_no_interrupt_flag),
		WORLD_TEST(t_23_lost_kick_event_idx),
		WORLD_TEST(t_23_lost_kick_flags),
		WORLD_TEST(t_23_lost_call),
		WORLD_TEST(t_28_call_without_fd),
		WORLD_TEST(t_29_kick_without_fd),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
