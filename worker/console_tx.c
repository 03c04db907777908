/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Guest output. A chain is copied to the output ring and returned in the same
 * pass: Linux's put_chars() spins with interrupts off until it is.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "worker/console.h"
#include "worker/pulse.h"
#include "worker/ring_pos.h"

#define CHAINS_PER_PASS		64
#define BYTES_PER_PASS		(UINT64_C(256) * 1024)

static struct vq *tx_vq(struct console *console)
{
	return &console->vu.vq[CONSOLE_TX];
}

void console_tx_start(struct console *console, const struct state_ring *ring)
{
	struct console_state *state = console->state;
	const struct state_tx *now = STATE_CURRENT(&state->tx);
	struct state_tx *next = STATE_OTHER(&state->tx);

	if (now->ring.gen == ring->gen) {
		ring_pos_publish(&now->ring, tx_vq(console));
		if (now->ring.completed == COMPLETED_BREAKS)
			vu_break_ring(&console->vu, CONSOLE_TX,
				      "as found before");
		return;
	}
	*next = *now;
	ring_pos_start(&next->ring, ring, tx_vq(console));
	STATE_SWITCH(&state->tx);
}

/* Gives the chain at the avail index back, having taken all of it. */
static void finish_chain(struct console *console, struct state_tx *next)
{
	ring_pos_complete(&next->ring, console->chain.head, 0);
	if (console->chain.fatal)
		next->ring.completed = COMPLETED_BREAKS;
	STATE_SWITCH(&console->state->tx);
	ring_pos_publish(&next->ring, tx_vq(console));
	pulse_progress(console->state);
}

/* Takes what fits of the chain. Returns bytes taken, or -EAGAIN: no room. */
static int64_t take_chain(struct console *console)
{
	struct console_state *state = console->state;
	const struct vring_chain *chain = &console->chain;
	struct state_tx *next = STATE_OTHER(&state->tx);
	uint64_t len, room;

	*next = *STATE_CURRENT(&state->tx);
	len = chain->out_len > next->ring.off ?
		      chain->out_len - next->ring.off : 0;
	room = clients_room(&console->clients, next->head);
	if (len && !room)
		return -EAGAIN;
	if (len > room)
		len = room;
	ring_write(&console->ring, next->head, chain->span, chain->nout,
		   next->ring.off, len);
	next->head += len;
	if (next->ring.off + len >= chain->out_len) {
		finish_chain(console, next);
	} else {
		next->ring.off += (uint32_t)len;
		STATE_SWITCH(&state->tx);
		pulse_progress(state);
	}
	return (int64_t)len;
}

/* Returns bytes taken, or -errno: -EAGAIN no room, others no further chain. */
static int64_t next_chain(struct console *console)
{
	struct vq *vq = tx_vq(console);
	struct vring_chain *chain = &console->chain;
	uint16_t avail = STATE_CURRENT(&console->state->tx)->ring.avail;
	int err = vring_get(&vq->vr, avail, chain);

	if (!err)
		return take_chain(console);
	if (err == -EBADMSG) {
		struct state_tx *next = STATE_OTHER(&console->state->tx);

		log_limited(LOG_WARN, "output chain returned: %s",
			    chain->error);
		*next = *STATE_CURRENT(&console->state->tx);
		finish_chain(console, next);
		if (!chain->fatal)
			return 0;
	}
	vu_break_ring(&console->vu, CONSOLE_TX, chain->error);
	return -EPROTO;
}

enum drain { DRAIN_EMPTY, DRAIN_MORE, DRAIN_HELD };

static enum drain drain(struct console *console)
{
	struct vq *vq = tx_vq(console);
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < CHAINS_PER_PASS; i++) {
		uint16_t avail =
			STATE_CURRENT(&console->state->tx)->ring.avail;
		int pending = vring_pending(&vq->vr, avail);
		int64_t n;

		if (pending < 0) {
			vu_break_ring(&console->vu, CONSOLE_TX,
				      "avail index jumped");
			return DRAIN_EMPTY;
		}
		if (!pending) {
			if (!vring_kicks_on(&vq->vr, avail))
				return DRAIN_EMPTY;
			continue;
		}
		n = next_chain(console);
		if (n == -EAGAIN)
			return DRAIN_HELD;
		if (n < 0)
			return DRAIN_EMPTY;
		bytes += (uint64_t)n;
		if (bytes >= BYTES_PER_PASS)
			return DRAIN_MORE;
	}
	return DRAIN_MORE;
}

bool console_tx_drain(struct console *console)
{
	struct vq *vq = tx_vq(console);
	const struct state_tx *tx;
	uint16_t used;
	enum drain result;

	console->tx_held = false;
	if (!vq->running)
		return false;
	used = STATE_CURRENT(&console->state->tx)->ring.used;
	vring_kicks_off(&vq->vr);
	result = drain(console);
	tx = STATE_CURRENT(&console->state->tx);
	if (tx->ring.used != used)
		vq_notify(vq, tx->ring.used);
	console->tx_held = result == DRAIN_HELD;
	return result == DRAIN_MORE;
}

static void append_text(struct console *console, struct state_tx *next,
			const char *text, uint64_t len)
{
	const struct iovec iov = { (void *)text, len };

	ring_write(&console->ring, next->head, &iov, 1, 0, len);
	next->head += len;
}

/*
 * Text of our own, or a character of an emergency write: once, whoever died
 * since the session asked for it. It does not wait for room but with `block`,
 * where nothing may ever be lost and it is left out instead.
 */
void console_say(struct console *console)
{
	struct console_state *state = console->state;
	const struct state_session *s = STATE_CURRENT(&state->session);
	struct state_tx *next = STATE_OTHER(&state->tx);
	uint64_t len = s->say_len;

	if (STATE_CURRENT(&state->tx)->said == s->says)
		return;
	*next = *STATE_CURRENT(&state->tx);
	next->said = s->says;
	if (console->config->overflow == OVERFLOW_BLOCK &&
	    ring_room(&console->ring, next->head,
		      clients_hold(&console->clients)) < len)
		len = 0;
	append_text(console, next, s->say, len);
	STATE_SWITCH(&state->tx);
}

void console_tx_skip(struct console *console)
{
	static const char notice[] =
		"\r\n[vhost-device-console: some output was skipped after a failure]\r\n";
	struct console_state *state = console->state;
	struct state_tx *next = STATE_OTHER(&state->tx);
	struct vq *vq = tx_vq(console);
	int head;

	*next = *STATE_CURRENT(&state->tx);
	if (next->skip == console->config->skip)
		return;
	next->skip = console->config->skip;
	head = vq->running ? vring_head(&vq->vr, next->ring.avail) : -EAGAIN;
	if (head >= 0) {
		log_warn("output chain skipped, %u bytes of it were taken",
			 next->ring.off);
		ring_pos_complete(&next->ring, (uint16_t)head, 0);
		if (console->config->notices)
			append_text(console, next, notice,
				    sizeof(notice) - 1);
	}
	STATE_SWITCH(&state->tx);
	if (head >= 0)
		ring_pos_publish(&next->ring, vq);
}
