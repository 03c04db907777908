/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The virtio-console device (VIRTIO 1.2, 5.3): which queue is what, and the
 * bytes between guest and clients. Sees spans of bytes; descriptors and guest
 * addresses stay below.
 */
#ifndef WORKER_CONSOLE_H
#define WORKER_CONSOLE_H

#include <stdbool.h>

#include "worker/clients.h"
#include "worker/device.h"
#include "worker/ring.h"
#include "worker/vu.h"

#define VIRTIO_CONSOLE_F_MULTIPORT	1
#define VIRTIO_CONSOLE_F_EMERG_WRITE	2

struct console {
	struct console_state *state;
	const struct worker_config *config;
	struct vu vu;
	struct ring ring;
	struct clients clients;
	struct event *again_ev;		/* more to do, others first */
	struct event *hold_ev;		/* a client's budget ends */
	bool serving;
	bool tx_held;			/* the guest waits for room */
	struct vring_chain chain;	/* scratch */
};

void console_init(struct console *console, struct console_state *state,
		  const struct worker_config *config,
		  struct event_base *base);

/* Moves what can be moved, in every direction, within a budget. */
void console_service(struct console *console);

/* What is already printed goes out as far as clients take it at once. */
void console_flush(struct console *console);

extern const struct device_ops console_ops;

/*
 * By queue: _drain, _fill and _service return true if there is more to do at
 * once; _skip completes the next chain as it stands, with length 0, unless
 * that was done for this start (config.skip) before.
 */

/* console_tx.c */
void console_tx_start(struct console *console,
		      const struct state_ring *ring);
bool console_tx_drain(struct console *console);
void console_say(struct console *console);
void console_tx_skip(struct console *console);

/* console_rx.c */
void console_rx_start(struct console *console,
		      const struct state_ring *ring);
bool console_rx_fill(struct console *console);
void console_rx_skip(struct console *console);
uint16_t console_rx_base(const struct console *console,
			 const struct state_ring *ring);

/* console_ctrl.c */
void console_ctrl_start(struct console *console, enum console_queue queue,
			const struct state_ring *ring);
bool console_ctrl_service(struct console *console);
void console_ctrl_skip(struct console *console);

#endif
