/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What follows when a worker dies of itself, again and again, as the guest,
 * its front-end and the clients see it. The signals come from here; a worker
 * cannot tell.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/killer.h"
#include "tests/lib/world.h"

#define RING		65536		/* less a bit for notices */
#define CHAIN		4000
#define CHAINS		20		/* more than the output ring holds */
#define WHOLE		(RING / CHAIN)	/* chains it takes */
#define NOTICE		"\r\n[vhost-device-console: "

/* A guest whose output nobody takes: the ring is full, a chain is open. */
static void fill_output(struct world *w, const char *notices)
{
	struct guest *g = &w->guest[0];
	char chain[CHAIN];

	w->workers_die = true;
	world_daemon(w, 1, DAEMON_OPTIONS("--notices", notices, "--overflow",
					  "block", "--scrollback-size",
					  "64k"));
	world_qemu(w, 0, GUEST_FEATURES);
	for (unsigned int i = 0; i < CHAINS; i++) {
		pattern_fill(chain, (uint64_t)i * CHAIN, CHAIN);
		guest_print_start(g, chain, CHAIN);
	}
	for (unsigned int i = 0; i < WHOLE; i++)
		gring_expect(&g->ring[TX], 0);
}

static unsigned int take_all(struct gring *r, unsigned int ms)
{
	struct gused used;
	unsigned int n = 0;

	while (gring_wait(r, &used, ms)) {
		must(used.len == 0, "used length %u", used.len);
		n++;
	}
	return n;
}

/* No fewer, and no more. */
static void expect_chains(struct gring *r, unsigned int n)
{
	while (n-- > 0)
		gring_expect(r, 0);
	must(take_all(r, 50) == 0, "more chains came back");
}

/* How much of the open chain had been taken: the log says it. */
static unsigned int taken(const struct world *w)
{
	unsigned int bytes = CHAIN;
	char line[400];
	FILE *log;

	daemon_log_wait(&w->daemon, "output chain skipped", 1);
	log = fopen(w->daemon.log, "re");
	while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
		const char *at = strstr(line, "output chain skipped, ");

		if (at != NULL)
			sscanf(at, "output chain skipped, %u bytes", &bytes);
	}
	fclose(log);
	must(bytes < CHAIN, "%u bytes taken", bytes);
	return bytes;
}

/* What the ring has, then what follows the chain that was skipped. */
static void expect_rest(struct world *w)
{
	struct tclient *c = world_client(w, 0, 0);

	tclient_expect_pattern(c, 0, WHOLE * CHAIN + taken(w));
	tclient_expect_pattern(c, (WHOLE + 1) * CHAIN,
			       (CHAINS - WHOLE - 1) * CHAIN);
	expect_chains(&w->guest[0].ring[TX], CHAINS - WHOLE - 1);
	tclient_expect_quiet(c, 20);
	world_check_console(w, 0, 0);
}

/* The first resume keeps all, the second gives up what is open, once. */
static void open_output_chain(void **state)
{
	struct world *w = *state;
	struct gring *tx = &w->guest[0].ring[TX];
	struct gring *rx = &w->guest[0].ring[RX];
	struct gused used;

	fill_output(w, "on");
	daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	must(take_all(tx, 100) == 0, "a chain came back after one crash");
	daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	gring_expect(tx, 0);
	must(take_all(tx, 50) == 0, "more than one chain came back");
	must(gring_wait(rx, &used, WAIT_MS) && used.len == 0,
	     "no input buffer came back");
	guest_fill(&w->guest[0], RX);
	/* Nothing was owed, so no buffer for it was touched. */
	guest_ctrl_expect_none(&w->guest[0], 50);
	fe_barrier(&w->fe[0]);
	expect_rest(w);
	must(daemon_log_count(&w->daemon, "front-end detached") == 0,
	     "the front-end was disconnected");
	world_end(w);
}

/*
 * Killed from outside, all the time, while it is about to skip: each worker
 * that is started for it goes on, none skips once more.
 */
static void skip_under_fire(struct world *w)
{
	struct gring *tx = &w->guest[0].ring[TX];
	struct gring *rx = &w->guest[0].ring[RX];
	struct killer *killer;
	struct gused used;

	fill_output(w, "off");
	daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	process_fault(daemon_worker(&w->daemon, 0, 0), SIGSEGV);
	daemon_log_wait(&w->daemon, "without the open chains", 1);
	killer = killer_start(&w->daemon, KILLER_AT_ANY_TIME);
	while (killer_kills(killer) < 20)
		wait_pause();
	killer_stop(killer);
	gring_expect(tx, 0);
	must(take_all(tx, 100) == 0, "more than one chain was skipped");
	must(gring_wait(rx, &used, WAIT_MS) && used.len == 0 &&
	     !gring_wait(rx, &used, 20), "not one input buffer came back");
	guest_fill(&w->guest[0], RX);
	expect_rest(w);
}

static void killed_while_skipping(void **state)
{
	struct world *w = *state;

	skip_under_fire(w);
	for (unsigned int i = 0; i < 7; i++) {
		world_end(w);
		world_teardown(state);
		must(world_setup(state) == 0, "out of memory");
		w = *state;
		skip_under_fire(w);
	}
	world_end(w);
}

/*
 * A worker dies, and the next one, without having done anything, after what
 * happens @meanwhile: its successor skips that.
 */
static void crash_around(struct world *w, void (*meanwhile)(struct guest *g))
{
	pid_t pid = daemon_kill_worker(&w->daemon, 0, SIGSEGV);

	process_await_handler(pid, SIGSEGV);
	process_stop(pid);
	meanwhile(&w->guest[0]);
	kill(pid, SIGSEGV);
	kill(pid, SIGCONT);
	daemon_log_wait(&w->daemon, "without the open chains", 1);
}

static void print_two(struct guest *g)
{
	guest_print_start(g, "lost", 4);
	guest_print_start(g, "kept", 4);
}

static void skipped_output_is_announced(void **state)
{
	struct world *w = *state;
	char text[200];

	w->workers_die = true;
	world_daemon(w, 1, NULL);
	world_qemu(w, 0, GUEST_FEATURES);
	guest_print_text(&w->guest[0], "before");
	world_client(w, 0, 0);
	tclient_expect_text(&w->client[0], "before");
	crash_around(w, print_two);
	tclient_expect_text(&w->client[0], NOTICE "some output was skipped");
	tclient_read_to(&w->client[0], "]\r\n", text, sizeof(text));
	tclient_expect_text(&w->client[0], "kept");
	expect_chains(&w->guest[0].ring[TX], 2);
	world_end(w);
}

static void say_ready(struct guest *g)
{
	struct gring *r = &g->ring[CTRL_TX];
	static const uint8_t messages[2][8] = {
		{ 0xff, 0xff, 0xff, 0xff, CTRL_DEVICE_READY, 0, 1, 0 },
		{ 0, 0, 0, 0, CTRL_PORT_READY, 0, 1, 0 },
	};

	for (unsigned int i = 0; i < 2; i++)
		memcpy(gring_buf_ptr(r, gring_add_own(r, 8, false)),
		       messages[i], 8);
	gring_kick(r);
}

/* What the guest says first is lost, what it says then is not. */
static void control_from_the_guest(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	w->workers_die = true;
	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	crash_around(w, say_ready);
	expect_chains(&g->ring[CTRL_TX], 2);
	guest_ctrl_expect(g, 0, CTRL_CONSOLE_PORT, 1);
	guest_ctrl_expect(g, 0, CTRL_PORT_OPEN, 1);
	guest_ctrl_expect_none(g, 50);
	world_end(w);
}

static void fill_control(struct guest *g)
{
	guest_fill(g, CTRL_RX);
}

/* A buffer goes back empty; what was to be in it comes in the next one. */
static void control_to_the_guest(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct gused used;

	w->workers_die = true;
	world_quiet_daemon(w, 1);
	guest_like_qemu(g, 64);
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_qemu_realize(&w->fe[0], g, ~0ULL);
	fe_qemu_start(&w->fe[0], g, GUEST_FEATURES);
	guest_ctrl_send(g, 0xffffffff, CTRL_DEVICE_READY, 1);
	crash_around(w, fill_control);
	must(gring_wait(&g->ring[CTRL_RX], &used, WAIT_MS) && used.len == 0,
	     "no buffer came back");
	guest_ctrl_expect(g, 0, CTRL_PORT_ADD, CTRL_ANY);
	guest_ctrl_expect_none(g, 50);
	world_end(w);
}

/* Nothing was done since the last resort: the console starts from nothing. */
static void clean_slate_in_the_end(void **state)
{
	struct world *w = *state;
	char text[400];

	w->workers_die = true;
	world_daemon(w, 2, NULL);
	world_qemu(w, 0, GUEST_FEATURES);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_client(w, 1, 1);
	world_check_console(w, 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		must(daemon_log_count(&w->daemon, "front-end detached") == 0,
		     "disconnected after %u crashes", i);
		daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	}
	fe_expect_end(&w->fe[0]);
	tclient_read_to(&w->client[0], "was reset]\r\n", text, sizeof(text));
	/* The same client, another guest; next door nothing happened. */
	fe_close(&w->fe[0]);
	guest_destroy(&w->guest[0]);
	guest_like_qemu(&w->guest[0], 64);
	fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_qemu_realize(&w->fe[0], &w->guest[0], ~0ULL);
	fe_qemu_start(&w->fe[0], &w->guest[0], GUEST_FEATURES);
	guest_boot(&w->guest[0]);
	world_check_console(w, 0, 0);
	world_check_console(w, 1, 1);
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	world_end(w);
}

/* Each of these had something done before it. */
static void progress_leads_back_up(void **state)
{
	struct world *w = *state;

	w->workers_die = true;
	world_simple(w);
	for (unsigned int i = 0; i < 5; i++) {
		world_check_console(w, 0, 0);
		daemon_kill_worker(&w->daemon, 0, i % 2 ? SIGBUS : SIGSEGV);
	}
	world_check_console(w, 0, 0);
	must(daemon_log_count(&w->daemon, "; resuming in ") == 5,
	     "%u were just resumed",
	     daemon_log_count(&w->daemon, "; resuming in "));
	world_end(w);
}

/* A message is something done as well; what is only repeated is not. */
static void what_counts_as_progress(void **state)
{
	struct world *w = *state;

	w->workers_die = true;
	world_simple(w);
	world_check_console(w, 0, 0);
	daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	fe_barrier(&w->fe[0]);
	daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	must(daemon_log_count(&w->daemon, "without the open chains") == 0,
	     "an answer to the front-end does not count");
	/* It serves: all it publishes again is published. */
	process_stop(daemon_worker(&w->daemon, 0, 0));
	daemon_kill_worker(&w->daemon, 0, SIGKILL);
	wait_time(200);
	daemon_kill_worker(&w->daemon, 0, SIGSEGV);
	daemon_log_wait(&w->daemon, "without the open chains", 1);
	world_end(w);
}

/* A state that comes from whoever broke the filter is not used again. */
static void sigsys_is_a_clean_slate(void **state)
{
	struct world *w = *state;
	char text[400];

	w->workers_die = true;
	world_daemon(w, 1, NULL);
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	daemon_kill_worker(&w->daemon, 0, SIGSYS);
	fe_expect_end(&w->fe[0]);
	tclient_read_to(&w->client[0], "was reset]\r\n", text, sizeof(text));
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(open_output_chain),
		WORLD_TEST(killed_while_skipping),
		WORLD_TEST(skipped_output_is_announced),
		WORLD_TEST(control_from_the_guest),
		WORLD_TEST(control_to_the_guest),
		WORLD_TEST(clean_slate_in_the_end),
		WORLD_TEST(progress_leads_back_up),
		WORLD_TEST(what_counts_as_progress),
		WORLD_TEST(sigsys_is_a_clean_slate),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
