/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/chain-model.h"

#include <errno.h>

#define DESC		16
#define NEXT		1
#define WRITE		2
#define INDIRECT	4

#define GIB4		(UINT64_C(1) << 32)

/* The host's byte at a guest's address, or NULL. */
static unsigned char *byte_at(const struct gmem *gmem, uint64_t gpa)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		const struct gmem_region *r = &gmem->region[i];

		if (r->size && gpa >= r->gpa && gpa <= r->gpa + (r->size - 1))
			return r->ptr + (gpa - r->gpa);
	}
	return NULL;
}

/*
 * In how many pieces @len bytes lie; 0 if a byte of them is not there. Between
 * two borders nothing changes, so only those are looked at.
 */
static unsigned int pieces(const struct gmem *gmem, uint64_t gpa, uint64_t len)
{
	unsigned int n = 0;

	for (uint64_t at = 0; at < len; n++) {
		uint64_t step = len - at;

		if (gpa + at < gpa || byte_at(gmem, gpa + at) == NULL)
			return 0;
		for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
			const struct gmem_region *r = &gmem->region[i];

			if (r->size && gpa + at >= r->gpa &&
			    gpa + at - r->gpa < r->size &&
			    r->size - (gpa + at - r->gpa) < step)
				step = r->size - (gpa + at - r->gpa);
		}
		at += step;
	}
	return n;
}

static uint64_t load(const unsigned char *byte, unsigned int n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | byte[n];
	return value;
}

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
	bool of_table;			/* an entry of an indirect table */
};

static struct desc load_desc(const unsigned char raw[DESC])
{
	return (struct desc){
		.addr = load(raw, 8),
		.len = (uint32_t)load(raw + 8, 4),
		.flags = (uint16_t)load(raw + 12, 2),
		.next = (uint16_t)load(raw + 14, 2),
	};
}

/* Descriptors in the order of the chain, and how the list ends. */
struct list {
	unsigned int n;
	enum chain_verdict end;
	struct desc desc[CHAIN_MODEL_MAX];
};

static struct list list;

/*
 * 2.7.5.3: entries are linked by next as in the main table, from entry 0 on.
 * Nothing in the table names anything outside of it.
 */
static void collect_table(const struct gmem *gmem, uint64_t gpa, uint32_t len)
{
	uint32_t entries = len / DESC, i = 0;

	list.end = CHAIN_BAD;
	if (len == 0 || len % DESC != 0 || entries > VRING_CHAIN_DESCS_MAX)
		return;
	if (pieces(gmem, gpa, len) == 0)
		return;
	for (uint32_t steps = 0; steps < entries; steps++) {
		unsigned char raw[DESC];
		struct desc *d = &list.desc[list.n++];

		for (unsigned int b = 0; b < DESC; b++)
			raw[b] = *byte_at(gmem, gpa + i * DESC + b);
		*d = load_desc(raw);
		d->of_table = true;
		if ((d->flags & NEXT) == 0) {
			list.end = CHAIN_GOOD;
			return;
		}
		if (d->next >= entries)
			return;
		i = d->next;
	}
}

/* A chain of more descriptors than the queue has is a loop. */
static void collect(const struct vring *vr, uint16_t head)
{
	const unsigned char *table = (const unsigned char *)vr->desc;
	uint16_t i = head;

	list.n = 0;
	list.end = CHAIN_BROKEN;
	if (head >= vr->num)
		return;
	for (uint32_t steps = 0; steps < vr->num; steps++) {
		struct desc *d = &list.desc[list.n++];

		*d = load_desc(table + i * DESC);
		if (d->flags & INDIRECT) {
			list.end = CHAIN_BAD;
			if (vr->indirect && (d->flags & NEXT) == 0)
				collect_table(vr->gmem, d->addr, d->len);
			return;
		}
		if ((d->flags & NEXT) == 0) {
			list.end = CHAIN_GOOD;
			return;
		}
		if (d->next >= vr->num) {
			list.end = CHAIN_FATAL;
			return;
		}
		i = d->next;
	}
}

/* Is the descriptor, which is no reference to a table, as it has to be? */
static bool judge(const struct gmem *gmem, const struct desc *d,
		  struct chain_model *model, unsigned int *total_pieces)
{
	bool write = d->flags & WRITE;
	unsigned int n;

	if (d->flags & INDIRECT)
		return false;
	if (d->len == 0)
		return true;
	if (model->out_len + model->in_len + d->len > GIB4)
		return false;
	if (!write && model->in_len > 0)
		return false;
	n = pieces(gmem, d->addr, d->len);
	*total_pieces += n;
	if (n == 0 || *total_pieces > VRING_CHAIN_SPANS_MAX)
		return false;
	model->buffer[model->nbuffers++] =
		(struct chain_buffer){ d->addr, d->len, write };
	if (write)
		model->in_len += d->len;
	else
		model->out_len += d->len;
	return true;
}

void chain_model(const struct vring *vr, uint16_t avail,
		 struct chain_model *model)
{
	const unsigned char *ring = (const unsigned char *)vr->avail + 4;
	unsigned int total_pieces = 0;

	model->head = (uint16_t)load(ring + 2 * (avail % vr->num), 2);
	model->nbuffers = 0;
	model->out_len = model->in_len = 0;
	collect(vr, model->head);
	model->verdict = list.end;
	for (unsigned int i = 0; i < list.n; i++) {
		const struct desc *d = &list.desc[i];

		if (!d->of_table && (d->flags & INDIRECT))
			continue;	/* the end says whether it is right */
		/* a bad table is bad before its entries are */
		if (!judge(vr->gmem, d, model, &total_pieces)) {
			model->verdict = CHAIN_BAD;
			return;
		}
	}
}

/* Do the spans, from *@at on, lie where the buffer's bytes do? */
static bool same_place(const struct gmem *gmem,
		       const struct chain_buffer *buffer,
		       const struct iovec *span, unsigned int nspans,
		       unsigned int *at)
{
	uint64_t done = 0;

	while (done < buffer->len) {
		const struct iovec *s = &span[*at];
		unsigned char *first = s->iov_base;

		if (*at == nspans || s->iov_len == 0 ||
		    s->iov_len > buffer->len - done)
			return false;
		if (byte_at(gmem, buffer->gpa + done) != first ||
		    byte_at(gmem, buffer->gpa + done + s->iov_len - 1) !=
			    first + s->iov_len - 1)
			return false;
		done += s->iov_len;
		(*at)++;
	}
	return true;
}

bool chain_model_agrees(const struct chain_model *model,
			const struct gmem *gmem,
			const struct vring_chain *chain, int err)
{
	unsigned int at = 0, b = 0;

	if (chain->head != model->head || !chain->error != !err)
		return false;
	switch (model->verdict) {
	case CHAIN_BROKEN:
		return err == -EPROTO;
	case CHAIN_FATAL:
		return err == -EBADMSG && chain->fatal;
	case CHAIN_BAD:
		return err == -EBADMSG && !chain->fatal;
	case CHAIN_GOOD:
		break;
	}
	if (err || chain->out_len != model->out_len ||
	    chain->in_len != model->in_len)
		return false;
	for (; b < model->nbuffers && !model->buffer[b].write; b++)
		if (!same_place(gmem, &model->buffer[b], chain->span,
				chain->nout, &at))
			return false;
	if (at != chain->nout)
		return false;
	for (; b < model->nbuffers; b++)
		if (!same_place(gmem, &model->buffer[b], chain->span,
				chain->nout + chain->nin, &at))
			return false;
	return at == chain->nout + chain->nin;
}
