/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Storms: four consoles at full rate, each in a use of its own, and their
 * workers killed without end, 0.2 to 5 ms after they were ready or at any time
 * at all. Nothing may be lost, repeated or moved, in no direction.
 *
 * VDC_STORM_KILLS sets how many workers die in all while output moves, and how
 * many while input does; one death may be both.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/killer.h"
#include "tests/proto/storm.h"

#define KILLS		4000
#define HANG_S		100
#define CONSOLES	4

struct storm {
	struct world *w;
	atomic_bool over;
	struct storm_console console[CONSOLES];
	void (*flow[CONSOLES])(struct storm_console *s);
};

struct storm_thread {
	struct storm *storm;
	unsigned int index;
	pthread_t thread;
};

static unsigned int kills_wanted(unsigned int percent)
{
	const char *text = getenv("VDC_STORM_KILLS");
	unsigned long all = text != NULL ? strtoul(text, NULL, 10) : KILLS;

	return (unsigned int)((all * percent + 99) / 100);
}

static void *run_flow(void *arg)
{
	struct storm_thread *thread = arg;
	struct storm *storm = thread->storm;

	storm->flow[thread->index](&storm->console[thread->index]);
	return NULL;
}

static void prepare(struct storm *storm, struct world *w, bool block)
{
	for (unsigned int i = 0; i < CONSOLES; i++) {
		struct storm_console *s = &storm->console[i];

		s->w = w;
		s->index = i;
		s->over = &storm->over;
		s->seed = mono_us() + i;
		s->block = block;
		s->extra.fd = -1;
		fe_init(&s->fe);
		guest_init(&s->guest[0]);
		guest_init(&s->guest[1]);
		for (unsigned int c = 0; c < TRAFFIC_CLIENTS; c++)
			s->client[c].fd = -1;
	}
	storm->w = w;
	w->workers_die = true;
}

static struct toll {
	unsigned int while_out, while_in;
} total;

static struct toll count_toll(const struct storm *storm)
{
	struct toll toll = { 0, 0 };

	for (unsigned int i = 0; i < CONSOLES; i++) {
		const struct traffic_kills *k = &storm->console[i].kills;

		toll.while_out += atomic_load(&k->while_out);
		toll.while_in += atomic_load(&k->while_in);
	}
	return toll;
}

static bool was_skipped(const struct storm *storm)
{
	for (unsigned int i = 0; i < CONSOLES; i++)
		if (atomic_load(&storm->console[i].kills.skipped))
			return true;
	return false;
}

/*
 * Workers that die early charge little to a client that holds the guest: not
 * every short storm outlasts a budget.
 */
static void wait_for_skips(const struct storm *storm)
{
	uint64_t deadline = wait_until(HANG_S * 1000 / 2);

	while (!was_skipped(storm) && !must_thread_failed() &&
	       wait_left(deadline) > 0)
		wait_time(20);
}

static void wait_for_kills(const struct storm *storm, unsigned int goal)
{
	unsigned int before = 0, now = 0;

	while (now < goal && !must_thread_failed()) {
		struct toll toll = count_toll(storm);

		now = toll.while_out < toll.while_in ? toll.while_out :
						       toll.while_in;
		if (now != before)
			alarm(HANG_S);
		before = now;
		wait_time(20);
	}
	alarm(HANG_S);
}

static void report(const struct storm *storm, const char *name,
		   unsigned int kills, double seconds)
{
	struct toll toll = count_toll(storm);
	uint64_t out = 0, in = 0, skipped = 0, answers = 0, turns = 0;

	for (unsigned int i = 0; i < CONSOLES; i++) {
		const struct traffic *t = &storm->console[i].traffic;

		out += t->shown;
		in += t->in;
		answers += t->talk.answers;
		turns += storm->console[i].turns;
		for (unsigned int c = 0; c < t->nc; c++)
			skipped += t->seen[c].skipped;
	}
	printf("%s: %u kills in %.1f s, %u while output moved, %u while input did; %llu MiB out, %llu KiB skipped, %llu MiB in, %llu control messages, %llu turns\n",
	       name, kills, seconds, toll.while_out, toll.while_in,
	       (unsigned long long)out >> 20,
	       (unsigned long long)skipped >> 10,
	       (unsigned long long)in >> 20,
	       (unsigned long long)answers, (unsigned long long)turns);
	fflush(stdout);
	must_threads();
	must(storm->console[0].block || skipped > 0, "nobody was skipped");
	total.while_out += toll.while_out;
	total.while_in += toll.while_in;
}

static void run_storm(struct storm *storm, const char *name,
		      enum killer_mode mode, unsigned int percent)
{
	struct storm_thread thread[CONSOLES];
	uint64_t since = mono_us();
	struct killer *k = killer_start(&storm->w->daemon, mode);
	unsigned int kills;

	for (unsigned int i = 0; i < CONSOLES; i++) {
		storm->console[i].kills.all = killer_count(k, i);
		thread[i] = (struct storm_thread){ storm, i, 0 };
		must(pthread_create(&thread[i].thread, NULL, run_flow,
				    &thread[i]) == 0, "pthread_create");
	}
	wait_for_kills(storm, kills_wanted(percent));
	if (!storm->console[0].block)
		wait_for_skips(storm);
	atomic_store(&storm->over, true);
	for (unsigned int i = 0; i < CONSOLES; i++)
		pthread_join(thread[i].thread, NULL);
	kills = killer_kills(k);
	killer_stop(k);
	report(storm, name, kills, (double)(mono_us() - since) / 1e6);
	for (unsigned int i = 0; i < CONSOLES; i++)
		storm_end(&storm->console[i]);
	killer_check_log(&storm->w->daemon);
	world_end(storm->w);
}

/* Every byte is waited for. */
static void block(void **state, const char *name, enum killer_mode mode,
		  unsigned int percent)
{
	static struct storm storm;

	storm = (struct storm){
		.flow = { storm_qemu_traffic, storm_uml_traffic,
			  storm_sessions, storm_talks },
	};
	prepare(&storm, *state, true);
	world_daemon(*state, CONSOLES,
		     DAEMON_OPTIONS("--overflow", "block", "--log-level",
				    "debug", "--scrollback-size", "16k"));
	run_storm(&storm, name, mode, percent);
}

/* Who does not keep up is skipped, and told by how much. */
static void skipping(void **state, const char *overflow, const char *name,
		 enum killer_mode mode, unsigned int percent)
{
	static struct storm storm;

	storm = (struct storm){
		.flow = { storm_qemu_traffic, storm_visitors,
			  storm_sessions, storm_talks },
	};
	prepare(&storm, *state, false);
	world_daemon(*state, CONSOLES,
		     DAEMON_OPTIONS("--overflow", overflow, "--log-level",
				    "debug", "--scrollback-size", "16k"));
	run_storm(&storm, name, mode, percent);
}

static void block_after_ready(void **state)
{
	block(state, "block, after ready", KILLER_AFTER_READY, 35);
}

static void block_at_any_time(void **state)
{
	block(state, "block, at any time", KILLER_AT_ANY_TIME, 20);
}

static void wait_after_ready(void **state)
{
	skipping(state, "wait:20", "wait:20, after ready", KILLER_AFTER_READY, 15);
}

static void wait_at_any_time(void **state)
{
	skipping(state, "wait:20", "wait:20, at any time", KILLER_AT_ANY_TIME, 10);
}

static void drop_after_ready(void **state)
{
	skipping(state, "drop-oldest", "drop-oldest, after ready",
	     KILLER_AFTER_READY, 15);
}

static void drop_at_any_time(void **state)
{
	skipping(state, "drop-oldest", "drop-oldest, at any time",
	     KILLER_AT_ANY_TIME, 10);
}

static void all_in_all(void **state)
{
	(void)state;
	printf("all storms: %u kills while output moved, %u while input did\n",
	       total.while_out, total.while_in);
	must(total.while_out >= kills_wanted(100) &&
	     total.while_in >= kills_wanted(100), "%u are too few",
	     kills_wanted(100));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(block_after_ready),
		WORLD_TEST(block_at_any_time),
		WORLD_TEST(wait_after_ready),
		WORLD_TEST(wait_at_any_time),
		WORLD_TEST(drop_after_ready),
		WORLD_TEST(drop_at_any_time),
		cmocka_unit_test(all_in_all),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
