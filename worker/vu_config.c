/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "worker/vu_handlers.h"
#include "worker/vu_proto.h"

static int get_range(const struct vu_msg *msg, struct vhost_user_config *range)
{
	if (msg->size < sizeof(*range))
		return -EMSGSIZE;
	memcpy(range, msg->payload, sizeof(*range));
	if (!range->size || range->size > VHOST_USER_CONFIG_MAX ||
	    range->offset > UINT32_MAX - range->size)
		return -EINVAL;
	return 0;
}

/*
 * The answer has the size asked for, whatever the device has: QEMU and
 * User-Mode Linux compare. What lies past the device's space reads as zero.
 */
VU_HANDLER(vu_get_config)
{
	uint8_t reply[sizeof(struct vhost_user_config) +
		      VHOST_USER_CONFIG_MAX];
	struct vhost_user_config range;
	int err = get_range(msg, &range);

	if (err)
		return err;
	/*
	 * A driver that looks at the configuration starts anew: its rings do
	 * not go on where they stopped, even if that was at index 0.
	 */
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		next->ring[i].taken = 0;
	memcpy(reply, &range, sizeof(range));
	vu->ops->config_read(vu->dev, range.offset, reply + sizeof(range),
			     range.size);
	vu_reply_bytes(next, msg, reply,
		       (uint32_t)sizeof(range) + range.size);
	return 0;
}

/* The flags' meaning differs between front-ends; none of them matters. */
VU_HANDLER(vu_set_config)
{
	struct vhost_user_config range;
	int err = get_range(msg, &range);
	uint32_t len;

	if (err)
		return err;
	if (range.size > msg->size - sizeof(range))
		return -EMSGSIZE;
	len = vu->ops->config_write(vu->dev, range.offset,
				    msg->payload + sizeof(range), range.size,
				    next->say);
	if (len) {
		next->say_len = len;
		next->says++;
	}
	return 0;
}
