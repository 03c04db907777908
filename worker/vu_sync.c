/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vu_sync.h"

#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/control.h"
#include "worker/vu_in.h"
#include "worker/vu_proto.h"

static void move_fd(struct vu *vu, const struct ctl_place *place)
{
	int fd = place->fd < vu->npending ?
			 fd_take(&vu->pending[place->fd]) : -1;
	const struct state_ring *ring =
		&vu_session(vu)->ring[place->index % CONSOLE_RINGS];

	switch (place->kind) {
	case FD_KICK:
		vq_set_kick(&vu->vq[place->index], fd,
			    ring->kick == NOTIFIER_NOFD);
		break;
	case FD_CALL:
		vq_set_call(&vu->vq[place->index], fd);
		break;
	case FD_BACKEND:
		fd_close(&vu->backend);
		vu->backend = fd;
		break;
	default:
		fd_close(&fd);		/* memory: mapped, not needed again */
		break;
	}
}

/* Fds of the last message move to their places, here and in the store. */
static void commit(struct vu *vu)
{
	const struct state_session *s = vu_session(vu);

	for (uint32_t i = 0; i < s->nplaces; i++)
		move_fd(vu, &s->place[i]);
	if (s->nplaces) {
		int err = control_commit(s->seq - 1, s->place, s->nplaces);

		if (err)
			log_error("fd store: %s", strerror(-err));
	} else if (vu->npending) {
		control_discard();
	}
	vu_in_close_pending(vu);
}

static void swap_memory(struct vu *vu)
{
	struct gmem old = vu->gmem;

	if (!vu->gmem_changed)
		return;
	vu->gmem = vu->next_gmem;
	vu->gmem_changed = false;
	gmem_release(&old, &vu->gmem);
}

static bool wanted(const struct vu *vu, unsigned int index)
{
	const struct state_ring *r = &vu_session(vu)->ring[index];

	return r->started && r->enabled && r->num && r->addressed &&
	       r->kick != NOTIFIER_NONE &&
	       atomic_load_explicit(&vu->state->broken[index],
				    memory_order_relaxed) != r->gen;
}

/* Stops the ring, or points it at the memory of now. */
static void map_ring(struct vu *vu, unsigned int index)
{
	const struct state_session *s = vu_session(vu);
	const struct state_ring *r = &s->ring[index];
	struct vq *vq = &vu->vq[index];
	int err;

	vq->mapped = false;
	if (vq->running && (!wanted(vu, index) || vq->gen != r->gen))
		vq_stop(vq);
	if (!wanted(vu, index))
		return;
	err = vring_map(&vq->vr, &vu->gmem, r->num, r->desc, r->avail,
			r->used);
	if (err) {
		log_limited(LOG_WARN, "ring %u is not in guest memory: %s",
			    index, strerror(-err));
		vq_stop(vq);
		return;
	}
	vq->vr.indirect = s->features & BIT64(VIRTIO_F_INDIRECT_DESC);
	vq->vr.event_idx = s->features & BIT64(VIRTIO_F_EVENT_IDX);
	vq->mapped = true;
}

static void start_ring(struct vu *vu, unsigned int index)
{
	struct vq *vq = &vu->vq[index];

	if (!vq->mapped || vq->running)
		return;
	vq_run(vq, vu_session(vu)->ring[index].gen);
	vu->ops->ring_start(vu->dev, index, &vu_session(vu)->ring[index]);
}

/* No ring is served before each of them knows where its memory is now. */
static void start_rings(struct vu *vu)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		map_ring(vu, i);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		start_ring(vu, i);
}

static void serve_rings(struct vu *vu)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		if (vu->vq[i].mapped)
			vu->ops->ring_ready(vu->dev, i);
	vu->ops->say(vu->dev);
}

void vu_sync_message(struct vu *vu)
{
	commit(vu);
	swap_memory(vu);
	start_rings(vu);
	serve_rings(vu);
}

/*
 * The worker before may have died before or after the store heard of its last
 * commit. Pending fds of that message say before; else the fds are in their
 * places already. Places that were emptied are so in either case.
 */
static void commit_again(struct vu *vu, uint64_t pending_seq)
{
	const struct state_session *s = vu_session(vu);
	int err;

	if (vu->npending && pending_seq == s->seq - 1) {
		commit(vu);
		return;
	}
	for (uint32_t i = 0; i < s->nplaces; i++)
		if (s->place[i].fd == CTL_NO_FD)
			move_fd(vu, &s->place[i]);
	err = control_commit(s->seq - 1, s->place, s->nplaces);
	if (err)
		log_error("fd store: %s", strerror(-err));
}

/*
 * What the worker before signalled is not known: every ring counts as kicked
 * (serve_rings), and every call is signalled once.
 */
void vu_sync_resume(struct vu *vu, uint64_t pending_seq)
{
	if (vu_session(vu)->nplaces)
		commit_again(vu, pending_seq);
	if (vu->npending)
		vu_in_resume(vu, pending_seq);
	start_rings(vu);
	if (vu->config->skip)
		vu->ops->skip_open(vu->dev);
	serve_rings(vu);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		if (vu_session(vu)->ring[i].started)
			vq_call(&vu->vq[i]);
}
