/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/sup-model.h"

#include <errno.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/sup.h"

struct sup_model model;

void model_new_worker(void)
{
	model.first = model.count = 0;
	model.hangs_up = false;
	model.ends_by = 0;
	model.phase = HANDED_OVER_TO;
	model.configured = false;
	model.asked = true;
	model.ping = 0;
	model.ack_owed = false;
	model.over = false;
	for (int k = 0; k < FD_KINDS; k++)
		for (int i = 0; i < PENDING_MAX; i++)
			model.place[k][i].handed = false;
}

void model_start(void)
{
	for (int k = 0; k < FD_KINDS; k++)
		for (int i = 0; i < PENDING_MAX; i++)
			model.place[k][i] = (struct place){ .fd = -1 };
	model.next_seq = 0;
	model.condemned = 0;
	model.reaped = false;
	model.end = NULL;
	model.deaths = 0;
	model_new_worker();
}

void model_packet(const void *bytes, size_t len, unsigned int nfds)
{
	struct packet *p = &model.packet[(model.first + model.count) %
					 PACKETS_MAX];

	fuzz_check(model.count++ < PACKETS_MAX, "too many packets");
	memcpy(p->bytes, bytes, len < sizeof(p->bytes) ? len :
						       sizeof(p->bytes));
	p->len = len;
	p->nfds = nfds;
}

void model_hangs_up(void)
{
	model.hangs_up = true;
}

uint64_t model_ping(void)
{
	return model.ping;
}

uint64_t model_id(unsigned int kind, unsigned int index)
{
	return kind < FD_KINDS && index < PENDING_MAX ?
	       model.place[kind][index].id : 0;
}

static unsigned int count(enum fd_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < PENDING_MAX; i++)
		n += model.place[kind][i].fd >= 0;
	return n;
}

static void empty(enum fd_kind kind)
{
	for (unsigned int i = 0; i < PENDING_MAX; i++)
		model.place[kind][i].fd = -1;
}

void model_condemn(void)
{
	model.over = true;
	model.condemned++;
}

static int answer(const struct ctl_msg *msg, int error)
{
	model.ack_owed = true;
	model.ack_id = msg->id;
	model.ack_error = error;
	return 0;
}

unsigned int model_held(void)
{
	unsigned int n = 0;

	for (int k = 0; k < FD_KINDS; k++)
		n += count((enum fd_kind)k);
	return n;
}

static int put(const struct ctl_msg *msg, const int *fds, unsigned int nfds)
{
	if (!count(FD_FRONTEND))
		return answer(msg, -ENOTCONN);
	if (!nfds || msg->id == UINT64_MAX)
		return -EINVAL;
	if (msg->id < model.next_seq)
		return answer(msg, -ESTALE);
	if (model_held() - count(FD_PENDING) + nfds > sup_taken()->store.budget)
		return answer(msg, -EMFILE);
	empty(FD_PENDING);
	for (unsigned int i = 0; i < nfds; i++)
		model.place[FD_PENDING][i] =
			(struct place){ fds[i], msg->id, true };
	return answer(msg, 0);
}

static bool may_place(const struct ctl_msg *msg, unsigned int n)
{
	const struct ctl_place *p = &msg->place[n];
	const struct place *from = model.place[FD_PENDING];
	unsigned int most = p->kind == FD_MEM ? MEM_SLOTS_MAX :
			    p->kind == FD_BACKEND ? 1 :
			    p->kind == FD_KICK || p->kind == FD_CALL ?
			    CONSOLE_RINGS : 0;

	if (p->index >= most)
		return false;
	if (p->fd == CTL_NO_FD)
		return true;
	for (unsigned int i = 0; i < n; i++)
		if (msg->place[i].fd == p->fd)
			return false;
	return p->fd < PENDING_MAX && from[p->fd].fd >= 0 &&
	       from[p->fd].id == msg->id;
}

static int commit(const struct ctl_msg *msg)
{
	if (!count(FD_FRONTEND))
		return answer(msg, -ENOTCONN);
	if (msg->nplaces > PENDING_MAX || msg->id == UINT64_MAX)
		return -EINVAL;
	if (msg->id < model.next_seq)
		return answer(msg, 0);
	for (unsigned int i = 0; i < msg->nplaces; i++)
		if (!may_place(msg, i))
			return -EINVAL;
	for (unsigned int i = 0; i < msg->nplaces; i++) {
		const struct ctl_place *p = &msg->place[i];
		struct place *to = &model.place[p->kind][p->index];

		if (p->fd == CTL_NO_FD)
			to->fd = -1;
		else
			*to = model.place[FD_PENDING][p->fd];
	}
	empty(FD_PENDING);
	model.next_seq = msg->id + 1;
	return answer(msg, 0);
}

int model_drop(const struct ctl_msg *msg)
{
	struct place *place;

	if (msg->kind >= FD_KINDS || msg->kind == FD_PENDING ||
	    msg->index >= fd_kind_places((enum fd_kind)msg->kind))
		return -EINVAL;
	place = &model.place[msg->kind][msg->index];
	switch (msg->kind) {
	case FD_FRONTEND:
		if (place->fd < 0 || place->id != msg->id)
			return 0;
		for (int k = 0; k < FD_KINDS; k++)
			if (k != FD_CLIENT && k != FD_TERM_IN &&
			    k != FD_TERM_OUT)
				empty((enum fd_kind)k);
		model.next_seq = 0;
		return 0;
	case FD_CLIENT:
	case FD_TERM_IN:
	case FD_TERM_OUT:
		if (place->id == msg->id)
			place->fd = -1;
		return 0;
	default:
		place->fd = -1;
		return 0;
	}
}

static int ready(void)
{
	if (model.phase != STARTED)
		return -EINVAL;
	model.phase = SERVES;
	model.asked = false;
	return 0;
}

static int pong(const struct ctl_msg *msg)
{
	if (model.phase == HANDED_OVER_TO || !model.asked ||
	    msg->id != model.ping)
		return -EINVAL;
	/* One that has not said that it serves is waited for anew. */
	model.asked = model.phase == STARTED;
	return 0;
}

int model_foretell(const struct ctl_msg *msg, const int *fds,
		   unsigned int nfds)
{
	bool on_tty = sup.s.tty.fd >= 0;

	if (msg->type == CTL_PUT)
		return put(msg, fds, nfds);
	if (nfds)
		return -EINVAL;
	switch (msg->type) {
	case CTL_READY:
		return ready();
	case CTL_DISCARD:
		empty(FD_PENDING);
		return 0;
	case CTL_COMMIT:
		return commit(msg);
	case CTL_DROP:
		return model_drop(msg);
	case CTL_HALF_CLOSED:
		return 0;
	case CTL_PONG:
		return pong(msg);
	case CTL_PAUSED:
		return on_tty ? 0 : -EINVAL;
	case CTL_QUIT:
		sup.told = sup.told || on_tty;
		return on_tty ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

void model_answered(const struct ctl_msg *msg, unsigned int nfds)
{
	struct place *place = &model.place[0][0];

	fuzz_check(!model.over, "message %u to a condemned worker", msg->type);
	fuzz_check(model.configured == (msg->type != CTL_CONFIG) &&
		   nfds == (msg->type == CTL_FD),
		   "message %u, %u fds", msg->type, nfds);
	switch (msg->type) {
	case CTL_CONFIG:
		model.configured = true;
		break;
	case CTL_FD:
		fuzz_check(msg->kind < FD_KINDS && msg->index < PENDING_MAX,
			   "kind %u, index %u", msg->kind, msg->index);
		place = &model.place[msg->kind][msg->index];
		fuzz_check(place->fd >= 0 && place->id == msg->id &&
			   !place->handed, "%s %u",
			   fd_kind_name((enum fd_kind)msg->kind), msg->index);
		place->handed = true;
		break;
	case CTL_START:
		fuzz_check(model.phase == HANDED_OVER_TO, "started twice");
		model.phase = STARTED;
		break;
	case CTL_ACK:
		fuzz_check(model.ack_owed && msg->id == model.ack_id &&
			   msg->error == model.ack_error,
			   "ack %d, %d expected", msg->error, model.ack_error);
		model.ack_owed = false;
		break;
	case CTL_PING:
		fuzz_check(msg->id == model.ping, "a question of no number");
		break;
	case CTL_STOP:
		fuzz_check(sup.told, "stopped");
		break;
	default:
		fuzz_check((msg->type == CTL_PAUSE ||
			    msg->type == CTL_CONTINUE) && sup.s.tty.fd >= 0,
			   "message %u", msg->type);
	}
}
