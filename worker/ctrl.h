/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control messages of virtio-console (VIRTIO 1.2, 5.3.6.2), as logic on
 * values. What the guest is owed is a set, not a queue: however often it asks,
 * one of each, in the order of their bits, is the whole answer.
 */
#ifndef WORKER_CTRL_H
#define WORKER_CTRL_H

#include <stdint.h>

#define VIRTIO_CONSOLE_DEVICE_READY	0
#define VIRTIO_CONSOLE_PORT_ADD		1
#define VIRTIO_CONSOLE_PORT_REMOVE	2
#define VIRTIO_CONSOLE_PORT_READY	3
#define VIRTIO_CONSOLE_CONSOLE_PORT	4
#define VIRTIO_CONSOLE_RESIZE		5
#define VIRTIO_CONSOLE_PORT_OPEN	6
#define VIRTIO_CONSOLE_PORT_NAME	7

#define CTRL_MESSAGE_LEN	8

/* A message in CPU byte order; little-endian on the wire. */
struct ctrl_message {
	uint32_t id;			/* port */
	uint16_t event;
	uint16_t value;
};

enum ctrl_owed {
	CTRL_OWED_ADD,
	CTRL_OWED_CONSOLE,
	CTRL_OWED_OPEN,
	CTRL_OWED_END
};

#define CTRL_OWED_ALL	((UINT32_C(1) << CTRL_OWED_END) - 1)

struct ctrl_message ctrl_decode(const uint8_t wire[CTRL_MESSAGE_LEN]);
void ctrl_encode(const struct ctrl_message *msg,
		 uint8_t wire[CTRL_MESSAGE_LEN]);

/* What is owed after the guest said @msg. */
uint32_t ctrl_receive(uint32_t owed, const struct ctrl_message *msg);

/* The next message owed, and in *@bit what is then no longer; 0: none. */
int ctrl_next(uint32_t owed, struct ctrl_message *msg, uint32_t *bit);

#endif
