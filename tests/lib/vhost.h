/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The numbers of vhost-user, virtio and virtio-console, as a front-end and a
 * guest know them. The daemon has its own: one typing error then shows.
 */
#ifndef TESTS_LIB_VHOST_H
#define TESTS_LIB_VHOST_H

enum fe_request {
	FE_GET_FEATURES = 1,
	FE_SET_FEATURES = 2,
	FE_SET_OWNER = 3,
	FE_RESET_OWNER = 4,
	FE_SET_MEM_TABLE = 5,
	FE_SET_LOG_BASE = 6,
	FE_SET_VRING_NUM = 8,
	FE_SET_VRING_ADDR = 9,
	FE_SET_VRING_BASE = 10,
	FE_GET_VRING_BASE = 11,
	FE_SET_VRING_KICK = 12,
	FE_SET_VRING_CALL = 13,
	FE_SET_VRING_ERR = 14,
	FE_GET_PROTOCOL_FEATURES = 15,
	FE_SET_PROTOCOL_FEATURES = 16,
	FE_GET_QUEUE_NUM = 17,
	FE_SET_VRING_ENABLE = 18,
	FE_SET_BACKEND_REQ_FD = 21,
	FE_GET_CONFIG = 24,
	FE_SET_CONFIG = 25,
	FE_RESET_DEVICE = 34,
	FE_GET_MAX_MEM_SLOTS = 36,
	FE_ADD_MEM_REG = 37,
	FE_REM_MEM_REG = 38,
	FE_SET_STATUS = 39,
	FE_GET_STATUS = 40,
	FE_UNKNOWN = 200,
};

#define FE_VERSION		0x1
#define FE_REPLY		0x4
#define FE_NEED_REPLY		0x8
#define FE_REPLY_FLAGS		(FE_VERSION | FE_REPLY)
#define FE_NOFD			0x100

#define P_MQ			(1ULL << 0)
#define P_REPLY_ACK		(1ULL << 3)
#define P_BACKEND_REQ		(1ULL << 5)
#define P_CONFIG		(1ULL << 9)
#define P_RESET_DEVICE		(1ULL << 13)
#define P_INBAND		(1ULL << 14)
#define P_MEM_SLOTS		(1ULL << 15)
#define P_STATUS		(1ULL << 16)

#define F_SIZE			(1ULL << 0)
#define F_MULTIPORT		(1ULL << 1)
#define F_EMERG_WRITE		(1ULL << 2)
#define F_LOG_ALL		(1ULL << 26)
#define F_INDIRECT		(1ULL << 28)
#define F_EVENT_IDX		(1ULL << 29)
#define F_PROTOCOL		(1ULL << 30)
#define F_VERSION_1		(1ULL << 32)

#define DESC_NEXT		1
#define DESC_WRITE		2
#define DESC_INDIRECT		4
#define AVAIL_NO_INTERRUPT	1
#define USED_NO_NOTIFY		1

#define STATUS_FEATURES_OK	0x8

enum ring_role { RX, TX, CTRL_RX, CTRL_TX, RINGS };

enum ctrl_event {
	CTRL_DEVICE_READY,
	CTRL_PORT_ADD,
	CTRL_PORT_REMOVE,
	CTRL_PORT_READY,
	CTRL_CONSOLE_PORT,
	CTRL_RESIZE,
	CTRL_PORT_OPEN,
	CTRL_PORT_NAME,
};

#endif
