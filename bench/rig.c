/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "bench/rig.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/fe-setup.h"
#include "tests/lib/gconsole.h"
#include "tests/lib/process.h"

#define RING_NUM	64		/* as QEMU's vhost-user-test-device */
#define STOP_MS		5000

/* One port, so that there is no handshake the ideal would have to know. */
#define FEATURES	(F_INDIRECT | F_EVENT_IDX | F_VERSION_1)

static void start(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fe_init(&rig->fe);
	guest_init(&rig->guest);
	guest_like_qemu(&rig->guest, RING_NUM);
}

void rig_open_daemon(struct rig *rig)
{
	struct guest *g = &rig->guest;

	start(rig);
	daemon_start(&rig->daemon, 1, DAEMON_OPTIONS("--notices", "off"));
	fe_open(&rig->fe, daemon_sock(&rig->daemon, 0));
	fe_qemu_realize(&rig->fe, g, ~0ULL);
	fe_qemu_start(&rig->fe, g, FEATURES);
	guest_boot(g);
	tclient_open(&rig->client, rig->daemon.port, 0);
}

void rig_open_ideal(struct rig *rig)
{
	struct guest *g = &rig->guest;

	start(rig);
	rig->is_ideal = true;
	for (unsigned int i = 0; i < RINGS; i++) {
		gring_fds_like_qemu(&g->ring[i]);
		g->ring[i].event_idx = true;
	}
	tclient_open(&rig->client, ideal_listen(&rig->ideal), 0);
	ideal_start(&rig->ideal, &g->ring[RX], &g->ring[TX]);
	guest_boot(g);
}

void rig_close(struct rig *rig)
{
	tclient_close(&rig->client);
	if (rig->is_ideal) {
		ideal_stop(&rig->ideal);
	} else {
		fe_close(&rig->fe);
		daemon_stop(&rig->daemon, STOP_MS);
		daemon_destroy(&rig->daemon);
	}
	guest_destroy(&rig->guest);
}

/* A worker's accounted time comes in ticks; the scheduler's is exact. */
static uint64_t worker_cpu_us(const struct rig *rig)
{
	pid_t pid = daemon_worker(&rig->daemon, 0, 0);
	unsigned long long ns = 0;
	char path[40];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%llu", &ns) != 1)
		ns = 1000000 * (unsigned long long)process_cpu_ms(pid);
	if (file != NULL)
		fclose(file);
	return ns / 1000;
}

uint64_t rig_cpu_us(const struct rig *rig)
{
	if (rig->is_ideal)
		return ideal_cpu_us(&rig->ideal);
	return worker_cpu_us(rig);
}
