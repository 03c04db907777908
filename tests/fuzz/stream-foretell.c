/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/stream.h"
#include "tests/lib/vhost.h"

#define PAYLOAD_MAX	4096
#define VERSION_MASK	3

#define P_OFFERED	(P_MQ | P_REPLY_ACK | P_BACKEND_REQ | P_CONFIG | \
			 P_RESET_DEVICE | P_MEM_SLOTS | P_STATUS)

/* Requests with an answer of their own. */
static bool replies(uint32_t request)
{
	switch (request) {
	case FE_GET_FEATURES:
	case FE_GET_VRING_BASE:
	case FE_GET_PROTOCOL_FEATURES:
	case FE_GET_QUEUE_NUM:
	case FE_GET_CONFIG:
	case FE_GET_MAX_MEM_SLOTS:
	case FE_GET_STATUS:
		return true;
	}
	return false;
}

/* Requests that may come with fds, and how many at most. */
static unsigned int fds_of(uint32_t request)
{
	switch (request) {
	case FE_SET_MEM_TABLE:
		return MEM_SLOTS_MAX;
	case FE_SET_VRING_KICK:
	case FE_SET_VRING_CALL:
	case FE_SET_VRING_ERR:
	case FE_SET_BACKEND_REQ_FD:
	case FE_ADD_MEM_REG:
	case FE_REM_MEM_REG:
		return 1;
	}
	return 0;
}

/* The least payload of a request that is good. */
static uint32_t size_of(uint32_t request)
{
	switch (request) {
	case FE_SET_FEATURES:
	case FE_SET_MEM_TABLE:
	case FE_SET_VRING_NUM:
	case FE_SET_VRING_BASE:
	case FE_GET_VRING_BASE:
	case FE_SET_VRING_KICK:
	case FE_SET_VRING_CALL:
	case FE_SET_VRING_ERR:
	case FE_SET_PROTOCOL_FEATURES:
	case FE_SET_VRING_ENABLE:
	case FE_SET_STATUS:
		return 8;
	case FE_GET_CONFIG:
	case FE_SET_CONFIG:
		return 12;
	case FE_SET_VRING_ADDR:
	case FE_ADD_MEM_REG:
	case FE_REM_MEM_REG:
		return 40;
	}
	return 0;
}

/* Is it without an fd that it has to have? */
static bool lacks_fd(const struct stream_message *m, uint32_t request,
		     const void *payload)
{
	uint64_t value;

	if (m->nfds > 0)
		return false;
	switch (request) {
	case FE_SET_VRING_KICK:
	case FE_SET_VRING_CALL:
	case FE_SET_VRING_ERR:
		memcpy(&value, payload, sizeof(value));
		return !(value & FE_NOFD);
	case FE_SET_MEM_TABLE:
	case FE_SET_BACKEND_REQ_FD:
	case FE_ADD_MEM_REG:
		return true;
	}
	return false;
}

/* Notifiers are no files; the file types of those that may be have no name. */
static bool is_no_notifier(int fd)
{
	struct stat st;

	return fstat(fd, &st) || S_ISREG(st.st_mode) ||
	       S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode) ||
	       S_ISBLK(st.st_mode);
}

/* @region: gpa, size, uva, offset. */
static bool is_no_memory(int fd, const uint64_t region[4])
{
	struct stat st;

	return fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	       region[1] > (uint64_t)st.st_size ||
	       region[3] > (uint64_t)st.st_size - region[1];
}

static bool is_no_table(const struct stream_message *m, const uint8_t *payload,
			uint32_t size)
{
	uint64_t region[4];
	uint32_t n;

	memcpy(&n, payload, sizeof(n));
	if (n != m->nfds || (size - 8) / sizeof(region) < n)
		return true;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(region, payload + 8 + i * sizeof(region),
		       sizeof(region));
		if (is_no_memory(m->fds[i], region))
			return true;
	}
	return false;
}

/* Is one of its fds of a kind that is of no use? */
static bool has_wrong_fd(const struct stream_message *m, uint32_t request,
			 const uint8_t *payload, uint32_t size)
{
	uint64_t single[5];

	switch (request) {
	case FE_SET_VRING_KICK:
	case FE_SET_VRING_CALL:
	case FE_SET_VRING_ERR:
		memcpy(single, payload, sizeof(single[0]));
		return !(single[0] & FE_NOFD) && is_no_notifier(m->fds[0]);
	case FE_SET_MEM_TABLE:
		return is_no_table(m, payload, size);
	case FE_ADD_MEM_REG:
		memcpy(single, payload, sizeof(single));
		return is_no_memory(m->fds[0], single + 1);
	}
	return false;
}

/* What SET_PROTOCOL_FEATURES comes to, before its own ack. */
static void negotiate(struct stream *s, const struct stream_message *m,
		      const void *payload, uint32_t size)
{
	const uint64_t companions = P_REPLY_ACK | P_BACKEND_REQ;
	uint64_t bits;

	if (size < sizeof(bits) || m->nfds > 0)
		return;
	memcpy(&bits, payload, sizeof(bits));
	if ((bits & P_INBAND) && (bits & companions) != companions)
		s->ends = true;
	else if (!(bits & ~P_OFFERED))
		s->protocol_features = bits;
}

void stream_foretell(struct stream *s, struct stream_message *m,
		     uint32_t request, uint32_t flags, const void *payload,
		     uint32_t size)
{
	if ((flags & VERSION_MASK) != 1 || size > PAYLOAD_MAX)
		s->ends = true;
	/* framing is lost if they are met while looking for wanted ones */
	if (m->nfds > PENDING_MAX)
		s->exact = false;
	if (s->ends)
		return;
	if (request == FE_SET_PROTOCOL_FEATURES)
		negotiate(s, m, payload, size);
	if (s->ends)
		return;
	m->acked = !replies(request);
	m->refused = m->nfds > fds_of(request) || size < size_of(request) ||
		     lacks_fd(m, request, payload) ||
		     has_wrong_fd(m, request, payload, size);
	if (!m->acked || ((flags & FE_NEED_REPLY) &&
			  (s->protocol_features & P_REPLY_ACK)))
		m->request = request;
}
