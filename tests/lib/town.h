/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A daemon with a console under each kind of load and one that is quiet. The
 * loads come and go as they are told.
 */
#ifndef TESTS_LIB_TOWN_H
#define TESTS_LIB_TOWN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/lib/client.h"
#include "tests/lib/daemon.h"
#include "tests/lib/frontend.h"
#include "tests/lib/guest.h"
#include "tests/lib/hog.h"

enum town_console {
	TOWN_FLOOD, TOWN_STALL, TOWN_TYPE,
	TOWN_LOADS, TOWN_QUIET = TOWN_LOADS,
	TOWN_CONSOLES
};

struct town {
	struct daemon daemon;
	struct frontend fe[TOWN_CONSOLES];
	struct guest guest[TOWN_CONSOLES];
	struct tclient client[TOWN_CONSOLES];
	pid_t worker[TOWN_CONSOLES];
	struct hog hog[TOWN_LOADS];
};

/* A zeroed one. @options as daemon_start() takes them. */
void town_open(struct town *t, const char *const *options);

/* All workers have to be those of the beginning. */
void town_close(struct town *t);

/* For a failed test too. */
void town_destroy(struct town *t);

/* Each of the loads at work until it has had the effect it is to have. */
void town_warm_up(struct town *t, const bool load[TOWN_LOADS]);

/* Loads are on from here, and off once it returns. */
void town_load(struct town *t, const bool load[TOWN_LOADS]);
void town_rest(struct town *t, const bool load[TOWN_LOADS]);

/* Bytes printed by those of the loads that never stop printing. */
uint64_t town_printed(const struct town *t, const bool load[TOWN_LOADS]);

/* CPUs for what is loaded, and for the rest. */
void town_place(const struct town *t, const cpu_set_t *loaded,
		const cpu_set_t *rest);

#endif
