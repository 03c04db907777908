/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/vring.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* VIRTIO 1.2, 2.7.5.2 */
#define CHAIN_LEN_MAX	(UINT64_C(1) << 32)

int vring_map(struct vring *vr, const struct gmem *gmem, uint32_t num,
	      uint64_t desc_uva, uint64_t avail_uva, uint64_t used_uva)
{
	void *desc = gmem_uva(gmem, desc_uva, virtq_desc_size(num));
	void *avail = gmem_uva(gmem, avail_uva, virtq_avail_size(num));
	void *used = gmem_uva(gmem, used_uva, virtq_used_size(num));

	if (!desc || !avail || !used)
		return -EFAULT;
	if ((uintptr_t)desc % VIRTQ_DESC_ALIGN ||
	    (uintptr_t)avail % VIRTQ_AVAIL_ALIGN ||
	    (uintptr_t)used % VIRTQ_USED_ALIGN)
		return -EINVAL;
	vr->gmem = gmem;
	vr->num = num;
	vr->desc = desc;
	vr->avail = avail;
	vr->used = used;
	return 0;
}

int vring_pending(const struct vring *vr, uint16_t avail)
{
	uint16_t n = (uint16_t)(virtq_load16_acquire(&vr->avail->idx) - avail);

	return n > vr->num ? -EPROTO : n;
}

static int bad(struct vring_chain *chain, const char *error)
{
	chain->error = error;
	return -EBADMSG;
}

static int broken(struct vring_chain *chain, const char *error)
{
	chain->error = error;
	return -EPROTO;
}

static int add_spans(const struct vring *vr, struct vring_chain *chain,
		     const struct virtq_desc *desc)
{
	unsigned int at = chain->nout + chain->nin;
	int n;

	/* a descriptor of no bytes is skipped, wherever it stands and points */
	if (!desc->len)
		return 0;
	if (chain->out_len + chain->in_len + desc->len > CHAIN_LEN_MAX)
		return bad(chain, "longer than 4 GiB");
	if (!(desc->flags & VIRTQ_DESC_F_WRITE) && chain->nin)
		return bad(chain, "readable buffer after a writable one");
	n = gmem_spans(vr->gmem, desc->addr, desc->len, chain->span + at,
		       VRING_CHAIN_SPANS_MAX - at);
	if (n == -E2BIG)
		return bad(chain, "too many pieces");
	if (n < 0)
		return bad(chain, "buffer outside guest memory");
	if (desc->flags & VIRTQ_DESC_F_WRITE) {
		chain->nin += (unsigned int)n;
		chain->in_len += desc->len;
	} else {
		chain->nout += (unsigned int)n;
		chain->out_len += desc->len;
	}
	return 0;
}

/* One indirect entry, which may lie across two regions. */
static struct virtq_desc load_indirect(const struct iovec *table,
				       unsigned int n, uint64_t at)
{
	struct virtq_desc raw;
	unsigned char *to = (unsigned char *)&raw;
	size_t have = 0;

	for (unsigned int i = 0; i < n && have < sizeof(raw); i++) {
		size_t part;

		if (at >= table[i].iov_len) {
			at -= table[i].iov_len;
			continue;
		}
		part = table[i].iov_len - (size_t)at;
		if (part > sizeof(raw) - have)
			part = sizeof(raw) - have;
		GUEST_POINT((unsigned char *)table[i].iov_base + at);
		memcpy(to + have, (unsigned char *)table[i].iov_base + at,
		       part);
		have += part;
		at = 0;
	}
	return virtq_load_desc(&raw);
}

static int get_indirect(const struct vring *vr, struct vring_chain *chain,
			const struct virtq_desc *table)
{
	struct iovec span[MEM_SLOTS_MAX];
	uint32_t entries = table->len / sizeof(struct virtq_desc);
	uint32_t i = 0;
	int n, err;

	if (!table->len || table->len % sizeof(struct virtq_desc))
		return bad(chain, "indirect table of a wrong length");
	if (entries > VRING_CHAIN_DESCS_MAX)
		return bad(chain, "indirect table too long");
	n = gmem_spans(vr->gmem, table->addr, table->len, span,
		       MEM_SLOTS_MAX);
	if (n < 0)
		return bad(chain, "indirect table outside guest memory");
	for (uint32_t seen = 0; seen < entries; seen++) {
		struct virtq_desc desc =
			load_indirect(span, (unsigned int)n,
				      (uint64_t)i * sizeof(desc));

		if (desc.flags & VIRTQ_DESC_F_INDIRECT)
			return bad(chain, "nested indirect table");
		err = add_spans(vr, chain, &desc);
		if (err)
			return err;
		if (!(desc.flags & VIRTQ_DESC_F_NEXT))
			return 0;
		if (desc.next >= entries)
			return bad(chain, "indirect next out of range");
		i = desc.next;
	}
	return bad(chain, "loop in an indirect table");
}

static uint16_t load_head(const struct vring *vr, uint16_t avail)
{
	return virtq_load16(&vr->avail->ring[avail & (vr->num - 1)]);
}

int vring_head(const struct vring *vr, uint16_t avail)
{
	int pending = vring_pending(vr, avail);
	uint16_t head;

	if (pending <= 0)
		return pending ? pending : -EAGAIN;
	head = load_head(vr, avail);
	return head < vr->num ? head : -EPROTO;
}

int vring_get(const struct vring *vr, uint16_t avail,
	      struct vring_chain *chain)
{
	uint16_t i = load_head(vr, avail);
	int err;

	chain->head = i;
	chain->fatal = false;
	chain->error = NULL;
	chain->nout = chain->nin = 0;
	chain->out_len = chain->in_len = 0;
	if (i >= vr->num)
		return broken(chain, "head out of range");
	for (uint32_t seen = 0; seen < vr->num; seen++) {
		struct virtq_desc desc = virtq_load_desc(&vr->desc[i]);

		if (desc.flags & VIRTQ_DESC_F_INDIRECT) {
			if (!vr->indirect)
				return bad(chain, "indirect not negotiated");
			if (desc.flags & VIRTQ_DESC_F_NEXT)
				return bad(chain, "indirect with next");
			return get_indirect(vr, chain, &desc);
		}
		err = add_spans(vr, chain, &desc);
		if (err)
			return err;
		if (!(desc.flags & VIRTQ_DESC_F_NEXT))
			return 0;
		if (desc.next >= vr->num) {
			chain->fatal = true;
			return bad(chain, "next out of range");
		}
		i = desc.next;
	}
	return broken(chain, "descriptor loop");
}

void vring_put(struct vring *vr, uint16_t used, uint16_t head, uint32_t len)
{
	struct virtq_used_elem *e = &vr->used->ring[used & (vr->num - 1)];

	virtq_store32(&e->id, head);
	STATE_POINT();
	virtq_store32(&e->len, len);
	STATE_POINT();
}

void vring_publish(struct vring *vr, uint16_t used)
{
	virtq_store16_release(&vr->used->idx, used);
	STATE_POINT();
}

uint16_t vring_used_idx(const struct vring *vr)
{
	return virtq_load16(&vr->used->idx);
}

static uint16_t *used_event(const struct vring *vr)
{
	return &vr->avail->ring[vr->num];
}

static uint16_t *avail_event(const struct vring *vr)
{
	return (uint16_t *)&vr->used->ring[vr->num];
}

/* VIRTIO 1.2, 2.7.7.2 and 2.7.8: publish, full barrier, then look. */
bool vring_should_notify(struct vring *vr, uint16_t used)
{
	uint16_t old = vr->signalled;
	bool first = !vr->signalled_valid;
	uint16_t event;

	atomic_thread_fence(memory_order_seq_cst);
	if (!vr->event_idx)
		return !(virtq_load16(&vr->avail->flags) &
			 VIRTQ_AVAIL_F_NO_INTERRUPT);
	event = virtq_load16(used_event(vr));
	vr->signalled = used;
	vr->signalled_valid = true;
	return first || (uint16_t)(used - event - 1) < (uint16_t)(used - old);
}

void vring_kicks_off(struct vring *vr)
{
	if (!vr->event_idx)
		virtq_store16(&vr->used->flags, VIRTQ_USED_F_NO_NOTIFY);
}

bool vring_kicks_on(struct vring *vr, uint16_t avail)
{
	if (vr->event_idx)
		virtq_store16(avail_event(vr), avail);
	else
		virtq_store16(&vr->used->flags, 0);
	atomic_thread_fence(memory_order_seq_cst);
	return virtq_load16_acquire(&vr->avail->idx) != avail;
}
