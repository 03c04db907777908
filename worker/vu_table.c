/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vu_table.h"

#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/vu_handlers.h"
#include "worker/vu_proto.h"

#define ROW(request, handler, size, fds, reply) \
	[VHOST_USER_##request] = { #request, size, fds, reply, handler }

static const struct vu_row rows[] = {
	ROW(GET_FEATURES, vu_get_features, 0, 0, VU_REPLY),
	ROW(SET_FEATURES, vu_set_features, 8, 0, VU_ACK),
	ROW(SET_OWNER, vu_set_owner, 0, 0, VU_ACK),
	ROW(RESET_OWNER, vu_reset_owner, 0, 0, VU_ACK),
	ROW(SET_MEM_TABLE, vu_set_mem_table, 8, MEM_SLOTS_MAX, VU_ACK),
	ROW(SET_VRING_NUM, vu_set_vring_num, 8, 0, VU_ACK),
	ROW(SET_VRING_ADDR, vu_set_vring_addr, 40, 0, VU_ACK),
	ROW(SET_VRING_BASE, vu_set_vring_base, 8, 0, VU_ACK),
	ROW(GET_VRING_BASE, vu_get_vring_base, 8, 0, VU_REPLY),
	ROW(SET_VRING_KICK, vu_set_vring_kick, 8, 1, VU_ACK),
	ROW(SET_VRING_CALL, vu_set_vring_call, 8, 1, VU_ACK),
	ROW(SET_VRING_ERR, vu_set_vring_err, 8, 1, VU_ACK),
	ROW(GET_PROTOCOL_FEATURES, vu_get_protocol_features, 0, 0, VU_REPLY),
	ROW(SET_PROTOCOL_FEATURES, vu_set_protocol_features, 8, 0, VU_ACK),
	ROW(GET_QUEUE_NUM, vu_get_queue_num, 0, 0, VU_REPLY),
	ROW(SET_VRING_ENABLE, vu_set_vring_enable, 8, 0, VU_ACK),
	ROW(SET_BACKEND_REQ_FD, vu_set_backend_req_fd, 0, 1, VU_ACK),
	ROW(GET_CONFIG, vu_get_config, 0, 0, VU_REPLY),
	ROW(SET_CONFIG, vu_set_config, 12, 0, VU_ACK),
	ROW(RESET_DEVICE, vu_reset_device, 0, 0, VU_ACK),
	ROW(GET_MAX_MEM_SLOTS, vu_get_max_mem_slots, 0, 0, VU_REPLY),
	ROW(ADD_MEM_REG, vu_add_mem_reg, 40, 1, VU_ACK),
	ROW(REM_MEM_REG, vu_rem_mem_reg, 40, 1, VU_ACK),
	ROW(SET_STATUS, vu_set_status, 8, 0, VU_ACK),
	ROW(GET_STATUS, vu_get_status, 0, 0, VU_REPLY),
};

const struct vu_row *vu_row(uint32_t request)
{
	if (request >= sizeof(rows) / sizeof(rows[0]) || !rows[request].name)
		return NULL;
	return &rows[request];
}

const char *vu_request_name(uint32_t request)
{
	const struct vu_row *row = vu_row(request);

	return row ? row->name : "unknown request";
}

void vu_reply_bytes(struct state_session *next, const struct vu_msg *msg,
		    const void *payload, uint32_t len)
{
	struct vhost_user_header header = {
		.request = msg->request,
		.flags = VHOST_USER_VERSION | VHOST_USER_REPLY,
		.size = len,
	};

	memcpy(next->reply, &header, sizeof(header));
	if (len)
		memcpy(next->reply + sizeof(header), payload, len);
	next->reply_len = (uint32_t)sizeof(header) + len;
}

void vu_reply_u64(struct state_session *next, const struct vu_msg *msg,
		  uint64_t value)
{
	vu_reply_bytes(next, msg, &value, sizeof(value));
}

void vu_place(struct state_session *next, enum fd_kind kind,
	      unsigned int index, unsigned int fd)
{
	next->place[next->nplaces++] = (struct ctl_place){
		.kind = (uint8_t)kind,
		.index = (uint8_t)index,
		.fd = (uint8_t)fd,
	};
}

/* @next becomes the session as it is, but for the message's number. */
static void begin(const struct vu *vu, struct state_session *next)
{
	*next = *vu_session(vu);
	next->seq++;
	next->nplaces = 0;
	next->reply_len = 0;
}

static int apply(struct vu *vu, const struct vu_msg *msg,
		 struct state_session *next)
{
	const struct vu_row *row = vu_row(msg->request);

	if (!row)
		return -EOPNOTSUPP;
	if (msg->size < row->size)
		return -EMSGSIZE;
	if (msg->nfds > row->fds || (msg->carried_fds && !row->fds))
		return -E2BIG;
	return row->handler(vu, msg, next);
}

static void answer(struct state_session *next, const struct vu_msg *msg,
		   int err)
{
	const struct vu_row *row = vu_row(msg->request);

	if (row && row->reply == VU_REPLY) {
		if (err)
			vu_reply_bytes(next, msg, NULL, 0);
		return;
	}
	if ((msg->flags & VHOST_USER_NEED_REPLY) &&
	    (next->protocol_features &
	     BIT64(VHOST_USER_PROTOCOL_F_REPLY_ACK)))
		vu_reply_u64(next, msg, err != 0);
}

int vu_take_fd(struct vu *vu, unsigned int fd)
{
	return fd_take(&vu->pending[fd]);
}

int vu_dispatch(struct vu *vu, const struct vu_msg *msg)
{
	struct state_session *next = STATE_OTHER(&vu->state->session);
	int err;

	begin(vu, next);
	err = apply(vu, msg, next);
	if (err == -EPROTO)
		return err;
	if (err < 0) {
		log_limited(LOG_WARN, "%s (%u), %u bytes, %u fds: %s",
			    vu_request_name(msg->request), msg->request,
			    msg->size, msg->nfds, strerror(-err));
		begin(vu, next);
	}
	answer(next, msg, err);
	STATE_SWITCH(&vu->state->session);
	return 0;
}
