/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "worker/vu_handlers.h"
#include "worker/vu_proto.h"

#define PROTOCOL_FEATURES (BIT64(VHOST_USER_PROTOCOL_F_MQ) | \
			   BIT64(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
			   BIT64(VHOST_USER_PROTOCOL_F_BACKEND_REQ) | \
			   BIT64(VHOST_USER_PROTOCOL_F_CONFIG) | \
			   BIT64(VHOST_USER_PROTOCOL_F_RESET_DEVICE) | \
			   BIT64(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) | \
			   BIT64(VHOST_USER_PROTOCOL_F_STATUS))

#define RING_FEATURES (BIT64(VIRTIO_F_INDIRECT_DESC) | \
		       BIT64(VIRTIO_F_EVENT_IDX) | \
		       BIT64(VHOST_USER_F_PROTOCOL_FEATURES) | \
		       BIT64(VIRTIO_F_VERSION_1))

static uint64_t payload_u64(const struct vu_msg *msg)
{
	uint64_t value;

	memcpy(&value, msg->payload, sizeof(value));
	return value;
}

/*
 * Features that live in configuration space are hidden from a front-end that
 * chose to do without it: its guest's driver would fail on them.
 */
static uint64_t offered_features(const struct vu *vu,
				 const struct state_session *session)
{
	int config = !session->protocol_features_set ||
		     (session->protocol_features &
		      BIT64(VHOST_USER_PROTOCOL_F_CONFIG));

	return RING_FEATURES | vu->ops->features(vu->dev, config);
}

VU_HANDLER(vu_get_features)
{
	vu_reply_u64(next, msg, offered_features(vu, next));
	return 0;
}

VU_HANDLER(vu_set_features)
{
	uint64_t features = payload_u64(msg);

	if (features & ~offered_features(vu, next))
		return -EINVAL;
	next->features = features;
	next->features_set = 1;
	if (!(features & BIT64(VHOST_USER_F_PROTOCOL_FEATURES)))
		for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
			next->ring[i].enabled = 1;
	return 0;
}

VU_HANDLER(vu_set_owner)
{
	(void)vu, (void)msg, (void)next;
	return 0;
}

/* Without VHOST_USER_F_PROTOCOL_FEATURES no message could enable a ring. */
static bool always_enabled(const struct state_session *session)
{
	return session->features_set &&
	       !(session->features & BIT64(VHOST_USER_F_PROTOCOL_FEATURES));
}

VU_HANDLER(vu_reset_owner)
{
	(void)vu, (void)msg;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		next->ring[i].enabled = always_enabled(next);
	return 0;
}

VU_HANDLER(vu_get_protocol_features)
{
	(void)vu;
	vu_reply_u64(next, msg, PROTOCOL_FEATURES);
	return 0;
}

/*
 * In-band notifications without their two companions leave no way to notify
 * at all: the one request that ends a connection.
 */
VU_HANDLER(vu_set_protocol_features)
{
	const uint64_t companions =
		BIT64(VHOST_USER_PROTOCOL_F_BACKEND_REQ) |
		BIT64(VHOST_USER_PROTOCOL_F_REPLY_ACK);
	uint64_t features = payload_u64(msg);

	(void)vu;
	if ((features & BIT64(VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS)) &&
	    (features & companions) != companions)
		return -EPROTO;
	if (features & ~PROTOCOL_FEATURES)
		return -EINVAL;
	next->protocol_features = features;
	next->protocol_features_set = 1;
	return 0;
}

VU_HANDLER(vu_get_queue_num)
{
	(void)vu;
	vu_reply_u64(next, msg, CONSOLE_RINGS);
	return 0;
}

VU_HANDLER(vu_set_backend_req_fd)
{
	(void)vu;
	if (msg->nfds != 1)
		return -EINVAL;
	vu_place(next, FD_BACKEND, 0, 0);
	return 0;
}

VU_HANDLER(vu_reset_device)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		struct state_ring *ring = &next->ring[i];

		if (ring->started)
			ring->base = vu->ops->ring_base(vu->dev, i, ring);
		ring->taken = 0;
		ring->started = 0;
		ring->enabled = always_enabled(next);
	}
	next->status = 0;
	(void)msg;
	return 0;
}

/* For information only: QEMU's device never gets to DRIVER_OK. */
VU_HANDLER(vu_set_status)
{
	(void)vu;
	next->status = payload_u64(msg);
	return 0;
}

VU_HANDLER(vu_get_status)
{
	(void)vu;
	vu_reply_u64(next, msg, next->status);
	return 0;
}
