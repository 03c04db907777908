/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * vhost-user messages by value. A builder fills in what a well-behaved
 * front-end would; the caller then breaks what it likes.
 */
#ifndef TESTS_LIB_FE_MSG_H
#define TESTS_LIB_FE_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "tests/lib/vhost.h"

#define FE_HEADER	12
#define FE_PAYLOAD_MAX	4096
#define FE_FDS_MAX	253		/* SCM_MAX_FD */

struct fe_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	uint8_t payload[FE_PAYLOAD_MAX];
	int fds[FE_FDS_MAX];		/* to send: borrowed; received: owned */
	unsigned int nfds;
};

struct fe_region {
	uint64_t gpa;
	uint64_t size;
	uint64_t uva;
	uint64_t offset;
	int fd;				/* -1: sent without */
};

struct fe_msg fe_msg(uint32_t request);
struct fe_msg fe_msg_u64(uint32_t request, uint64_t value);
struct fe_msg fe_msg_state(uint32_t request, uint32_t index, uint32_t num);
struct fe_msg fe_msg_addr(uint32_t index, uint64_t desc, uint64_t avail,
			  uint64_t used);

/* KICK, CALL or ERR; @fd -1: none, with bit 8 in @value set by the caller. */
struct fe_msg fe_msg_fd(uint32_t request, uint64_t value, int fd);

struct fe_msg fe_msg_table(const struct fe_region *region, unsigned int n);
struct fe_msg fe_msg_region(uint32_t request, const struct fe_region *region);

/* GET_CONFIG or SET_CONFIG; @bytes may be NULL. */
struct fe_msg fe_msg_config(uint32_t request, uint32_t offset, uint32_t size,
			    uint32_t flags, const void *bytes);

uint64_t fe_msg_get_u64(const struct fe_msg *m, size_t at);
uint32_t fe_msg_get_u32(const struct fe_msg *m, size_t at);
void fe_msg_put_u64(struct fe_msg *m, size_t at, uint64_t value);
void fe_msg_put_u32(struct fe_msg *m, size_t at, uint32_t value);

#endif
