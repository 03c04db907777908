/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/town.h"

#include <errno.h>

#include "tests/lib/echo.h"
#include "tests/lib/fe-setup.h"
#include "tests/lib/gconsole.h"
#include "tests/lib/must.h"

#define RING_NUM	64
#define FEATURES	(F_INDIRECT | F_EVENT_IDX | F_VERSION_1)
#define STOP_MS		5000

static const struct {
	enum hog_kind kind;
	uint64_t warm_up;		/* bytes */
} loads[TOWN_LOADS] = {
	[TOWN_FLOOD] = { HOG_FLOOD, 16 << 20 },
	/* until the client that does not read holds the guest no longer */
	[TOWN_STALL] = { HOG_STALL, 16 << 20 },
	/* more than the guest has room for */
	[TOWN_TYPE] = { HOG_TYPE, 512 << 10 },
};

static void open_console(struct town *t, unsigned int i)
{
	struct guest *g = &t->guest[i];

	guest_like_qemu(g, RING_NUM);
	fe_open(&t->fe[i], daemon_sock(&t->daemon, i));
	fe_qemu_realize(&t->fe[i], g, ~0ULL);
	fe_qemu_start(&t->fe[i], g, FEATURES);
	guest_boot(g);
	tclient_open(&t->client[i], t->daemon.port + i, 0);
	echo_once(g, &t->client[i]);
	t->worker[i] = daemon_worker(&t->daemon, i, 0);
}

void town_open(struct town *t, const char *const *options)
{
	for (unsigned int i = 0; i < TOWN_CONSOLES; i++) {
		fe_init(&t->fe[i]);
		guest_init(&t->guest[i]);
		t->client[i].fd = -1;
	}
	daemon_start(&t->daemon, TOWN_CONSOLES, options);
	for (unsigned int i = 0; i < TOWN_CONSOLES; i++)
		open_console(t, i);
	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		hog_start(&t->hog[i], loads[i].kind, &t->guest[i],
			  &t->client[i]);
}

void town_close(struct town *t)
{
	for (unsigned int i = 0; i < TOWN_CONSOLES; i++)
		must(daemon_worker(&t->daemon, i, 0) == t->worker[i],
		     "the worker of console %u was replaced", i);
	daemon_stop(&t->daemon, STOP_MS);
	town_destroy(t);
}

void town_destroy(struct town *t)
{
	if (t->daemon.dir[0] == '\0')
		return;
	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		hog_end(&t->hog[i]);
	daemon_destroy(&t->daemon);
	for (unsigned int i = 0; i < TOWN_CONSOLES; i++) {
		tclient_close(&t->client[i]);
		fe_close(&t->fe[i]);
		guest_destroy(&t->guest[i]);
	}
}

void town_warm_up(struct town *t, const bool load[TOWN_LOADS])
{
	for (unsigned int i = 0; i < TOWN_LOADS; i++) {
		if (!load[i])
			continue;
		hog_go(&t->hog[i]);
		hog_await(&t->hog[i], loads[i].warm_up);
		if (loads[i].kind == HOG_TYPE)
			gring_await_all_used(&t->guest[i].ring[RX]);
		hog_halt(&t->hog[i]);
	}
}

void town_load(struct town *t, const bool load[TOWN_LOADS])
{
	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		if (load[i])
			hog_go(&t->hog[i]);
}

void town_rest(struct town *t, const bool load[TOWN_LOADS])
{
	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		if (load[i])
			hog_halt(&t->hog[i]);
}

uint64_t town_printed(const struct town *t, const bool load[TOWN_LOADS])
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		if (load[i] && i != TOWN_TYPE)
			sum += hog_moved(&t->hog[i]);
	return sum;
}

static void place(pid_t pid, const cpu_set_t *cpus)
{
	must(sched_setaffinity(pid, sizeof(*cpus), cpus) == 0,
	     "sched_setaffinity: errno %d", errno);
}

void town_place(const struct town *t, const cpu_set_t *loaded,
		const cpu_set_t *rest)
{
	place(t->daemon.pid, rest);
	place(t->worker[TOWN_QUIET], rest);
	for (unsigned int i = 0; i < TOWN_LOADS; i++) {
		place(t->worker[i], loaded);
		place(t->hog[i].pid, loaded);
	}
}
