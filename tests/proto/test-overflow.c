/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Someone who does not read: what it costs the guest, and the others.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/mono.h"
#include "tests/lib/world.h"

#define MIB		(1024 * 1024)
#define FLOOD		(10 * MIB)
#define WAIT_OPTION_MS	500
#define PROMPT_MS	500	/* 50 ms, and a machine ten times as slow */
#define NOTICED_MS	50	/* shorter waits may be the machine's */
#define MARK		"\r\n[vhost-device-console: "

static void start(struct world *w, const char *overflow, const char *notices)
{
	world_daemon(w, 1, DAEMON_OPTIONS("--notices", notices, "--overflow",
					  overflow, "--scrollback-size",
					  "64k"));
	world_qemu(w, 0, GUEST_FEATURES);
}

/* A client that will not read, with little room in its socket. */
static struct tclient *stuck_client(struct world *w, unsigned int i)
{
	tclient_open(&w->client[i], w->daemon.port, 4096);
	world_await_client(w, 0, i);
	return &w->client[i];
}

/*
 * Prints @len bytes of the pattern; returns the longest wait for a chain in
 * milliseconds, and adds all waits that one would notice to *@held.
 */
static uint64_t print_timed(struct guest *g, uint64_t at, size_t len,
			    uint64_t *held)
{
	uint64_t longest = 0;

	for (size_t done = 0; done < len; done += 4096) {
		uint64_t took = mono_us();

		guest_print_pattern(g, at + done, 4096);
		took = (mono_us() - took) / 1000;
		if (took > longest)
			longest = took;
		if (took >= NOTICED_MS)
			*held += took;
	}
	return longest;
}

static void t_01_no_client(void **state)
{
	static const char *const policy[] = { "drop-oldest", "wait:2000" };
	struct world *w = *state;

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t longest, held = 0;

		start(w, policy[i], "off");
		longest = print_timed(&w->guest[0], 0, MIB, &held);
		must(longest < PROMPT_MS, "%s: held for %llu ms", policy[i],
		     (unsigned long long)longest);
		world_end(w);
		world_teardown(state);
		world_setup(state);
		w = *state;
	}
}

static void t_01_stuck_client_drop_oldest(void **state)
{
	struct world *w = *state;
	uint64_t longest, held = 0;

	start(w, "drop-oldest", "off");
	stuck_client(w, 0);
	longest = print_timed(&w->guest[0], 0, FLOOD, &held);
	must(longest < PROMPT_MS, "held for %llu ms",
	     (unsigned long long)longest);
	world_end(w);
}

/* The budget is all that a stuck client can hold the guest for, in all. */
static void t_01_stuck_client_wait(void **state)
{
	struct world *w = *state;
	uint64_t held = 0;

	start(w, "wait:500", "off");
	stuck_client(w, 0);
	print_timed(&w->guest[0], 0, FLOOD, &held);
	must(held >= WAIT_OPTION_MS / 2 && held < WAIT_OPTION_MS + PROMPT_MS,
	     "held for %llu ms", (unsigned long long)held);
	held = 0;
	print_timed(&w->guest[0], 0, MIB, &held);
	must(held < PROMPT_MS, "held for %llu ms more",
	     (unsigned long long)held);
	world_end(w);
}

/* The other one reads, and gets everything, now. */
static void stuck_client_stalls_no_other(void **state, const char *overflow,
					 unsigned int most_ms)
{
	struct world *w = *state;
	uint64_t took;

	start(w, overflow, "off");
	stuck_client(w, 0);
	world_client(w, 1, 0);
	world_await_client(w, 0, 1);
	for (uint64_t at = 0; at < 2 * MIB; at += 8192) {
		took = mono_us();
		pump_print(&w->guest[0], &w->client[1], 1, at, 8192, 1024);
		took = (mono_us() - took) / 1000;
		must(took < most_ms + PROMPT_MS, "8 KiB take %llu ms",
		     (unsigned long long)took);
		tclient_type(&w->client[1], "t");
		guest_expect_text(&w->guest[0], "t");
	}
	world_end(w);
}

static void stuck_client_drop_oldest(void **state)
{
	stuck_client_stalls_no_other(state, "drop-oldest", 0);
}

static void stuck_client_wait(void **state)
{
	stuck_client_stalls_no_other(state, "wait:500", WAIT_OPTION_MS);
}

/* The guest is held for good, its other clients are not: they have all of it,
 * and may type. The end of the stuck one is the end of the wait.
 */
static void stuck_client_block(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	uint64_t at = 0, seen = 0;
	char buf[65536];

	start(w, "block", "off");
	stuck_client(w, 0);
	world_client(w, 1, 0);
	world_await_client(w, 0, 1);
	while (at < FLOOD) {
		struct gused used;
		long n;

		pattern_fill(buf, at, 4096);
		guest_print_start(g, buf, 4096);
		at += 4096;
		if (!gring_wait(&g->ring[TX], &used, 300))
			break;
		while ((n = tclient_read_some(&w->client[1], buf,
					      sizeof(buf))) > 0) {
			pattern_check(buf, seen, (size_t)n, "reader");
			seen += (uint64_t)n;
		}
	}
	must(at < FLOOD, "nothing holds the guest");
	tclient_type(&w->client[1], "may still type");
	guest_expect_text(g, "may still type");
	must(gring_outstanding(&g->ring[TX]) == 1, "the guest is not held");
	tclient_close(&w->client[0]);
	gring_expect(&g->ring[TX], 0);
	tclient_expect_pattern(&w->client[1], seen, at - seen);
	pump_print(g, &w->client[1], 1, 0, MIB, 4096);
	world_end(w);
}

/* It reads again: a mark says what is missing, then the present goes on. */
static void skipped_output_is_marked(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct tclient *c;
	char *text = calloc(1, 8 * MIB);
	char *at;
	size_t len;
	long n;

	must(text != NULL, "out of memory");
	start(w, "drop-oldest", "on");
	c = stuck_client(w, 0);
	memset(text, 'x', 4096);
	for (unsigned int i = 0; i < 1024; i++)
		guest_print(g, text, 4096);
	guest_print_text(g, "the end");
	for (len = 0; len < 7 || memcmp(text + len - 7, "the end", 7) != 0;) {
		must(wait_fd(c->fd, POLLIN, wait_until(WAIT_MS)),
		     "the present does not follow");
		n = tclient_read_some(c, text + len, 4096);
		must(n >= 0, "the console closed");
		len += (size_t)n;
		must(len < 4 * MIB, "nothing is skipped");
	}
	must(len > 65536, "%zu bytes came", len);
	at = memmem(text, len, MARK, strlen(MARK));
	must(at != NULL, "no mark");
	must(memchr(at, ']', len - (size_t)(at - text)) != NULL,
	     "the mark has no end");
	free(text);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* With --notices off the same is silent. */
static void skipped_output_without_notices(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct tclient *c;
	char *text = calloc(1, 8 * MIB);
	size_t len;

	must(text != NULL, "out of memory");
	start(w, "drop-oldest", "off");
	c = stuck_client(w, 0);
	memset(text, 'x', 4096);
	for (unsigned int i = 0; i < 1024; i++)
		guest_print(g, text, 4096);
	len = tclient_read_quiet(c, text, 8 * MIB - 1, 300);
	for (size_t i = 0; i < len; i++)
		must(text[i] == 'x', "byte %zu is 0x%02x", i,
		     (unsigned char)text[i]);
	free(text);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Slower than the guest, faster than 64 KiB/s: it gets every byte. */
static void steady_slow_reader_loses_nothing(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct tclient *c;
	uint64_t seen = 0, at = 0;
	char buf[4096];

	start(w, "wait:2000", "on");
	c = stuck_client(w, 0);
	while (seen < 512 * 1024) {
		long n;

		guest_print_collect(g);
		while (at < MIB && g->ring[TX].nfree > 0) {
			pattern_fill(buf, at, sizeof(buf));
			guest_print_start(g, buf, sizeof(buf));
			at += sizeof(buf);
		}
		must(wait_fd(c->fd, POLLIN, wait_until(WAIT_MS)), "stalled");
		n = tclient_read_some(c, buf, 2048);
		must(n >= 0, "the console closed");
		pattern_check(buf, seen, (size_t)n, "slow reader");
		seen += (uint64_t)n;
		wait_time(5);
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_01_no_client),
		WORLD_TEST(t_01_stuck_client_drop_oldest),
		WORLD_TEST(t_01_stuck_client_wait),
		WORLD_TEST(stuck_client_drop_oldest),
		WORLD_TEST(stuck_client_wait),
		WORLD_TEST(stuck_client_block),
		WORLD_TEST(skipped_output_is_marked),
		WORLD_TEST(skipped_output_without_notices),
		WORLD_TEST(steady_slow_reader_loses_nothing),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("overflow", tests, NULL, NULL);
}
