/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/vu_handlers.h"
#include "worker/vu_proto.h"

/*
 * Sets *@ring to the ring at @index. QEMU sets up as many rings as its command
 * line says: those past ours get 0 and NULL, are answered well and stay inert.
 */
static int find_ring(struct state_session *next, uint32_t index,
		     struct state_ring **ring)
{
	if (index >= VHOST_USER_VRINGS_MAX)
		return -EINVAL;
	*ring = index < CONSOLE_RINGS ? &next->ring[index] : NULL;
	return 0;
}

static int find_by_state(const struct vu_msg *msg, struct state_session *next,
			 struct vhost_user_vring_state *state,
			 struct state_ring **ring)
{
	memcpy(state, msg->payload, sizeof(*state));
	return find_ring(next, state->index, ring);
}

static unsigned int ring_index(const struct state_session *next,
			       const struct state_ring *ring)
{
	return (unsigned int)(ring - next->ring);
}

static void stop_ring(struct vu *vu, struct state_session *next,
		      struct state_ring *ring)
{
	unsigned int index = ring_index(next, ring);

	ring->base = vu->ops->ring_base(vu->dev, index, ring);
	ring->taken = vu->ops->ring_taken(vu->dev, index, ring);
	ring->started = 0;
}

static int check_num(struct vu *vu, uint32_t index, uint32_t num)
{
	uint32_t max = vu->config->max_queue_size;

	if (!num || num > VRING_NUM_MAX || (num & (num - 1))) {
		log_limited(LOG_WARN, "ring %u of %u entries refused", index,
			    num);
		return -EINVAL;
	}
	if (num <= max)
		return 0;
	if (vu->config->max_queue_size_given) {
		log_limited(LOG_WARN,
			    "ring %u of %u entries refused by --max-queue-size=%u",
			    index, num, max);
		return -ERANGE;
	}
	if (!vu->warned_queue_size)
		log_warn("front-end uses %u ring entries, more than the default of --max-queue-size, %u: served",
			 num, max);
	vu->warned_queue_size = true;
	return 0;
}

/*
 * A size that is refused leaves the ring without one, so that it stays inert
 * even when the front-end did not ask for an ack.
 */
VU_HANDLER(vu_set_vring_num)
{
	struct vhost_user_vring_state state;
	struct state_ring *ring;
	int err = find_by_state(msg, next, &state, &ring);

	if (err || !ring)
		return err;
	err = check_num(vu, state.index, state.num);
	if (ring->started && (err || ring->num != state.num))
		stop_ring(vu, next, ring);
	ring->num = err ? 0 : state.num;
	return err ? VU_REFUSED : 0;
}

/* Checked against memory and ring size when the ring starts. */
VU_HANDLER(vu_set_vring_addr)
{
	struct vhost_user_vring_addr addr;
	struct state_ring *ring;
	int err;

	(void)vu;
	memcpy(&addr, msg->payload, sizeof(addr));
	err = find_ring(next, addr.index, &ring);
	if (err || !ring)
		return err;
	ring->desc = addr.descriptor;
	ring->avail = addr.available;
	ring->used = addr.used;
	ring->addressed = 1;
	return 0;
}

/* On a running ring: an implicit stop; the next SET_VRING_KICK starts anew. */
VU_HANDLER(vu_set_vring_base)
{
	struct vhost_user_vring_state state;
	struct state_ring *ring;
	int err = find_by_state(msg, next, &state, &ring);

	(void)vu;
	if (err || !ring)
		return err;
	if (state.num > UINT16_MAX)
		return -EINVAL;
	if (ring->started || ring->base != state.num)
		ring->taken = 0;
	ring->started = 0;
	ring->base = (uint16_t)state.num;
	return 0;
}

VU_HANDLER(vu_get_vring_base)
{
	struct vhost_user_vring_state state;
	struct state_ring *ring;
	int err = find_by_state(msg, next, &state, &ring);

	state.num = 0;
	if (!err && ring) {
		if (ring->started)
			stop_ring(vu, next, ring);
		ring->kick = ring->call = NOTIFIER_NONE;
		vu_place(next, FD_KICK, state.index, CTL_NO_FD);
		vu_place(next, FD_CALL, state.index, CTL_NO_FD);
		state.num = ring->base;
	}
	vu_reply_bytes(next, msg, &state, sizeof(state));
	return 0;
}

/* Index and fd of SET_VRING_KICK, _CALL and _ERR; *@fd is CTL_NO_FD if none. */
static int find_notifier(const struct vu_msg *msg, struct state_session *next,
			 struct state_ring **ring, unsigned int *fd)
{
	uint64_t value;
	int err;

	memcpy(&value, msg->payload, sizeof(value));
	if (value & ~(uint64_t)(VHOST_USER_VRING_IDX_MASK |
				VHOST_USER_VRING_NOFD_MASK))
		return -EINVAL;
	*fd = value & VHOST_USER_VRING_NOFD_MASK ? CTL_NO_FD : 0;
	if (*fd == 0 && msg->nfds != 1)
		return -EBADF;
	err = find_ring(next, value & VHOST_USER_VRING_IDX_MASK, ring);
	if (!err && *fd == 0)
		err = vq_check_notifier(msg->fds[0]);
	return err;
}

VU_HANDLER(vu_set_vring_kick)
{
	struct state_ring *ring;
	unsigned int fd;
	int err = find_notifier(msg, next, &ring, &fd);

	(void)vu;
	if (err || !ring)
		return err;
	if (fd != CTL_NO_FD) {
		err = vq_check_kick(msg->fds[fd]);
		if (err)
			return err;
	}
	ring->kick = fd == CTL_NO_FD ? NOTIFIER_NOFD : NOTIFIER_FD;
	vu_place(next, FD_KICK, ring_index(next, ring), fd);
	if (!ring->started) {
		ring->started = 1;
		ring->gen = ++next->next_gen;
	}
	return 0;
}

VU_HANDLER(vu_set_vring_call)
{
	struct state_ring *ring;
	unsigned int fd;
	int err = find_notifier(msg, next, &ring, &fd);

	(void)vu;
	if (err || !ring)
		return err;
	ring->call = fd == CTL_NO_FD ? NOTIFIER_NOFD : NOTIFIER_FD;
	vu_place(next, FD_CALL, ring_index(next, ring), fd);
	return 0;
}

/* Not kept in the store: a resumed worker has none. */
VU_HANDLER(vu_set_vring_err)
{
	struct state_ring *ring;
	unsigned int fd;
	int err = find_notifier(msg, next, &ring, &fd);

	if (err || !ring)
		return err;
	vq_set_err(&vu->vq[ring_index(next, ring)],
		   fd == CTL_NO_FD ? -1 : vu_take_fd(vu, fd));
	return 0;
}

/* Without VHOST_USER_F_PROTOCOL_FEATURES rings are always enabled. */
VU_HANDLER(vu_set_vring_enable)
{
	struct vhost_user_vring_state state;
	struct state_ring *ring;
	int err = find_by_state(msg, next, &state, &ring);

	(void)vu;
	if (err || !ring)
		return err;
	if (state.num > 1)
		return -EINVAL;
	if (next->features_set &&
	    !(next->features & BIT64(VHOST_USER_F_PROTOCOL_FEATURES)))
		return -EINVAL;
	ring->enabled = (uint8_t)state.num;
	return 0;
}
