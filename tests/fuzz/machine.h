/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A whole worker in this process, with the other ends of its sockets. It dies
 * where the overseer says so and is followed by one that has nothing but the
 * state and the stored fds; of each death nothing may remain.
 */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fuzz/overseer.h"
#include "worker/console.h"

#define MACHINE_RING	UINT64_C(4096)	/* bytes of output kept */
#define MACHINE_STATE	(STATE_RING_OFFSET + MACHINE_RING)
#define MACHINE_FDS	256		/* none is higher */

struct machine {
	struct worker_config config;
	struct console_state *state;
	struct event_base *base;
	bool up;			/* false: it cannot be resumed */
	bool sound;			/* only workers changed the state */
	bool narrow;			/* few answers fit into the socket */
	uint64_t next_id;
	int frontend;			/* our end; -1: none */
	int client[CLIENTS_MAX];	/* our ends */
	void (*between)(struct machine *m);	/* two workers; or NULL */
	bool open_before[MACHINE_FDS];
	bool open_at_call[MACHINE_FDS];
};

void machine_start(struct machine *m, const struct worker_config *config);

/* All is freed and closed, or the run is a finding. */
void machine_stop(struct machine *m);

/*
 * Runs worker code: @call with @arg, and successors of a worker that dies in
 * it, until one lives. What @call would have gone on to do is lost with it.
 */
void machine_call(struct machine *m, void (*call)(struct machine *m,
						  uintptr_t arg),
		  uintptr_t arg);

/* @turns of the event loop. */
void machine_run(struct machine *m, unsigned int turns);

/* The worker ends here and now; another one goes on. */
void machine_replace(struct machine *m);

/* It is asked to end, hands out what can be, and is followed by another. */
void machine_end(struct machine *m);

/* The terminal is not the worker's for a while; or again. */
void machine_pause(struct machine *m, bool paused);

/* A clean slate, as the supervisor makes it when a worker gave up. */
void machine_reset(struct machine *m);

/* A new front-end, unless there is one; it hangs up. */
void machine_connect(struct machine *m);
void machine_disconnect(struct machine *m);

/* A new client in @slot that the supervisor has, and the worker not yet. */
void machine_offer(struct machine *m, unsigned int slot);

/* A new client in @slot, unless there is one; it hangs up. */
void machine_attach(struct machine *m, unsigned int slot);
void machine_detach(struct machine *m, unsigned int slot);

/* These two, which are taken over, as the terminal: client 0, if there is none. */
void machine_terminal(struct machine *m, int in, int out);

/* The client in slot @what / 16 comes, goes, reads or types. */
void machine_client(struct machine *m, uint8_t what);

/* The worker and the store have the fds that the session says, and no other. */
void machine_check_store(const struct machine *m);

/* The worker; its fields are for looking at. */
struct console *machine_console(void);

#endif
