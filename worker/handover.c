/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/handover.h"

#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/control.h"

_Static_assert(MEM_SLOTS_MAX >= PENDING_MAX && MEM_SLOTS_MAX >= CLIENTS_MAX,
	       "struct handover has a column for each place");

static void store(struct handover *handover, const struct ctl_msg *msg,
		  int *fds, unsigned int nfds)
{
	if (nfds != 1 || msg->kind >= FD_KINDS ||
	    msg->index >= fd_kind_places(msg->kind)) {
		log_error("control socket: a stored fd makes no sense");
		_Exit(WORKER_EXIT_CONTROL);
	}
	fd_close(&handover->fd[msg->kind][msg->index]);
	handover->fd[msg->kind][msg->index] = fds[0];
	handover->id[msg->kind][msg->index] = msg->id;
}

void handover_receive(struct handover *handover)
{
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds;

	memset(handover, 0, sizeof(*handover));
	memset(handover->fd, -1, sizeof(handover->fd));
	for (;;) {
		control_next(&msg, fds, &nfds, 1);
		if (msg.type == CTL_FD) {
			store(handover, &msg, fds, nfds);
			continue;
		}
		fd_close_all(fds, nfds);
		if (msg.type == CTL_START) {
			control_pong(0);
			return;
		}
		if (msg.type == CTL_STOP)
			_Exit(WORKER_EXIT_ASKED);
	}
}

static int take(struct handover *handover, enum fd_kind kind,
		unsigned int index)
{
	return fd_take(&handover->fd[kind][index]);
}

static void take_pending(struct handover *handover, struct vu *vu)
{
	while (vu->npending < PENDING_MAX &&
	       handover->fd[FD_PENDING][vu->npending] >= 0) {
		vu->pending[vu->npending] =
			take(handover, FD_PENDING, vu->npending);
		vu->npending++;
	}
}

/*
 * Memory of a message that was applied, but whose commit the store has not
 * heard of, is still among the pending fds.
 */
static int memory_fd(const struct handover *handover, const struct vu *vu,
		     unsigned int slot)
{
	const struct state_session *s = vu_session(vu);

	if (!vu->npending || handover->id[FD_PENDING][0] != s->seq - 1)
		return handover->fd[FD_MEM][slot];
	for (uint32_t i = 0; i < s->nplaces; i++) {
		const struct ctl_place *p = &s->place[i];

		if (p->kind == FD_MEM && p->index == slot &&
		    p->fd < vu->npending)
			return vu->pending[p->fd];
	}
	return handover->fd[FD_MEM][slot];
}

static const char *map_memory(const struct handover *handover, struct vu *vu)
{
	const struct state_session *s = vu_session(vu);

	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		int fd = memory_fd(handover, vu, i);

		if (!s->region[i].size)
			continue;
		if (fd < 0)
			return "a memory region has no fd";
		if (gmem_map(&vu->gmem, i, &s->region[i], fd) != 0)
			return "a memory region cannot be mapped";
	}
	return NULL;
}

static void take_notifiers(struct handover *handover, struct vu *vu)
{
	const struct state_session *s = vu_session(vu);

	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		vq_set_kick(&vu->vq[i], take(handover, FD_KICK, i),
			    s->ring[i].kick == NOTIFIER_NOFD);
		vq_set_call(&vu->vq[i], take(handover, FD_CALL, i));
	}
	vu->backend = take(handover, FD_BACKEND, 0);
}

static const char *resume_session(struct handover *handover, struct vu *vu)
{
	int fd = take(handover, FD_FRONTEND, 0);
	uint64_t conn = handover->id[FD_FRONTEND][0];
	const char *error;

	if (vu_session(vu)->conn && vu_session(vu)->conn == conn && fd >= 0) {
		take_pending(handover, vu);
		error = map_memory(handover, vu);
		if (error)
			return error;
		take_notifiers(handover, vu);
		vu_resume(vu, fd, handover->id[FD_PENDING][0]);
		return NULL;
	}
	if (vu_session(vu)->conn)
		vu_abandon(vu);
	if (fd >= 0 && conn > vu_session(vu)->ended) {
		vu_attach(vu, conn, fd);
	} else if (fd >= 0) {
		fd_close(&fd);
		control_drop(FD_FRONTEND, 0, conn);
	}
	return NULL;
}

static void attach_clients(struct handover *handover,
			   struct clients *clients)
{
	static const enum fd_kind kinds[] = { FD_CLIENT, FD_TERM_OUT,
					      FD_TERM_IN };

	for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (unsigned int i = 0; i < fd_kind_places(kinds[k]); i++)
			if (handover->fd[kinds[k]][i] >= 0)
				clients_attach(clients, kinds[k], i,
					       handover->id[kinds[k]][i],
					       take(handover, kinds[k], i));
	clients_forget_absent(clients);
}

const char *handover_resume(struct handover *handover, struct console *console)
{
	const char *error;

	attach_clients(handover, &console->clients);
	if (console->config->reset && console->config->notices)
		vu_say_at_start(&console->vu,
				"\r\n[vhost-device-console: this console was reset]\r\n");
	error = resume_session(handover, &console->vu);
	if (error)
		return error;
	for (unsigned int kind = 0; kind < FD_KINDS; kind++)
		fd_close_all(handover->fd[kind], MEM_SLOTS_MAX);
	console_say(console);
	console_service(console);
	return NULL;
}
