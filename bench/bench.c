/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/interruption.h"
#include "bench/load.h"
#include "bench/neighbours.h"
#include "common/parse.h"

#define MIB	(1024.0 * 1024.0)

static const char usage[] =
	"usage: bench [--limit] [--mib N] [--echoes N] [--kills N]\n"
	"             [--rounds N] [--neighbours]\n"
	"\n"
	"Measures $VDC_DAEMON, or ./vhost-device-console.\n"
	"  --limit      also an ideal backend, and how the daemon compares\n"
	"  --mib N      MiB for each stream (64)\n"
	"  --echoes N   round trips for echo (20000)\n"
	"  --kills N    workers killed to see what a client notices (400)\n"
	"  --rounds N   turns of a console beside a loaded one (25)\n"
	"  --neighbours only these turns\n";

static struct {
	bool limit;
	uint64_t mib;
	uint64_t echoes;
	uint64_t kills;
	uint64_t rounds;
	bool neighbours;
} options = { .mib = 64, .echoes = 20000, .kills = 400, .rounds = 25 };

/* Chains of the kernel's messages, of a line, and of a program's output. */
static const uint32_t chains[] = { 16, 80, 512, 4096 };

static void open_rig(struct rig *rig, bool ideal)
{
	if (ideal)
		rig_open_ideal(rig);
	else
		rig_open_daemon(rig);
}

/* Small chains take longer: they get less to do. */
static uint64_t tx_bytes(uint32_t chain)
{
	uint64_t bytes = options.mib << 20;

	return chain < 512 ? bytes * chain / 512 : bytes;
}

static struct result tx(bool ideal, uint32_t chain)
{
	struct rig rig;
	struct result r;

	open_rig(&rig, ideal);
	r = load_tx(&rig, tx_bytes(chain), chain);
	rig_close(&rig);
	return r;
}

static struct result rx(bool ideal)
{
	struct rig rig;
	struct result r;

	open_rig(&rig, ideal);
	r = load_rx(&rig, options.mib << 20);
	rig_close(&rig);
	return r;
}

static struct result echo(bool ideal)
{
	struct rig rig;
	struct result r;

	open_rig(&rig, ideal);
	r = load_echo(&rig, (unsigned int)options.echoes);
	rig_close(&rig);
	return r;
}

static double rate(const struct result *r)
{
	return (double)r->bytes / MIB / r->seconds;
}

static void show_cpu(const struct result *r)
{
	printf("%11.2f", (double)r->cpu_us / (double)r->chains);
}

static void show_stream(const char *name, const struct result *daemon,
			const struct result *limit)
{
	printf("%-9s%10.1f%11.0f", name, rate(daemon),
	       (double)daemon->chains / daemon->seconds);
	show_cpu(daemon);
	if (limit) {
		printf("%10.1f%11.0f", rate(limit),
		       (double)limit->chains / limit->seconds);
		show_cpu(limit);
		printf("%8.2f", rate(daemon) / rate(limit));
	}
	putchar('\n');
	fflush(stdout);
}

static void show_echo(const struct result *daemon, const struct result *limit)
{
	printf("\n%-9s%10s%10s%10s%11s\n", "echo", "p50 us", "p99 us", "max us",
	       "cpu us");
	printf("%-9s%10.0f%10.0f%10.0f", "daemon", daemon->p50_us,
	       daemon->p99_us, daemon->worst_us);
	show_cpu(daemon);
	putchar('\n');
	if (!limit)
		return;
	printf("%-9s%10.0f%10.0f%10.0f", "limit", limit->p50_us, limit->p99_us,
	       limit->worst_us);
	show_cpu(limit);
	printf("\n%-9s%10.2f%10.2f\n", "ratio",
	       daemon->p50_us / limit->p50_us, daemon->p99_us / limit->p99_us);
}

/* What the interruption is to be on an idle machine. */
#define AIM_P50_US	5000
#define AIM_P99_US	15000

static void kill_workers(void)
{
	static const struct {
		const char *name;
		struct result (*measure)(struct rig *rig, unsigned int n);
	} kinds[] = {
		{ "key", interruption_of_echo },
		{ "stream", interruption_of_stream },
	};

	printf("\n%-9s%10s%10s%10s\n", "killed", "p50 us", "p99 us",
	       "max us");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct rig rig;
		struct result r;

		rig_open_daemon(&rig);
		r = kinds[i].measure(&rig, (unsigned int)options.kills);
		rig_close(&rig);
		printf("%-9s%10.0f%10.0f%10.0f\n", kinds[i].name, r.p50_us,
		       r.p99_us, r.worst_us);
		fflush(stdout);
	}
	printf("%-9s%10u%10u\n", "aim", AIM_P50_US, AIM_P99_US);
}

static void run(void)
{
	struct result daemon, limit = { 0 };
	struct result *shown = options.limit ? &limit : NULL;

	printf("%-9s%10s%11s%11s", "stream", "MiB/s", "chains/s",
	       "cpu us/ch.");
	if (options.limit)
		printf("%10s%11s%11s%8s", "limit", "chains/s", "cpu us/ch.",
		       "ratio");
	putchar('\n');
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		char name[24];

		snprintf(name, sizeof(name), "tx %u", chains[i]);
		daemon = tx(false, chains[i]);
		if (options.limit)
			limit = tx(true, chains[i]);
		show_stream(name, &daemon, shown);
	}
	daemon = rx(false);
	if (options.limit)
		limit = rx(true);
	show_stream("rx", &daemon, shown);
	daemon = echo(false);
	if (options.limit)
		limit = echo(true);
	show_echo(&daemon, shown);
	kill_workers();
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "limit", no_argument, NULL, 'l' },
		{ "mib", required_argument, NULL, 'm' },
		{ "echoes", required_argument, NULL, 'e' },
		{ "kills", required_argument, NULL, 'k' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "neighbours", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, err = 0;

	while ((option = getopt_long(argc, argv, "", long_options,
				     NULL)) != -1) {
		switch (option) {
		case 'l':
			options.limit = true;
			break;
		case 'm':
			err |= parse_number(optarg, 1, 65536, &options.mib);
			break;
		case 'e':
			err |= parse_number(optarg, 1, 100000000,
					    &options.echoes);
			break;
		case 'k':
			err |= parse_number(optarg, 1, 1000000,
					    &options.kills);
			break;
		case 'r':
			err |= parse_number(optarg, 1, 100000,
					    &options.rounds);
			break;
		case 'n':
			options.neighbours = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			err = 1;
		}
	}
	if (err || optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!options.neighbours)
		run();
	neighbours((unsigned int)options.rounds);
	return 0;
}
