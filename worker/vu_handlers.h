/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handlers of vu_table's rows, and what they share. */
#ifndef WORKER_VU_HANDLERS_H
#define WORKER_VU_HANDLERS_H

#include "worker/vu_table.h"

#define VU_HANDLER(name) \
	int name(struct vu *vu, const struct vu_msg *msg, \
		 struct state_session *next)

/* vu_feature.c */
VU_HANDLER(vu_get_features);
VU_HANDLER(vu_set_features);
VU_HANDLER(vu_set_owner);
VU_HANDLER(vu_reset_owner);
VU_HANDLER(vu_get_protocol_features);
VU_HANDLER(vu_set_protocol_features);
VU_HANDLER(vu_get_queue_num);
VU_HANDLER(vu_set_backend_req_fd);
VU_HANDLER(vu_reset_device);
VU_HANDLER(vu_set_status);
VU_HANDLER(vu_get_status);

/* vu_config.c */
VU_HANDLER(vu_get_config);
VU_HANDLER(vu_set_config);

/* vu_mem.c */
VU_HANDLER(vu_set_mem_table);
VU_HANDLER(vu_get_max_mem_slots);
VU_HANDLER(vu_add_mem_reg);
VU_HANDLER(vu_rem_mem_reg);

/* vu_vring.c */
VU_HANDLER(vu_set_vring_num);
VU_HANDLER(vu_set_vring_addr);
VU_HANDLER(vu_set_vring_base);
VU_HANDLER(vu_get_vring_base);
VU_HANDLER(vu_set_vring_kick);
VU_HANDLER(vu_set_vring_call);
VU_HANDLER(vu_set_vring_err);
VU_HANDLER(vu_set_vring_enable);

/* The answer to @msg; at most VU_REPLY_MAX - VU_HEADER_LEN bytes. */
void vu_reply_bytes(struct state_session *next, const struct vu_msg *msg,
		    const void *payload, uint32_t len);
void vu_reply_u64(struct state_session *next, const struct vu_msg *msg,
		  uint64_t value);

/* Takes fd @fd of the message for this process alone. */
int vu_take_fd(struct vu *vu, unsigned int fd);

/* Fd @fd of the message (or CTL_NO_FD) becomes the one of this place. */
void vu_place(struct state_session *next, enum fd_kind kind,
	      unsigned int index, unsigned int fd);

#endif
