/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Echo is measured in turns: with nothing else, with processes that only burn
 * CPU time, with the load at another daemon, with the load at ours. What the
 * last one costs beyond the one before is the daemon's doing; all else is what
 * it costs anyone to share a machine.
 */
#include "bench/neighbours.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/echo.h"
#include "tests/lib/must.h"
#include "tests/lib/process.h"
#include "tests/lib/town.h"
#include "tests/lib/wait.h"

#define ECHOES		100		/* of a turn */
#define SETTLE_MS	10
#define BURNERS		4

enum turn { ALONE, BURN, ELSEWHERE, HERE, TURNS };

/* A load keeps two busy, the guest and the worker; typing soon waits. */
static const struct row {
	const char *name;
	bool load[TOWN_LOADS];
	unsigned int burners;
} rows[] = {
	{ "flood", { [TOWN_FLOOD] = true }, 2 },
	{ "stalled", { [TOWN_STALL] = true }, 2 },
	{ "typing", { [TOWN_TYPE] = true }, 1 },
	{ "all", { true, true, true }, BURNERS },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static struct town ours, other;
static struct hog burner[BURNERS];

enum { LOOKS = 4 };

static struct {
	long rss, pss;
} memory[TOWN_LOADS + 1][LOOKS];

static void look(unsigned int n)
{
	for (unsigned int i = 0; i <= TOWN_LOADS; i++) {
		pid_t pid = i < TOWN_LOADS ? ours.worker[i] : ours.daemon.pid;

		memory[i][n].rss = process_rss_kb(pid);
		memory[i][n].pss = process_pss_kb(pid);
	}
}

/* Only root may ask for another process's share of what is shared. */
static void show_kb(long kb)
{
	if (kb < 0)
		printf("%7s", "-");
	else
		printf("%7ld", kb);
}

static void show_memory(void)
{
	static const char *const names[] = {
		"flood", "stalled", "typing", "superv.",
	};

	printf("\n%-9s%15s%15s%15s%15s\n%-9s", "memory", "start", "warm",
	       "middle", "end", "KiB");
	for (unsigned int n = 0; n < LOOKS; n++)
		printf("%8s%7s", "RSS", "PSS");
	putchar('\n');
	for (unsigned int i = 0; i <= TOWN_LOADS; i++) {
		printf("%-9s", names[i]);
		for (unsigned int n = 0; n < LOOKS; n++) {
			printf("%8ld", memory[i][n].rss);
			show_kb(memory[i][n].pss);
		}
		putchar('\n');
	}
}

static void only_cpu(cpu_set_t *set, int cpu)
{
	CPU_ZERO(set);
	CPU_SET(cpu, set);
}

/* What is measured on the first CPU and loads on the last, or all anywhere. */
static void place_all(const cpu_set_t *cpus, bool apart)
{
	cpu_set_t loaded = *cpus, rest = *cpus;
	int first = 0, last = CPU_SETSIZE - 1;

	while (!CPU_ISSET(first, cpus))
		first++;
	while (!CPU_ISSET(last, cpus))
		last--;
	if (apart) {
		only_cpu(&rest, first);
		only_cpu(&loaded, last);
	}
	must(sched_setaffinity(0, sizeof(rest), &rest) == 0,
	     "sched_setaffinity: errno %d", errno);
	town_place(&ours, &loaded, &rest);
	town_place(&other, &loaded, &rest);
	for (unsigned int i = 0; i < BURNERS; i++)
		must(sched_setaffinity(burner[i].pid, sizeof(loaded),
				       &loaded) == 0,
		     "sched_setaffinity: errno %d", errno);
}

static void begin_turn(const struct row *row, enum turn turn)
{
	for (unsigned int i = 0; turn == BURN && i < row->burners; i++)
		hog_go(&burner[i]);
	if (turn >= ELSEWHERE)
		town_load(turn == HERE ? &ours : &other, row->load);
	wait_time(SETTLE_MS);
}

static void end_turn(const struct row *row, enum turn turn)
{
	for (unsigned int i = 0; turn == BURN && i < row->burners; i++)
		hog_halt(&burner[i]);
	if (turn >= ELSEWHERE)
		town_rest(turn == HERE ? &ours : &other, row->load);
	wait_time(SETTLE_MS);
}

static void take_turn(const struct row *row, enum turn turn, uint64_t *us)
{
	uint64_t before, due = 0;

	begin_turn(row, turn);
	before = town_printed(&ours, row->load);
	for (unsigned int i = 0; i < ECHOES; i++)
		us[i] = echo_paced(&ours.guest[TOWN_QUIET],
				   &ours.client[TOWN_QUIET], &due);
	must(turn != HERE || row->load[TOWN_TYPE] ||
	     town_printed(&ours, row->load) > before, "no load");
	end_turn(row, turn);
}

static void show(const struct row *row, const char *place,
		 const struct echo_times *t)
{
	printf("%-9s%-9s", row->name, place);
	for (unsigned int i = 0; i < TURNS; i++)
		printf("%7llu%7llu", (unsigned long long)t[i].p50,
		       (unsigned long long)t[i].p99);
	printf("%7.2f%6.2f\n",
	       (double)t[HERE].p50 / (double)t[ELSEWHERE].p50,
	       (double)t[HERE].p99 / (double)t[ELSEWHERE].p99);
	fflush(stdout);
}

/* No kind of turn always comes after the same other one. */
static enum turn nth_turn(unsigned int round, unsigned int i)
{
	unsigned int turn = (i + round / 2) % TURNS;

	return round % 2 ? TURNS - 1 - turn : turn;
}

static void measure(const struct row *row, const char *place,
		    unsigned int rounds)
{
	struct echo_times times[TURNS];
	uint64_t *us[TURNS];

	for (unsigned int i = 0; i < TURNS; i++) {
		us[i] = calloc(rounds, ECHOES * sizeof(*us[i]));
		must(us[i] != NULL, "out of memory");
	}
	for (unsigned int n = 0; n < rounds; n++)
		for (unsigned int i = 0; i < TURNS; i++) {
			enum turn turn = nth_turn(n, i);

			take_turn(row, turn, us[turn] + n * ECHOES);
		}
	for (unsigned int i = 0; i < TURNS; i++) {
		times[i] = echo_times(us[i], rounds * ECHOES);
		free(us[i]);
	}
	show(row, place, times);
}

static void measure_all(const char *place, unsigned int rounds)
{
	for (unsigned int i = 0; i < ROWS; i++)
		measure(&rows[i], place, rounds);
}

static void show_head(void)
{
	printf("\n%-18s%14s%14s%14s%14s%13s\n", "echo beside", "alone us",
	       "burners us", "elsewhere us", "here us", "to elsewh.");
	printf("%-9s%-9s", "load", "on");
	for (unsigned int i = 0; i < TURNS; i++)
		printf("%7s%7s", "p50", "p99");
	printf("%7s%6s\n", "p50", "p99");
}

void neighbours(unsigned int rounds)
{
	const char *const *options = DAEMON_OPTIONS("--notices", "off");
	const bool *all = rows[ROWS - 1].load;
	cpu_set_t cpus;

	must(sched_getaffinity(0, sizeof(cpus), &cpus) == 0,
	     "sched_getaffinity: errno %d", errno);
	town_open(&ours, options);
	town_open(&other, options);
	for (unsigned int i = 0; i < BURNERS; i++)
		hog_start(&burner[i], HOG_CPU, NULL, NULL);
	look(0);
	town_warm_up(&ours, all);
	town_warm_up(&other, all);
	look(1);
	show_head();
	if (CPU_COUNT(&cpus) > 1) {
		place_all(&cpus, true);
		measure_all("own CPU", rounds);
	}
	look(2);
	place_all(&cpus, false);
	measure_all("any CPU", rounds);
	look(3);
	show_memory();
	for (unsigned int i = 0; i < BURNERS; i++)
		hog_end(&burner[i]);
	town_close(&ours);
	town_close(&other);
}
