/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/console.h"

#include <string.h>

#include "worker/pulse.h"
#include "worker/vu_proto.h"

/* VIRTIO 1.2, 5.3.4; little-endian */
#define CONFIG_MAX_NR_PORTS	4
#define CONFIG_EMERG_WR		8

static const uint8_t config_space[12] = { [CONFIG_MAX_NR_PORTS] = 1 };
static const struct timeval at_once;

static uint64_t head(const struct console *console)
{
	return STATE_CURRENT(&console->state->tx)->head;
}

static void plan(struct console *console, bool more)
{
	uint64_t ends = clients_hold_ends(&console->clients, head(console));

	if (more || (console->tx_held &&
		     clients_room(&console->clients, head(console))))
		event_add(console->again_ev, &at_once);
	if (console->tx_held && ends) {
		struct timeval tv = {
			.tv_sec = (time_t)(ends / 1000000),
			.tv_usec = (suseconds_t)(ends % 1000000),
		};

		event_add(console->hold_ev, &tv);
	} else {
		event_del(console->hold_ev);
	}
}

/*
 * A pass of everything; callbacks may come here from within (a client that is
 * closed, a ring that starts), the pass under way then covers them.
 */
void console_service(struct console *console)
{
	bool more, working;

	if (console->serving) {
		event_add(console->again_ev, &at_once);
		return;
	}
	console->serving = true;
	working = pulse_begin(console->state);
	clients_charge(&console->clients, head(console), console->tx_held);
	more = console_tx_drain(console);
	more |= clients_flush(&console->clients, head(console));
	clients_charge(&console->clients, head(console), console->tx_held);
	more |= console_rx_fill(console);
	more |= console_ctrl_service(console);
	console->serving = false;
	if (working)
		pulse_end(console->state);
	plan(console, more);
}

void console_flush(struct console *console)
{
	console_tx_drain(console);
	clients_flush(&console->clients, head(console));
}

static void again_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	console_service(arg);
}

static void clients_ready(void *arg)
{
	console_service(arg);
}

void console_init(struct console *console, struct console_state *state,
		  const struct worker_config *config, struct event_base *base)
{
	memset(console, 0, sizeof(*console));
	console->state = state;
	console->config = config;
	console->ring = (struct ring){
		.buf = (unsigned char *)state + STATE_RING_OFFSET,
		.size = state->ring_size,
		.tail = &state->tail,
	};
	pulse_init(state);
	console->again_ev = loop_event(base, -1, 0, again_cb, console);
	console->hold_ev = loop_event(base, -1, 0, again_cb, console);
	vu_init(&console->vu, state, config, &console_ops, console, base);
	clients_init(&console->clients, state, config, &console->ring, base,
		     clients_ready, console);
}

static uint64_t device_features(void *dev, int config)
{
	(void)dev;
	if (!config)
		return 0;
	return BIT64(VIRTIO_CONSOLE_F_MULTIPORT) |
	       BIT64(VIRTIO_CONSOLE_F_EMERG_WRITE);
}

static void config_read(void *dev, uint32_t offset, void *out, uint32_t len)
{
	(void)dev;
	memset(out, 0, len);
	if (offset >= sizeof(config_space))
		return;
	if (len > sizeof(config_space) - offset)
		len = (uint32_t)sizeof(config_space) - offset;
	memcpy(out, config_space + offset, len);
}

/*
 * QEMU writes back the whole space whatever the guest wrote: only emerg_wr
 * means something, and its low byte is the character.
 */
static uint32_t config_write(void *dev, uint32_t offset, const void *in,
			     uint32_t len, char *say)
{
	(void)dev;
	if (offset > CONFIG_EMERG_WR || len <= CONFIG_EMERG_WR - offset)
		return 0;
	say[0] = ((const char *)in)[CONFIG_EMERG_WR - offset];
	return 1;
}

static void ring_start(void *dev, unsigned int index,
		       const struct state_ring *ring)
{
	struct console *console = dev;

	switch (index) {
	case CONSOLE_RX:
		console_rx_start(console, ring);
		break;
	case CONSOLE_TX:
		console_tx_start(console, ring);
		break;
	default:
		console_ctrl_start(console, index, ring);
		break;
	}
}

static uint16_t base_of(const struct state_ring_pos *pos,
			const struct state_ring *ring)
{
	return pos->gen == ring->gen ? pos->avail : ring->base;
}

static uint16_t ring_base(void *dev, unsigned int index,
			  const struct state_ring *ring)
{
	struct console *console = dev;
	struct console_state *state = console->state;

	switch (index) {
	case CONSOLE_RX:
		return console_rx_base(console, ring);
	case CONSOLE_TX:
		return base_of(&STATE_CURRENT(&state->tx)->ring, ring);
	case CONSOLE_CTRL_RX:
		return base_of(&STATE_CURRENT(&state->ctrl)->to_guest, ring);
	default:
		return base_of(&STATE_CURRENT(&state->ctrl)->from_guest, ring);
	}
}

static uint32_t ring_taken(void *dev, unsigned int index,
			   const struct state_ring *ring)
{
	struct console *console = dev;
	const struct state_ring_pos *pos =
		&STATE_CURRENT(&console->state->tx)->ring;

	/* the other queues leave no chain open */
	return index == CONSOLE_TX && pos->gen == ring->gen ? pos->off : 0;
}

static void ring_ready(void *dev, unsigned int index)
{
	(void)index;
	console_service(dev);
}

static void skip_open(void *dev)
{
	struct console *console = dev;

	console_tx_skip(console);
	console_rx_skip(console);
	console_ctrl_skip(console);
}

static void say(void *dev)
{
	console_say(dev);
	console_service(dev);
}

const struct device_ops console_ops = {
	.features = device_features,
	.config_read = config_read,
	.config_write = config_write,
	.ring_start = ring_start,
	.ring_base = ring_base,
	.ring_taken = ring_taken,
	.ring_ready = ring_ready,
	.skip_open = skip_open,
	.say = say,
};
