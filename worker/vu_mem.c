/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "worker/vu_handlers.h"
#include "worker/vu_proto.h"

static struct state_region to_state(const struct vhost_user_region *wire)
{
	return (struct state_region){
		.gpa = wire->guest_address,
		.size = wire->size,
		.uva = wire->user_address,
		.offset = wire->mmap_offset,
	};
}

/* Checks and maps one region of @next into the memory that is to come. */
static int add_region(struct vu *vu, const struct vu_msg *msg,
		      struct state_session *next, unsigned int slot,
		      unsigned int fd)
{
	int err = gmem_check(next->region, slot);

	if (!err)
		err = gmem_map(&vu->next_gmem, slot, &next->region[slot],
			       msg->fds[fd]);
	if (!err)
		vu_place(next, FD_MEM, slot, fd);
	return err;
}

static int fail(struct vu *vu, int err)
{
	gmem_release(&vu->next_gmem, &vu->gmem);
	return err;
}

static void read_region(const struct vu_msg *msg, unsigned int i,
			struct state_region *region)
{
	struct vhost_user_region wire;

	memcpy(&wire,
	       msg->payload + sizeof(struct vhost_user_mem_table) +
		       i * sizeof(wire),
	       sizeof(wire));
	*region = to_state(&wire);
}

/*
 * Replaces all regions. User-Mode Linux pads the table, so the size is a
 * lower bound.
 */
VU_HANDLER(vu_set_mem_table)
{
	uint32_t n;

	memcpy(&n, msg->payload, sizeof(n));
	if (!n || n > MEM_SLOTS_MAX || n != msg->nfds)
		return -EINVAL;
	if (msg->size < sizeof(struct vhost_user_mem_table) +
				n * sizeof(struct vhost_user_region))
		return -EMSGSIZE;
	vu->next_gmem = (struct gmem){ 0 };
	for (unsigned int i = n; i < MEM_SLOTS_MAX; i++)
		if (next->region[i].size)
			vu_place(next, FD_MEM, i, CTL_NO_FD);
	memset(next->region, 0, sizeof(next->region));
	for (unsigned int i = 0; i < n; i++) {
		int err;

		read_region(msg, i, &next->region[i]);
		err = add_region(vu, msg, next, i, i);
		if (err)
			return fail(vu, err);
	}
	vu->gmem_changed = true;
	return 0;
}

VU_HANDLER(vu_get_max_mem_slots)
{
	(void)vu;
	vu_reply_u64(next, msg, MEM_SLOTS_MAX);
	return 0;
}

static struct state_region single_region(const struct vu_msg *msg)
{
	struct vhost_user_single_region single;

	memcpy(&single, msg->payload, sizeof(single));
	return to_state(&single.region);
}

VU_HANDLER(vu_add_mem_reg)
{
	unsigned int slot = 0;
	int err;

	if (msg->nfds != 1)
		return -EINVAL;
	while (slot < MEM_SLOTS_MAX && next->region[slot].size)
		slot++;
	if (slot == MEM_SLOTS_MAX)
		return -ENOSPC;
	next->region[slot] = single_region(msg);
	vu->next_gmem = vu->gmem;
	err = add_region(vu, msg, next, slot, 0);
	if (err)
		return fail(vu, err);
	vu->gmem_changed = true;
	return 0;
}

/* The offset does not count; an fd may come with it and is not needed. */
VU_HANDLER(vu_rem_mem_reg)
{
	struct state_region gone = single_region(msg);

	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		struct state_region *r = &next->region[i];

		if (!r->size || r->gpa != gone.gpa || r->uva != gone.uva ||
		    r->size != gone.size)
			continue;
		*r = (struct state_region){ 0 };
		vu->next_gmem = vu->gmem;
		vu->next_gmem.region[i] = (struct gmem_region){ 0 };
		vu->gmem_changed = true;
		vu_place(next, FD_MEM, i, CTL_NO_FD);
		return 0;
	}
	return -ENOENT;
}
