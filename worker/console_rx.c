/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What clients type. It is received straight into the guest's buffers; with
 * no buffer there is no reading, and the kernel's socket buffer is the queue.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "worker/console.h"
#include "worker/pulse.h"
#include "worker/terminal.h"

#define RECEIVES_PER_PASS	8

/* How far the record, whose call may have been our predecessor's, came. */
struct outcome {
	unsigned int chains;		/* done */
	uint16_t avail;			/* next */
	uint16_t used;
};

static unsigned int chains_done(const struct state_rx *rx)
{
	uint64_t left = rx->msg.msg_len;
	unsigned int n = 0;

	if (rx->kind != RX_RECEIVE)
		return rx->n;
	while (n < rx->n && left) {
		left -= left < rx->capacity[n] ? left : rx->capacity[n];
		n++;
	}
	return n;
}

static struct outcome outcome(const struct state_rx *rx)
{
	unsigned int n = chains_done(rx);

	return (struct outcome){ n, (uint16_t)(rx->avail + n),
				 (uint16_t)(rx->used + n) };
}

static struct vq *rx_vq(struct console *console)
{
	return &console->vu.vq[CONSOLE_RX];
}

/* Hands the filled buffers to the driver; doing it twice is harmless. */
static void publish(struct console *console, const struct state_rx *rx)
{
	struct vring *vr = &rx_vq(console)->vr;
	struct outcome out = outcome(rx);
	uint64_t left = rx->kind == RX_RECEIVE ? rx->msg.msg_len : 0;

	if (!out.chains)
		return;
	for (unsigned int i = 0; i < out.chains; i++) {
		uint32_t len = left < rx->capacity[i] ? (uint32_t)left :
							rx->capacity[i];

		vring_put(vr, (uint16_t)(rx->used + i), rx->head[i], len);
		left -= len;
	}
	vring_publish(vr, out.used);
}

void console_rx_start(struct console *console, const struct state_ring *ring)
{
	struct console_state *state = console->state;
	const struct state_rx *now = STATE_CURRENT(&state->rx);
	struct state_rx *next = STATE_OTHER(&state->rx);

	if (now->gen == ring->gen) {
		publish(console, now);
		if (now->kind == RX_RETURN_BREAKS)
			vu_break_ring(&console->vu, CONSOLE_RX,
				      "as found before");
		return;
	}
	*next = (struct state_rx){
		.gen = ring->gen,
		.typed = now->typed,
		.skip = now->skip,
		.avail = ring->base,
		.used = vring_used_idx(&rx_vq(console)->vr),
	};
	STATE_SWITCH(&state->rx);
}

uint16_t console_rx_base(const struct console *console,
			 const struct state_ring *ring)
{
	const struct state_rx *rx = STATE_CURRENT(&console->state->rx);

	return rx->gen == ring->gen ? outcome(rx).avail : ring->base;
}

static void begin(const struct console *console, struct state_rx *next)
{
	const struct state_rx *now = STATE_CURRENT(&console->state->rx);
	struct outcome out = outcome(now);

	next->gen = now->gen;
	next->typed = now->typed;
	next->skip = now->skip;
	next->avail = out.avail;
	next->used = out.used;
	next->n = 0;
	next->kind = RX_RECEIVE;
	next->msg = (struct mmsghdr){ .msg_hdr.msg_iov = next->iov };
}

/* Adds the writable part of the chain; 0 bytes when it does not fit. */
static uint32_t add_chain(struct state_rx *next,
			  const struct vring_chain *chain)
{
	struct msghdr *mh = &next->msg.msg_hdr;
	uint64_t capacity = 0;

	for (unsigned int i = 0; i < chain->nin; i++) {
		const struct iovec *span = &chain->span[chain->nout + i];

		if (mh->msg_iovlen == RX_IOVS_MAX)
			break;
		if (capacity + span->iov_len > UINT32_MAX)
			break;
		next->iov[mh->msg_iovlen++] = *span;
		capacity += span->iov_len;
	}
	return (uint32_t)capacity;
}

/* The buffer goes back as it is, alone. */
static void return_unused(struct state_rx *next, uint16_t head)
{
	next->kind = RX_RETURN;
	next->n = 1;
	next->head[0] = head;
	next->capacity[0] = 0;
}

static void give_back(struct console *console, struct state_rx *next,
		      uint16_t head, const char *why)
{
	log_limited(LOG_WARN, "input buffer returned unused: %s", why);
	return_unused(next, head);
	if (console->chain.fatal)
		next->kind = RX_RETURN_BREAKS;
	STATE_SWITCH(&console->state->rx);
	publish(console, next);
	pulse_progress(console->state);
}

/* Nothing is open between two records: it is the next buffer that goes. */
void console_rx_skip(struct console *console)
{
	struct state_rx *next = STATE_OTHER(&console->state->rx);
	struct vq *vq = rx_vq(console);
	int head;

	begin(console, next);
	if (next->skip == console->config->skip)
		return;
	next->skip = console->config->skip;
	head = vq->running ? vring_head(&vq->vr, next->avail) : -EAGAIN;
	if (head >= 0) {
		log_warn("input buffer skipped");
		return_unused(next, (uint16_t)head);
	}
	STATE_SWITCH(&console->state->rx);
	if (head >= 0)
		publish(console, next);
}

enum collect { COLLECT_READY, COLLECT_EMPTY, COLLECT_AGAIN };

/*
 * Collects guest buffers into @next. A bad one is given back alone, when its
 * turn comes.
 */
static enum collect collect(struct console *console, struct state_rx *next)
{
	struct vring *vr = &rx_vq(console)->vr;
	struct vring_chain *chain = &console->chain;
	int pending;

	begin(console, next);
	pending = vring_pending(vr, next->avail);
	if (pending < 0) {
		vu_break_ring(&console->vu, CONSOLE_RX, "avail index jumped");
		return COLLECT_EMPTY;
	}
	if (!pending)
		return vring_kicks_on(vr, next->avail) ? COLLECT_AGAIN :
							 COLLECT_EMPTY;
	for (int i = 0; i < pending && next->n < RX_CHAINS_MAX; i++) {
		int err = vring_get(vr, (uint16_t)(next->avail + i), chain);
		uint32_t capacity = err ? 0 : add_chain(next, chain);

		if (capacity) {
			next->head[next->n] = chain->head;
			next->capacity[next->n++] = capacity;
			continue;
		}
		if (next->n)
			break;
		if (!err || err == -EBADMSG)
			give_back(console, next, chain->head,
				  err ? chain->error : "nothing writable");
		if (err == -EPROTO || (err && chain->fatal)) {
			vu_break_ring(&console->vu, CONSOLE_RX, chain->error);
			return COLLECT_EMPTY;
		}
		return COLLECT_AGAIN;
	}
	return COLLECT_READY;
}

/*
 * Receives from a socket into the collected buffers. An error may stand before
 * bytes that are still there: the next call gets those.
 */
static void receive(struct console *console, struct client *client,
		    struct state_rx *next)
{
	STATE_SWITCH(&console->state->rx);
	if (recvmmsg(client->in, &next->msg, 1, MSG_DONTWAIT, NULL) == 1) {
		if (!next->msg.msg_len)
			clients_typed_all(&console->clients, client);
		publish(console, next);
		pulse_progress(console->state);
		return;
	}
	if (errno == EAGAIN)
		client->readable = false;
	else if (errno == EFAULT)
		vu_break_ring(&console->vu, CONSOLE_RX,
			      "buffers lost their memory");
	else if (errno != EINTR)
		clients_input_failed(&console->clients, client, -errno);
}

/* Copies what was typed at the terminal into the collected buffers. */
static void deliver_typed(struct console *console, struct state_rx *next)
{
	struct msghdr *mh = &next->msg.msg_hdr;

	for (size_t i = 0; i < mh->msg_iovlen; i++) {
		size_t n = terminal_copy(console->state, next->typed,
					 mh->msg_iov[i].iov_base,
					 mh->msg_iov[i].iov_len);

		next->typed += n;
		next->msg.msg_len += (unsigned int)n;
	}
	STATE_SWITCH(&console->state->rx);
	publish(console, next);
	pulse_progress(console->state);
}

static bool typed_waits(const struct console *console)
{
	return console->state->typed !=
	       STATE_CURRENT(&console->state->rx)->typed;
}

/* One record's worth of input; false when nobody types or nothing takes it. */
static bool fill_once(struct console *console)
{
	struct state_rx *next = STATE_OTHER(&console->state->rx);
	bool typed = typed_waits(console);
	struct client *client =
		typed ? NULL : clients_next_typing(&console->clients);
	enum collect collected;

	if (!typed && !client)
		return false;
	collected = collect(console, next);
	if (collected != COLLECT_READY)
		return collected == COLLECT_AGAIN;
	if (typed)
		deliver_typed(console, next);
	else
		receive(console, client, next);
	return true;
}

bool console_rx_fill(struct console *console)
{
	struct vq *vq = rx_vq(console);
	bool more;
	uint16_t used;

	more = terminal_read(&console->clients);
	if (!vq->running)
		return more;
	used = outcome(STATE_CURRENT(&console->state->rx)).used;
	for (unsigned int i = 0; i < RECEIVES_PER_PASS; i++) {
		bool went_on = fill_once(console);

		if (!went_on || !vq->running)
			break;
		more |= i + 1 == RECEIVES_PER_PASS;
	}
	if (outcome(STATE_CURRENT(&console->state->rx)).used != used)
		vq_notify(vq, outcome(STATE_CURRENT(&console->state->rx)).used);
	return more;
}
