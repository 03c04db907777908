/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control queues. Both positions and what is owed switch together, so a
 * message is taken and answered, or neither.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "worker/console.h"
#include "worker/ctrl.h"
#include "worker/pulse.h"
#include "worker/ring_pos.h"
#include "worker/vu_proto.h"

#define MESSAGES_PER_PASS	64

void console_ctrl_start(struct console *console, enum console_queue queue,
			const struct state_ring *ring)
{
	struct console_state *state = console->state;
	struct state_ctrl *now = STATE_CURRENT(&state->ctrl);
	struct state_ctrl *next = STATE_OTHER(&state->ctrl);
	bool from_guest = queue == CONSOLE_CTRL_TX;
	struct state_ring_pos *pos = from_guest ? &now->from_guest :
						  &now->to_guest;

	if (pos->gen == ring->gen) {
		ring_pos_publish(pos, &console->vu.vq[queue]);
		if (pos->completed == COMPLETED_BREAKS)
			vu_break_ring(&console->vu, queue, "as found before");
		return;
	}
	*next = *now;
	pos = from_guest ? &next->from_guest : &next->to_guest;
	ring_pos_start(pos, ring, &console->vu.vq[queue]);
	/* a guest that starts from nothing is owed nothing */
	if (from_guest && !ring->base)
		next->owed = 0;
	STATE_SWITCH(&state->ctrl);
}

/* A private copy of the message's bytes; false if there are too few. */
static bool read_message(const struct vring_chain *chain,
			 uint8_t wire[CTRL_MESSAGE_LEN])
{
	size_t have = 0;

	for (unsigned int i = 0; i < chain->nout; i++) {
		size_t n = chain->span[i].iov_len;

		if (n > CTRL_MESSAGE_LEN - have)
			n = CTRL_MESSAGE_LEN - have;
		GUEST_POINT(chain->span[i].iov_base);
		memcpy(wire + have, chain->span[i].iov_base, n);
		have += n;
	}
	return have == CTRL_MESSAGE_LEN;
}

static void write_message(const struct vring_chain *chain,
			  const uint8_t wire[CTRL_MESSAGE_LEN])
{
	size_t done = 0;

	for (unsigned int i = 0; i < chain->nin; i++) {
		const struct iovec *span = &chain->span[chain->nout + i];
		size_t n = span->iov_len;

		if (n > CTRL_MESSAGE_LEN - done)
			n = CTRL_MESSAGE_LEN - done;
		memcpy(span->iov_base, wire + done, n);
		done += n;
		STATE_POINT();
	}
}

/* The next chain of a control queue: 1, 0 for none, or -errno as vring_get. */
static int get(struct console *console, enum console_queue queue,
	       uint16_t avail)
{
	struct vq *vq = &console->vu.vq[queue];
	int pending, err;

	if (!vq->running)
		return 0;
	pending = vring_pending(&vq->vr, avail);
	if (!pending && vring_kicks_on(&vq->vr, avail))
		pending = vring_pending(&vq->vr, avail);
	if (pending < 0) {
		vu_break_ring(&console->vu, queue, "avail index jumped");
		return 0;
	}
	if (!pending)
		return 0;
	err = vring_get(&vq->vr, avail, &console->chain);
	if (err == -EPROTO) {
		vu_break_ring(&console->vu, queue, console->chain.error);
		return 0;
	}
	if (err)
		log_limited(LOG_WARN, "control chain returned: %s",
			    console->chain.error);
	return err ? err : 1;
}

/* Takes one message from the guest. */
static bool receive(struct console *console)
{
	struct console_state *state = console->state;
	struct state_ctrl *next = STATE_OTHER(&state->ctrl);
	struct vring_chain *chain = &console->chain;
	uint8_t wire[CTRL_MESSAGE_LEN];
	int err;

	*next = *STATE_CURRENT(&state->ctrl);
	err = get(console, CONSOLE_CTRL_TX, next->from_guest.avail);
	if (!err)
		return false;
	if (err > 0 && read_message(chain, wire)) {
		struct ctrl_message msg = ctrl_decode(wire);

		next->owed = ctrl_receive(next->owed, &msg);
	}
	ring_pos_complete(&next->from_guest, chain->head, 0);
	if (err < 0 && chain->fatal)
		next->from_guest.completed = COMPLETED_BREAKS;
	STATE_SWITCH(&state->ctrl);
	ring_pos_publish(&next->from_guest,
			 &console->vu.vq[CONSOLE_CTRL_TX]);
	if (err < 0 && chain->fatal)
		vu_break_ring(&console->vu, CONSOLE_CTRL_TX, chain->error);
	pulse_progress(state);
	return true;
}

/*
 * What is owed was asked for in a generation of the ring that leads here. The
 * guest that boots next has asked for nothing, also while only its other ring
 * runs.
 */
static bool asked_by_this_guest(const struct console *console,
				const struct state_ctrl *ctrl)
{
	const struct state_ring *ring =
		&vu_session(&console->vu)->ring[CONSOLE_CTRL_TX];

	return ring->started && ring->gen == ctrl->from_guest.gen;
}

/* Gives the guest one message it is owed. */
static bool deliver(struct console *console)
{
	struct console_state *state = console->state;
	struct state_ctrl *next = STATE_OTHER(&state->ctrl);
	struct vring_chain *chain = &console->chain;
	struct ctrl_message msg;
	uint8_t wire[CTRL_MESSAGE_LEN];
	uint32_t bit, len = 0;
	int err;

	*next = *STATE_CURRENT(&state->ctrl);
	if (!ctrl_next(next->owed, &msg, &bit) ||
	    !asked_by_this_guest(console, next))
		return false;
	err = get(console, CONSOLE_CTRL_RX, next->to_guest.avail);
	if (!err)
		return false;
	if (err > 0 && chain->in_len >= CTRL_MESSAGE_LEN) {
		ctrl_encode(&msg, wire);
		write_message(chain, wire);
		next->owed &= ~bit;
		len = CTRL_MESSAGE_LEN;
	}
	ring_pos_complete(&next->to_guest, chain->head, len);
	if (err < 0 && chain->fatal)
		next->to_guest.completed = COMPLETED_BREAKS;
	STATE_SWITCH(&state->ctrl);
	ring_pos_publish(&next->to_guest, &console->vu.vq[CONSOLE_CTRL_RX]);
	if (err < 0 && chain->fatal)
		vu_break_ring(&console->vu, CONSOLE_CTRL_RX, chain->error);
	pulse_progress(state);
	return true;
}

static bool pass(struct console *console, bool (*step)(struct console *))
{
	for (unsigned int i = 0; i < MESSAGES_PER_PASS; i++)
		if (!step(console))
			return false;
	return true;
}

static void notify(struct console *console, enum console_queue queue,
		   uint16_t before, uint16_t now)
{
	if (before != now)
		vq_notify(&console->vu.vq[queue], now);
}

bool console_ctrl_service(struct console *console)
{
	struct console_state *state = console->state;
	struct state_ctrl before = *STATE_CURRENT(&state->ctrl);
	const struct state_ctrl *now;
	bool more;

	if (!(vu_session(&console->vu)->features &
	      BIT64(VIRTIO_CONSOLE_F_MULTIPORT)))
		return false;
	more = pass(console, receive);
	more |= pass(console, deliver);
	now = STATE_CURRENT(&state->ctrl);
	notify(console, CONSOLE_CTRL_TX, before.from_guest.used,
	       now->from_guest.used);
	notify(console, CONSOLE_CTRL_RX, before.to_guest.used,
	       now->to_guest.used);
	return more;
}

/* Gives up the chain at @pos; false if there is none. */
static bool skip_chain(struct state_ring_pos *pos, const struct vq *vq)
{
	int head = vq->running ? vring_head(&vq->vr, pos->avail) : -EAGAIN;

	if (head >= 0)
		ring_pos_complete(pos, (uint16_t)head, 0);
	return head >= 0;
}

/*
 * A buffer for the guest was touched only if there was something to put into
 * it; that is owed still.
 */
void console_ctrl_skip(struct console *console)
{
	struct console_state *state = console->state;
	struct state_ctrl *next = STATE_OTHER(&state->ctrl);
	struct vq *in = &console->vu.vq[CONSOLE_CTRL_TX];
	struct vq *out = &console->vu.vq[CONSOLE_CTRL_RX];
	bool skipped_in, skipped_out;

	*next = *STATE_CURRENT(&state->ctrl);
	if (next->skip == console->config->skip)
		return;
	next->skip = console->config->skip;
	skipped_in = skip_chain(&next->from_guest, in);
	skipped_out = next->owed && skip_chain(&next->to_guest, out);
	STATE_SWITCH(&state->ctrl);
	if (skipped_in)
		ring_pos_publish(&next->from_guest, in);
	if (skipped_out)
		ring_pos_publish(&next->to_guest, out);
	if (skipped_in || skipped_out)
		log_warn("control chains skipped: %d from the guest, %d to it",
			 skipped_in, skipped_out);
}
