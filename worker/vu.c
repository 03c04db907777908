/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vu.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/control.h"
#include "worker/pulse.h"
#include "worker/vu_in.h"
#include "worker/vu_out.h"
#include "worker/vu_sync.h"
#include "worker/vu_table.h"

/* Messages handled before other events get their turn. */
#define MESSAGES_PER_PASS	64

static void vu_read_cb(evutil_socket_t fd, short what, void *arg);
static void vu_write_cb(evutil_socket_t fd, short what, void *arg);

static void ring_ready(void *arg, unsigned int index)
{
	struct vu *vu = arg;

	vu->ops->ring_ready(vu->dev, index);
}

void vu_init(struct vu *vu, struct console_state *state,
	     const struct worker_config *config,
	     const struct device_ops *ops, void *dev,
	     struct event_base *base)
{
	*vu = (struct vu){
		.state = state,
		.config = config,
		.ops = ops,
		.dev = dev,
		.base = base,
		.fd = -1,
		.backend = -1,
	};
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		vq_init(&vu->vq[i], i, base, ring_ready, vu);
}

static void put_say(struct state_session *next, const char *text)
{
	next->says++;
	next->say_len = (uint32_t)strlen(text);
	memcpy(next->say, text, next->say_len);
}

void vu_say_at_start(struct vu *vu, const char *text)
{
	struct state_session *next = STATE_OTHER(&vu->state->session);

	if (vu_session(vu)->says)
		return;
	*next = *vu_session(vu);
	put_say(next, text);
	STATE_SWITCH(&vu->state->session);
}

static void watch(struct vu *vu, int fd)
{
	vu->fd = fd;
	vu->read_ev = loop_event(vu->base, fd, EV_READ | EV_PERSIST,
				 vu_read_cb, vu);
	vu->write_ev = loop_event(vu->base, fd, EV_WRITE, vu_write_cb, vu);
	event_add(vu->read_ev, NULL);
}

/* The session of no connection: what survives one is only the counters. */
static void end_session(struct vu *vu, const char *say)
{
	const struct state_session *now = vu_session(vu);
	struct state_session *next = STATE_OTHER(&vu->state->session);

	*next = (struct state_session){
		.ended = now->conn,
		.next_gen = now->next_gen,
		.says = now->says,
	};
	if (vu->config->notices)
		put_say(next, say);
	STATE_SWITCH(&vu->state->session);
}

void vu_attach(struct vu *vu, uint64_t conn, int fd)
{
	struct state_session *next = STATE_OTHER(&vu->state->session);

	*next = *vu_session(vu);
	next->conn = conn;
	STATE_SWITCH(&vu->state->session);
	watch(vu, fd);
}

/* Guest memory is not touched any more; the console's clients stay. */
static void detach(struct vu *vu)
{
	uint64_t conn = vu_session(vu)->conn;

	loop_event_free(&vu->read_ev);
	loop_event_free(&vu->write_ev);
	end_session(vu, "\r\n[vhost-device-console: the guest's front-end disconnected]\r\n");
	vu_in_close_pending(vu);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		vq_stop(&vu->vq[i]);
		vq_set_kick(&vu->vq[i], -1, false);
		vq_set_call(&vu->vq[i], -1);
		vq_set_err(&vu->vq[i], -1);
	}
	gmem_release(&vu->gmem, NULL);
	fd_close(&vu->backend);
	if (vu->fd >= 0)
		shutdown(vu->fd, SHUT_RDWR);
	fd_close(&vu->fd);
	vu->warned_queue_size = false;
	control_drop(FD_FRONTEND, 0, conn);
	vu->ops->say(vu->dev);
}

void vu_abandon(struct vu *vu)
{
	/* what its last message asked for, before there is a new text */
	vu->ops->say(vu->dev);
	detach(vu);
}

static void lost(struct vu *vu, int err)
{
	if (err != -EPIPE && err != -ECONNRESET)
		log_warn("closing the vhost-user connection: %s",
			 strerror(-err));
	detach(vu);
}

/* The reply goes out, or waits for room: nothing is read before that. */
static int send_reply(struct vu *vu)
{
	int err = vu_out_flush(vu);

	if (err != -EAGAIN)
		return err;
	event_del(vu->read_ev);
	event_add(vu->write_ev, NULL);
	return err;
}

static int handle(struct vu *vu, const struct vu_msg *msg)
{
	int err = vu_dispatch(vu, msg);

	if (err)
		return err;
	pulse_progress(vu->state);
	vu_sync_message(vu);
	return send_reply(vu);
}

static void read_messages(struct vu *vu)
{
	for (unsigned int i = 0; i < MESSAGES_PER_PASS; i++) {
		struct vu_msg msg;
		int err = vu_in_read(vu, &msg);

		if (!err)
			return;
		if (err == 1)
			err = handle(vu, &msg);
		if (err == -EAGAIN)
			return;
		if (err) {
			lost(vu, err);
			return;
		}
	}
}

static void vu_read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct vu *vu = arg;
	bool working = pulse_begin(vu->state);

	(void)fd, (void)what;
	read_messages(vu);
	if (working)
		pulse_end(vu->state);
}

static void vu_write_cb(evutil_socket_t fd, short what, void *arg)
{
	struct vu *vu = arg;
	int err;

	(void)fd, (void)what;
	event_add(vu->read_ev, NULL);
	err = send_reply(vu);
	if (err && err != -EAGAIN)
		lost(vu, err);
}

void vu_resume(struct vu *vu, int fd, uint64_t pending_seq)
{
	int err;

	watch(vu, fd);
	vu_sync_resume(vu, pending_seq);
	err = send_reply(vu);
	/* a message may be whole in the state: no event would tell */
	if (!err)
		read_messages(vu);
	else if (err != -EAGAIN)
		lost(vu, err);
}

void vu_break_ring(struct vu *vu, unsigned int index, const char *why)
{
	struct vq *vq = &vu->vq[index];

	log_limited(LOG_WARN, "ring %u is broken: %s", index, why);
	atomic_store_explicit(&vu->state->broken[index], vq->gen,
			      memory_order_release);
	STATE_POINT();
	vq_signal_err(vq);
}
