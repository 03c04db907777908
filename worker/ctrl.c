/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/ctrl.h"

#include <endian.h>
#include <string.h>

#include "common/log.h"

/* The one port there is. */
#define PORT	0

struct wire_message {
	uint32_t id;
	uint16_t event;
	uint16_t value;
};

struct ctrl_message ctrl_decode(const uint8_t wire[CTRL_MESSAGE_LEN])
{
	struct wire_message w;

	memcpy(&w, wire, sizeof(w));
	return (struct ctrl_message){
		.id = le32toh(w.id),
		.event = le16toh(w.event),
		.value = le16toh(w.value),
	};
}

void ctrl_encode(const struct ctrl_message *msg,
		 uint8_t wire[CTRL_MESSAGE_LEN])
{
	struct wire_message w = {
		.id = htole32(msg->id),
		.event = htole16(msg->event),
		.value = htole16(msg->value),
	};

	memcpy(wire, &w, sizeof(w));
}

#define OWED(what)	(UINT32_C(1) << CTRL_OWED_##what)

static uint32_t device_ready(const struct ctrl_message *msg)
{
	if (msg->value == 1)
		return OWED(ADD);
	log_limited(LOG_WARN, "guest's console driver failed to start");
	return 0;
}

/*
 * Also without a DEVICE_READY before it: Linux that wakes up from hibernation
 * says no more than this.
 */
static uint32_t port_ready(uint32_t owed, const struct ctrl_message *msg)
{
	if (msg->id != PORT)
		return owed;
	if (msg->value == 1)
		return owed | OWED(CONSOLE) | OWED(OPEN);
	log_limited(LOG_WARN, "guest failed to add port %u", msg->id);
	return 0;
}

uint32_t ctrl_receive(uint32_t owed, const struct ctrl_message *msg)
{
	switch (msg->event) {
	case VIRTIO_CONSOLE_DEVICE_READY:
		return device_ready(msg);
	case VIRTIO_CONSOLE_PORT_READY:
		return port_ready(owed, msg);
	default:
		return owed;
	}
}

int ctrl_next(uint32_t owed, struct ctrl_message *msg, uint32_t *bit)
{
	static const struct ctrl_message messages[CTRL_OWED_END] = {
		[CTRL_OWED_ADD] = { PORT, VIRTIO_CONSOLE_PORT_ADD, 0 },
		[CTRL_OWED_CONSOLE] = { PORT, VIRTIO_CONSOLE_CONSOLE_PORT, 1 },
		[CTRL_OWED_OPEN] = { PORT, VIRTIO_CONSOLE_PORT_OPEN, 1 },
	};

	for (unsigned int i = 0; i < CTRL_OWED_END; i++) {
		*bit = UINT32_C(1) << i;
		if (owed & *bit) {
			*msg = messages[i];
			return 1;
		}
	}
	return 0;
}
