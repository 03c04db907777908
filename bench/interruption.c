/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "bench/interruption.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "common/mono.h"
#include "tests/lib/echo.h"
#include "tests/lib/gconsole.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

/* Fewer than 50 kills a second: more are paced. */
#define KILL_EVERY_MS	30
#define AROUND_MS	25
#define CHAIN		4096

struct result interruption_of_echo(struct rig *rig, unsigned int n)
{
	uint64_t *us = calloc(n, sizeof(*us));
	struct result result = { .chains = n };
	pid_t worker = daemon_worker(&rig->daemon, 0, 0);

	must(us != NULL, "out of memory");
	for (unsigned int i = 0; i < n; i++) {
		uint64_t since;

		echo_once(&rig->guest, &rig->client);
		wait_time(KILL_EVERY_MS);
		since = mono_us();
		must(kill(worker, SIGKILL) == 0, "no worker to kill");
		echo_once(&rig->guest, &rig->client);
		us[i] = mono_us() - since;
		worker = daemon_worker(&rig->daemon, 0, worker);
	}
	load_percentiles(&result, us, n);
	free(us);
	return result;
}

static void print_all_that_fits(struct guest *g)
{
	struct gring *r = &g->ring[TX];

	guest_print_collect(g);
	while (r->nfree > 0)
		gring_add_own(r, CHAIN, false);
	gring_kick(r);
	gring_arm(r);
	guest_print_collect(g);
}

/* Streams for @ms; returns the longest time the client had to wait. */
static uint64_t longest_pause(struct rig *rig, unsigned int ms)
{
	static char buf[65536];
	struct gring *r = &rig->guest.ring[TX];
	uint64_t deadline = wait_until(ms), last = mono_us(), longest = 0;

	while (wait_left(deadline) > 0) {
		struct pollfd p[] = {
			{ rig->client.fd, POLLIN, 0 },
			{ r->call, POLLIN, 0 },
		};
		uint64_t now;

		print_all_that_fits(&rig->guest);
		must(poll(p, 2, WAIT_MS) > 0, "the stream stops");
		if (p[1].revents != 0)
			gring_calls(r);
		if (p[0].revents == 0)
			continue;
		must(tclient_read_some(&rig->client, buf, sizeof(buf)) >= 0,
		     "the console closed");
		now = mono_us();
		if (now - last > longest)
			longest = now - last;
		last = now;
	}
	return mono_us() - last > longest ? mono_us() - last : longest;
}

struct result interruption_of_stream(struct rig *rig, unsigned int n)
{
	uint64_t *us = calloc(n, sizeof(*us));
	struct result result = { .chains = n };
	pid_t worker = daemon_worker(&rig->daemon, 0, 0);

	must(us != NULL, "out of memory");
	for (unsigned int i = 0; i < n; i++) {
		longest_pause(rig, KILL_EVERY_MS - AROUND_MS);
		must(kill(worker, SIGKILL) == 0, "no worker to kill");
		us[i] = longest_pause(rig, AROUND_MS);
		worker = daemon_worker(&rig->daemon, 0, worker);
	}
	load_percentiles(&result, us, n);
	free(us);
	return result;
}
