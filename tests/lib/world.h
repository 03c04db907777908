/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What nearly every protocol test stands on: a daemon, front-ends with guests,
 * clients. A test calls world_end() when it is content; whatever happened,
 * the teardown leaves no process and no file behind.
 */
#ifndef TESTS_LIB_WORLD_H
#define TESTS_LIB_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/client.h"
#include "tests/lib/daemon.h"
#include "tests/lib/fe-setup.h"
#include "tests/lib/gconsole.h"
#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/process.h"
#include "tests/lib/pump.h"
#include "tests/lib/wait.h"

#define WORLD_CONSOLES	4
#define WORLD_CLIENTS	8

struct world {
	struct daemon daemon;
	struct frontend fe[WORLD_CONSOLES];
	struct guest guest[WORLD_CONSOLES];
	struct tclient client[WORLD_CLIENTS];
	pid_t worker[WORLD_CONSOLES];
	bool workers_die;		/* world_end() then does not mind */
};

#define WORLD_TEST(f)	\
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int world_setup(void **state);
int world_teardown(void **state);

/* A daemon for @consoles with these options and nothing else. */
void world_daemon(struct world *w, unsigned int consoles,
		  const char *const *options);

/* The same without notices, as most tests want to see bare streams. */
void world_quiet_daemon(struct world *w, unsigned int consoles);

/* A front-end like QEMU or UML with its guest, booted. */
void world_qemu(struct world *w, unsigned int console, uint64_t features);
void world_uml(struct world *w, unsigned int console, uint64_t features);

/* The front-end goes, and another one comes, with a guest that starts afresh. */
void world_next_qemu(struct world *w, unsigned int console, uint64_t features);

/* A quiet daemon, a QEMU guest with all that is offered, client 0. */
void world_simple(struct world *w);

struct tclient *world_client(struct world *w, unsigned int i,
			     unsigned int console);

/*
 * Connecting is not yet being served: what a guest prints before that is a
 * backlog. Once the guest has what the client typed, it is.
 */
void world_await_client(struct world *w, unsigned int console,
			unsigned int client);

/* Drops what is on its way from before, in both directions. */
void world_drop_old(struct world *w, unsigned int console,
		    unsigned int client);

/* The guest's view of a console that works, in both directions. */
void world_check_console(struct world *w, unsigned int console,
			 unsigned int client);

/* SIGTERM and status 0; no worker died that was not to. */
void world_end(struct world *w);

/* For main(): argv[1], if there is one, chooses tests by name. */
void world_filter(int argc, char **argv);

/* What a guest usually takes of the features. */
#define GUEST_FEATURES	(F_MULTIPORT | F_EMERG_WRITE | F_INDIRECT | \
			 F_EVENT_IDX | F_VERSION_1)

#endif
