/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/gring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/guest.h"
#include "tests/lib/must.h"

void gring_clear(struct gring *r)
{
	*r = (struct gring){ .kick = -1, .call = -1, .call_peer = -1,
			     .err = -1 };
}

void gring_init(struct gring *r, struct guest *g, unsigned int index,
		uint16_t num, unsigned int region, uint32_t buf_size)
{
	size_t avail = 6 + 2 * (size_t)num;
	size_t used = 6 + 8 * (size_t)num;

	gring_clear(r);
	r->guest = g;
	r->index = index;
	r->num = num;
	r->desc_gpa = guest_alloc(g, region, 16 * (size_t)num, 16);
	r->avail_gpa = guest_alloc(g, region, avail, 2);
	r->used_gpa = guest_alloc(g, region, used, 4);
	r->desc = guest_ptr(g, r->desc_gpa, 16 * (size_t)num);
	r->avail = guest_ptr(g, r->avail_gpa, avail);
	r->used = guest_ptr(g, r->used_gpa, used);
	r->buf_size = buf_size;
	r->bufs = guest_alloc(g, region, (size_t)num * buf_size, 16);
	r->free = calloc(num, sizeof(*r->free));
	r->chain_len = calloc(num, sizeof(*r->chain_len));
	r->pending = calloc(num, sizeof(*r->pending));
	must(r->free != NULL && r->chain_len != NULL && r->pending != NULL,
	     "out of memory");
	gring_reset(r, 0);
}

void gring_reset(struct gring *r, uint16_t idx)
{
	memset(r->desc, 0, 16 * (size_t)r->num);
	memset(r->avail, 0, 6 + 2 * (size_t)r->num);
	memset(r->used, 0, 6 + 8 * (size_t)r->num);
	r->avail[1] = idx;
	r->used[1] = idx;
	r->avail[2 + r->num] = idx;
	r->avail_idx = idx;
	r->kicked_idx = idx;
	r->used_idx = idx;
	for (uint16_t i = 0; i < r->num; i++)
		r->free[i] = (uint16_t)(r->num - 1 - i);
	r->nfree = r->num;
}

uint64_t gring_buf(const struct gring *r, uint16_t i)
{
	return r->bufs + (uint64_t)i * r->buf_size;
}

void *gring_buf_ptr(const struct gring *r, uint16_t i)
{
	return guest_ptr(r->guest, gring_buf(r, i), r->buf_size);
}

uint16_t gring_take_desc(struct gring *r)
{
	must(r->nfree > 0, "ring %u is full", r->index);
	return r->free[--r->nfree];
}

void gring_add_head(struct gring *r, uint16_t head, uint16_t ndesc)
{
	uint16_t slot = r->avail_idx & (uint16_t)(r->num - 1);

	must(gring_outstanding(r) < r->num, "ring %u: no room", r->index);
	r->avail[2 + slot] = head;
	r->pending[slot] = head;
	if (head < r->num)
		r->chain_len[head] = ndesc;
	r->avail_idx++;
}

static uint16_t buf_flags(const struct gbuf *buf, bool next)
{
	return (uint16_t)((buf->write ? DESC_WRITE : 0) |
			  (next ? DESC_NEXT : 0));
}

uint16_t gring_add(struct gring *r, const struct gbuf *buf, unsigned int n)
{
	uint16_t at = gring_take_desc(r);
	uint16_t head = at;

	for (unsigned int i = 0; i < n; i++) {
		bool more = i + 1 < n;
		uint16_t next = more ? gring_take_desc(r) : 0;

		r->desc[at] = (struct gdesc){
			buf[i].gpa, buf[i].len, buf_flags(&buf[i], more), next,
		};
		at = next;
	}
	gring_add_head(r, head, (uint16_t)n);
	return head;
}

/* The table stands in the head's own buffer. */
uint16_t gring_add_indirect(struct gring *r, const struct gbuf *buf,
			    unsigned int n)
{
	uint16_t head = gring_take_desc(r);
	struct gdesc *table = gring_buf_ptr(r, head);

	must(n * sizeof(*table) <= r->buf_size, "a table of %u", n);
	for (unsigned int i = 0; i < n; i++)
		table[i] = (struct gdesc){
			buf[i].gpa, buf[i].len,
			buf_flags(&buf[i], i + 1 < n), (uint16_t)(i + 1),
		};
	r->desc[head] = (struct gdesc){
		gring_buf(r, head), n * (uint32_t)sizeof(*table),
		DESC_INDIRECT, 0,
	};
	gring_add_head(r, head, 1);
	return head;
}

uint16_t gring_add_own(struct gring *r, uint32_t len, bool write)
{
	uint16_t i = gring_take_desc(r);
	struct gbuf buf = { gring_buf(r, i), len, write };

	r->nfree++;
	return gring_add(r, &buf, 1);
}

unsigned int gring_outstanding(const struct gring *r)
{
	return (uint16_t)(r->avail_idx - r->used_idx);
}

uint16_t gring_device_idx(const struct gring *r)
{
	return __atomic_load_n(&r->used[1], __ATOMIC_ACQUIRE);
}

bool gring_take(struct gring *r, struct gused *used)
{
	uint16_t ready = (uint16_t)(gring_device_idx(r) - r->used_idx);
	uint16_t slot = r->used_idx & (uint16_t)(r->num - 1);
	uint32_t elem[2];
	uint16_t i;

	must(ready <= gring_outstanding(r),
	     "ring %u: %u chains returned, %u outstanding", r->index, ready,
	     gring_outstanding(r));
	if (ready == 0)
		return false;
	memcpy(elem, &r->used[2 + 4 * slot], sizeof(elem));
	must(elem[0] == r->pending[slot],
	     "ring %u: used element %u names chain %u, not %u", r->index,
	     r->used_idx, elem[0], r->pending[slot]);
	must(elem[0] < r->num, "ring %u: bad head %u returned", r->index,
	     elem[0]);
	*used = (struct gused){ (uint16_t)elem[0], elem[1] };
	i = used->head;
	for (uint16_t n = r->chain_len[i]; n > 0; n--) {
		r->free[r->nfree++] = i;
		i = r->desc[i].next;
	}
	r->used_idx++;
	return true;
}
