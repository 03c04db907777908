/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <poll.h>
#include <stdio.h>

#include "common/ctl.h"
#include "tests/lib/world.h"

#define SEVERAL		5
#define STORM		300

static void each_sees_all_and_may_type(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];

	world_simple(w);
	for (unsigned int i = 1; i < SEVERAL; i++) {
		world_client(w, i, 0);
		world_await_client(w, 0, i);
	}
	pump_print(g, w->client, SEVERAL, 0, 2000000, 1000);
	for (unsigned int i = 0; i < SEVERAL; i++) {
		char text[32];

		snprintf(text, sizeof(text), "client %u types", i);
		tclient_type(&w->client[i], text);
		guest_expect_text(g, text);
	}
	for (unsigned int i = 0; i < SEVERAL; i++)
		pump_paste(&w->client[i], g, i, 100000);
	world_end(w);
}

/* Two paste at once: every byte of both arrives, each in its own order. */
static void two_paste_at_once(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	char buf[4096], upper = 'A', lower = 'a';
	unsigned int sent[2] = { 0 }, got = 0;

	world_simple(w);
	world_client(w, 1, 0);
	while (got < 2 * 26000) {
		for (unsigned int i = 0; i < 2; i++)
			while (sent[i] < 26000 && sent[i] * 2 <= got + 8000) {
				char c = (char)((i == 0 ? 'A' : 'a') +
						sent[i] % 26);

				tclient_send(&w->client[i], &c, 1);
				sent[i]++;
			}
		for (size_t n = guest_read(g, buf, sizeof(buf), WAIT_MS), i = 0;
		     i < n; i++, got++) {
			char *next = buf[i] >= 'a' ? &lower : &upper;

			must(buf[i] == *next, "'%c' came, '%c' was due", buf[i],
			     *next);
			*next = (char)(*next + 1);
			if (*next == 'z' + 1 || *next == 'Z' + 1)
				*next = (char)(*next - 26);
		}
		must(got > 0, "no input");
	}
	guest_expect_no_input(g, 20);
	world_end(w);
}

/* nc -N: the end of its input is not the end of its interest. */
static void half_closed_client_gets_output(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	char drop[4096];
	long cpu;

	world_simple(w);
	tclient_type(&w->client[0], "last words");
	tclient_half_close(&w->client[0]);
	guest_expect_text(g, "last words");
	cpu = process_cpu_ms(w->worker[0]);
	for (unsigned int i = 0; i < 5; i++) {
		guest_print_text(g, "still here ");
		tclient_expect_text(&w->client[0], "still here ");
		wait_time(60);
	}
	cpu = process_cpu_ms(w->worker[0]) - cpu;
	must(cpu < 100, "a half-closed client costs %ld ms of 300", cpu);
	/* Another one's input is its own matter. */
	world_client(w, 1, 0);
	tclient_type(&w->client[1], "mine");
	guest_expect_text(g, "mine");
	/* It may be told what perhaps nobody has seen. */
	tclient_read_quiet(&w->client[1], drop, sizeof(drop), 100);
	pump_print(g, w->client, 2, 0, 500000, 1000);
	world_end(w);
}

/* Connects, resets and vanishes in all ways; a bystander misses nothing. */
static void connection_storm(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	char line[32];

	world_simple(w);
	for (unsigned int i = 0; i < STORM; i++) {
		struct tclient c;

		tclient_open(&c, w->daemon.port, 0);
		if (i % 4 == 1)
			tclient_half_close(&c);
		snprintf(line, sizeof(line), "storm %u\r\n", i);
		guest_print_text(g, line);
		if (i % 2 == 0)
			tclient_reset(&c);
		else
			tclient_close(&c);
		tclient_expect_text(&w->client[0], line);
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

/* As many as there are places; one more is turned away, at once. */
static void one_client_too_many(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	struct tclient c[CLIENTS_MAX + 1];

	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		tclient_open(&c[i], w->daemon.port, 0);
		tclient_type(&c[i], "hello");
		guest_expect_text(g, "hello");
	}
	tclient_open(&c[CLIENTS_MAX], w->daemon.port, 0);
	tclient_expect_end(&c[CLIENTS_MAX]);
	tclient_close(&c[CLIENTS_MAX]);
	pump_print(g, c, CLIENTS_MAX, 0, 200000, 1000);
	/* A place that becomes free is free. */
	tclient_close(&c[3]);
	daemon_log_wait(&w->daemon, "detached", 1);
	tclient_open(&c[3], w->daemon.port, 0);
	tclient_type(&c[3], "hello");
	guest_expect_text(g, "hello");
	pump_print(g, c, CLIENTS_MAX, 0, 200000, 1000);
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		tclient_close(&c[i]);
	world_end(w);
}

/* Nobody reads for a while: the next one gets what the last one did not. */
static void output_between_clients(void **state)
{
	struct world *w = *state;
	struct guest *g = &w->guest[0];
	uint64_t at = 0;

	world_simple(w);
	for (unsigned int i = 0; i < 20; i++) {
		guest_print_pattern(g, at, 700);
		tclient_expect_pattern(&w->client[0], at, 700);
		at += 700;
		tclient_close(&w->client[0]);
		/* It is gone once another front-end's words would say so. */
		daemon_log_wait(&w->daemon, "detached", i + 1);
		fe_barrier(&w->fe[0]);
		guest_print_pattern(g, at, 5000);
		world_client(w, 0, 0);
		tclient_expect_pattern(&w->client[0], at, 5000);
		at += 5000;
	}
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(each_sees_all_and_may_type),
		WORLD_TEST(two_paste_at_once),
		WORLD_TEST(half_closed_client_gets_output),
		WORLD_TEST(connection_storm),
		WORLD_TEST(one_client_too_many),
		WORLD_TEST(output_between_clients),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("clients", tests, NULL, NULL);
}
