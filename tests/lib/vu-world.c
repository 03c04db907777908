/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/vu-world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"
#include "worker/vu_in.h"
#include "worker/vu_table.h"

static uint64_t features(void *dev, int config)
{
	(void)dev;
	return config ? F_MULTIPORT | F_EMERG_WRITE : 0;
}

/* Byte n of this device's configuration space is n. */
static void config_read(void *dev, uint32_t offset, void *out, uint32_t len)
{
	uint8_t *byte = out;

	(void)dev;
	for (uint32_t i = 0; i < len; i++)
		byte[i] = (uint8_t)(offset + i);
}

static uint32_t config_write(void *dev, uint32_t offset, const void *in,
			     uint32_t len, char *say)
{
	struct vu_world *w = dev;

	w->config_writes++;
	must(len > 0 && offset + len > offset, "a write of %u at %u", len,
	     offset);
	say[0] = ((const char *)in)[len - 1];
	return 1;
}

static uint16_t ring_base(void *dev, unsigned int index,
			  const struct state_ring *ring)
{
	struct vu_world *w = dev;

	(void)ring;
	must(index < CONSOLE_RINGS, "ring %u", index);
	return w->base[index];
}

static uint32_t ring_taken(void *dev, unsigned int index,
			   const struct state_ring *ring)
{
	struct vu_world *w = dev;

	(void)ring;
	must(index < CONSOLE_RINGS, "ring %u", index);
	return w->taken[index];
}

static const struct device_ops ops = {
	.features = features,
	.config_read = config_read,
	.config_write = config_write,
	.ring_base = ring_base,
	.ring_taken = ring_taken,
};

void vu_world_init(struct vu_world *w)
{
	*w = (struct vu_world){
		.state = calloc(1, sizeof(*w->state)),
		.config = { .max_queue_size = 128 },
	};
	must(w->state != NULL, "out of memory");
	vu_init(&w->vu, w->state, &w->config, &ops, w, NULL);
	STATE_CURRENT(&w->state->session)->conn = 1;
}

void vu_world_destroy(struct vu_world *w)
{
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		vq_set_kick(&w->vu.vq[i], -1, false);
		vq_set_call(&w->vu.vq[i], -1);
		vq_set_err(&w->vu.vq[i], -1);
	}
	gmem_release(&w->vu.gmem, NULL);
	free(w->state);
}

struct vu_answer vu_world_send(struct vu_world *w, uint32_t request,
			       uint32_t flags, const void *payload,
			       uint32_t size, const int *fds,
			       unsigned int nfds)
{
	/* of the exact size, so that a sanitizer sees a read past its end */
	uint8_t *copy = malloc(size > 0 ? size : 1);
	struct vu_msg msg = {
		.request = request,
		.flags = FE_VERSION | flags,
		.size = size,
		.payload = copy,
		.fds = w->vu.pending,
		.nfds = nfds,
		.carried_fds = nfds > 0,
	};
	struct vu_answer answer = { 0 };
	const struct state_session *s;

	must(copy != NULL, "out of memory");
	must(nfds <= PENDING_MAX, "%u fds", nfds);
	if (size > 0)
		memcpy(copy, payload, size);
	for (unsigned int i = 0; i < nfds; i++)
		w->vu.pending[i] = dup(fds[i]);
	w->vu.npending = nfds;
	answer.err = vu_dispatch(&w->vu, &msg);
	vu_in_close_pending(&w->vu);
	free(copy);
	s = vu_session(&w->vu);
	if (answer.err != 0 || s->reply_len == 0)
		return answer;
	answer.len = s->reply_len;
	memcpy(&answer.request, s->reply, 4);
	memcpy(&answer.flags, s->reply + 4, 4);
	memcpy(&answer.size, s->reply + 8, 4);
	answer.payload = s->reply + VU_HEADER_LEN;
	if (answer.size == sizeof(answer.value))
		memcpy(&answer.value, answer.payload, sizeof(answer.value));
	return answer;
}

uint64_t vu_world_state(struct vu_world *w, uint32_t request, uint32_t index,
			uint32_t num)
{
	uint32_t payload[2] = { index, num };

	return vu_world_send(w, request, FE_NEED_REPLY, payload, 8, NULL,
			     0).value;
}

uint64_t vu_world_fd(struct vu_world *w, uint32_t request, uint64_t value,
		     int fd)
{
	return vu_world_send(w, request, FE_NEED_REPLY, &value, 8, &fd,
			     fd >= 0).value;
}

void vu_world_swap_memory(struct vu_world *w)
{
	struct gmem old = w->vu.gmem;

	if (!w->vu.gmem_changed)
		return;
	w->vu.gmem = w->vu.next_gmem;
	w->vu.gmem_changed = false;
	gmem_release(&old, &w->vu.gmem);
}

void vu_world_want_acks(struct vu_world *w)
{
	uint64_t bits = P_REPLY_ACK | P_CONFIG | P_BACKEND_REQ;

	must(vu_world_send(w, FE_SET_PROTOCOL_FEATURES, 0, &bits, 8, NULL,
			   0).err == 0, "REPLY_ACK");
}

bool vu_world_unchanged(const struct vu_world *w,
			const struct state_session *before)
{
	struct state_session a = *before, b = *vu_session(&w->vu);

	if (b.seq != a.seq + 1 || b.nplaces != 0 || w->vu.gmem_changed)
		return false;
	a.seq = b.seq;
	a.reply_len = b.reply_len;
	a.nplaces = 0;
	memcpy(a.reply, b.reply, sizeof(a.reply));
	memcpy(a.place, b.place, sizeof(a.place));
	return memcmp(&a, &b, sizeof(a)) == 0;
}

void vu_world_open(struct vu_world *w)
{
	int before = open_fds();

	vu_world_init(w);
	vu_world_want_acks(w);
	w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->fds_before = before;
}

int vu_world_close(struct vu_world *w)
{
	int before = w->fds_before;

	fd_close(&w->event);
	vu_world_destroy(w);
	return open_fds() == before ? 0 : -1;
}
