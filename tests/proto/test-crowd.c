/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A hundred consoles under load, all workers killed at once, again and again:
 * each stream is exact, none is another's, no descriptor is refused for good.
 *
 * VDC_CROWD_CONSOLES (100) and VDC_CROWD_ROUNDS (20) say how many.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/world.h"

#define CONSOLES	100
#define ROUNDS		20
#define CHAIN		1000
#define CHAINS_OUT	16		/* of a guest at once */
#define PART		16384		/* bytes that show that all is well */
#define FDS_EACH	24		/* of ours */
#define FDS_OURS	64
#define HANG_S		250

struct one {
	struct frontend fe;
	struct guest guest;
	struct tclient client;
	uint64_t base;			/* where its streams begin */
	uint64_t printed, shown;
	uint64_t typed, taken;
	uint64_t goal_shown, goal_taken;
};

static struct one *crowd;
static unsigned int count;

static unsigned int wanted(const char *name, unsigned int usual)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) : usual;
}

/* The daemon inherits this. Where there is not enough, there are fewer. */
static void make_room(void)
{
	struct rlimit rl;

	must(getrlimit(RLIMIT_NOFILE, &rl) == 0, "getrlimit");
	rl.rlim_cur = rl.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &rl) == 0, "setrlimit");
	if (count * FDS_EACH + FDS_OURS > rl.rlim_cur)
		count = (unsigned int)(rl.rlim_cur - FDS_OURS) / FDS_EACH;
}

static int setup(void **state)
{
	int err = world_setup(state);

	alarm(HANG_S);
	count = wanted("VDC_CROWD_CONSOLES", CONSOLES);
	make_room();
	crowd = calloc(count, sizeof(*crowd));
	for (unsigned int i = 0; crowd != NULL && i < count; i++) {
		fe_init(&crowd[i].fe);
		guest_init(&crowd[i].guest);
		crowd[i].client.fd = -1;
	}
	return err != 0 || crowd == NULL;
}

static int teardown(void **state)
{
	for (unsigned int i = 0; i < count; i++) {
		tclient_close(&crowd[i].client);
		fe_close(&crowd[i].fe);
		guest_destroy(&crowd[i].guest);
	}
	free(crowd);
	return world_teardown(state);
}

/* The pattern repeats after 2^19 bytes: no two streams begin near each other. */
static void begin(struct world *w, unsigned int i)
{
	struct one *c = &crowd[i];
	char text[32];

	c->base = i * UINT64_C(5237);
	guest_like_qemu(&c->guest, 64);
	fe_open(&c->fe, daemon_sock(&w->daemon, i));
	fe_qemu_realize(&c->fe, &c->guest, ~0ULL);
	fe_qemu_start(&c->fe, &c->guest, GUEST_FEATURES);
	guest_boot(&c->guest);
	for (unsigned int r = 0; r < RINGS; r++)
		c->guest.ring[r].silent = true;
	tclient_open(&c->client, w->daemon.port + i, 0);
	snprintf(text, sizeof(text), "this is %u", i);
	tclient_type(&c->client, text);
	guest_expect_text(&c->guest, text);
}

/* The stream that is typed is far from that which is printed. */
static uint64_t typed_at(const struct one *c, uint64_t at)
{
	return c->base + (UINT64_C(1) << 40) + 2617 + at;
}

static void print(struct one *c)
{
	struct gring *tx = &c->guest.ring[TX];
	char buf[CHAIN];

	guest_print_collect(&c->guest);
	while (gring_outstanding(tx) < CHAINS_OUT) {
		pattern_fill(buf, c->base + c->printed, CHAIN);
		guest_print_start(&c->guest, buf, CHAIN);
		c->printed += CHAIN;
	}
}

static bool look(struct one *c, unsigned int i)
{
	char buf[16384], who[32];
	long n = tclient_read_some(&c->client, buf, sizeof(buf));

	snprintf(who, sizeof(who), "client %u", i);
	must(n >= 0, "%s: the console closed", who);
	pattern_check(buf, c->base + c->shown, (size_t)n, who);
	c->shown += (uint64_t)n;
	must(c->shown <= c->printed, "%s: more than was printed", who);
	return n > 0;
}

static void type(struct one *c)
{
	char buf[CHAIN];

	/* No more than what tells; the guest is not to be flooded. */
	if (c->typed - c->taken >= 4 * CHAIN)
		return;
	pattern_fill(buf, typed_at(c, c->typed), CHAIN);
	c->typed += tclient_send_some(&c->client, buf, CHAIN);
}

static bool take(struct one *c, unsigned int i)
{
	char buf[4096], who[32];
	size_t n = guest_read(&c->guest, buf, sizeof(buf), 0);

	snprintf(who, sizeof(who), "guest %u", i);
	pattern_check(buf, typed_at(c, c->taken), n, who);
	c->taken += n;
	must(c->taken <= c->typed, "%s: more than was typed", who);
	return n > 0;
}

/* Serves all of them until each has come to its goal. */
static void pump(bool more, const char *when)
{
	uint64_t deadline = wait_until(60000);
	unsigned int left;

	do {
		bool moved = false;

		left = 0;
		for (unsigned int i = 0; i < count; i++) {
			struct one *c = &crowd[i];

			if (more) {
				print(c);
				type(c);
			} else {
				guest_print_collect(&c->guest);
			}
			moved |= look(c, i);
			moved |= take(c, i);
			left += c->shown < c->goal_shown ||
				c->taken < c->goal_taken;
		}
		if (!moved)
			wait_pause();
		must(wait_left(deadline) > 0, "%s: %u consoles stand still",
		     when, left);
	} while (left > 0);
}

static void go_on(uint64_t bytes, const char *when)
{
	for (unsigned int i = 0; i < count; i++) {
		crowd[i].goal_shown = crowd[i].shown + bytes;
		crowd[i].goal_taken = crowd[i].taken + bytes / 4;
	}
	pump(true, when);
}

static void finish(void)
{
	for (unsigned int i = 0; i < count; i++) {
		crowd[i].goal_shown = crowd[i].printed;
		crowd[i].goal_taken = crowd[i].typed;
	}
	pump(false, "at the end");
	for (unsigned int i = 0; i < count; i++) {
		tclient_expect_quiet(&crowd[i].client, 1);
		guest_expect_no_input(&crowd[i].guest, 1);
		must(gring_outstanding(&crowd[i].guest.ring[TX]) == 0,
		     "console %u has not given all chains back", i);
	}
}

/* All at once; those that come back, too, if @wait is not 0. */
static void kill_all(struct world *w, unsigned int wait)
{
	uint64_t deadline = wait_until(WAIT_MS);
	pid_t pid[CONSOLES * 10];
	unsigned int n;

	/* What was on its way may have been enough without the last of them. */
	while ((n = process_children(w->daemon.pid,
				     "vhost-device-console-worker", pid,
				     sizeof(pid) / sizeof(pid[0]))) != count) {
		must(wait_left(deadline) > 0, "%u workers for %u consoles", n,
		     count);
		wait_pause();
	}
	for (unsigned int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	if (wait == 0)
		return;
	wait_time(wait);
	n = process_children(w->daemon.pid, "vhost-device-console-worker", pid,
			     sizeof(pid) / sizeof(pid[0]));
	for (unsigned int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
}

static void check_log(const struct daemon *d)
{
	static const char *const bad[] = {
		"refused", "cannot be", "was reset", "is broken", "parked",
		"did not answer", "fd store", "malformed",
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		must(daemon_log_count(d, bad[i]) == 0, "the log says '%s'",
		     bad[i]);
}

static void all_at_once(void **state)
{
	struct world *w = *state;
	unsigned int rounds = wanted("VDC_CROWD_ROUNDS", ROUNDS);
	uint64_t since = mono_us(), worst = 0;

	daemon_start(&w->daemon, count, DAEMON_OPTIONS("--notices", "off",
						       "--overflow", "block"));
	for (unsigned int i = 0; i < count; i++)
		begin(w, i);
	go_on(PART, "before");
	printf("%u consoles after %.1f s\n", count,
	       (double)(mono_us() - since) / 1e6);
	since = mono_us();
	for (unsigned int round = 0; round < rounds; round++) {
		uint64_t killed = mono_us();

		kill_all(w, round % 2 ? 20 * round : 0);
		go_on(PART, "after a kill");
		killed = mono_us() - killed;
		worst = killed > worst ? killed : worst;
		alarm(HANG_S);
	}
	printf("%u rounds in %.1f s, all going again after %.0f ms at most\n",
	       rounds, (double)(mono_us() - since) / 1e6,
	       (double)worst / 1e3);
	finish();
	check_log(&w->daemon);
	daemon_stop(&w->daemon, WAIT_MS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_at_once, setup, teardown),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
