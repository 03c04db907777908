/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/ring-image.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/lib/must.h"

/* In slots that are no neighbours either. */
static const struct {
	unsigned int slot;
	uint64_t gpa, size;
} layout[] = {
	{ 9, IMAGE_LOW, IMAGE_LOW_SIZE },
	{ 0, IMAGE_RING, IMAGE_RING_SIZE },
	{ 31, IMAGE_A, IMAGE_A_SIZE },
	{ 2, IMAGE_B, IMAGE_B_SIZE },
	{ 17, IMAGE_C, IMAGE_C_SIZE },
	{ 5, IMAGE_D, IMAGE_D_SIZE },
	{ 12, IMAGE_HUGE, IMAGE_HUGE_SIZE },
	{ 30, IMAGE_TOP, IMAGE_TOP_SIZE },
};

#define REGIONS	(sizeof(layout) / sizeof(layout[0]))

uint64_t ring_image_desc_uva(void)
{
	return IMAGE_RING + IMAGE_UVA;
}

uint64_t ring_image_avail_uva(uint32_t num)
{
	return ring_image_desc_uva() + virtq_desc_size(num);
}

uint64_t ring_image_used_uva(uint32_t num)
{
	uint64_t end = ring_image_avail_uva(num) + virtq_avail_size(num);

	return (end + VIRTQ_USED_ALIGN - 1) & ~(uint64_t)(VIRTQ_USED_ALIGN - 1);
}

void ring_image_init(struct ring_image *img, uint32_t num)
{
	memset(img, 0, sizeof(*img));
	for (unsigned int i = 0; i < REGIONS; i++) {
		void *map = mmap(NULL, layout[i].size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				 -1, 0);

		must(map != MAP_FAILED, "mmap: errno %d", errno);
		img->gmem.region[layout[i].slot] = (struct gmem_region){
			.gpa = layout[i].gpa,
			.uva = layout[i].gpa == IMAGE_TOP ?
				       1 : layout[i].gpa + IMAGE_UVA,
			.size = layout[i].size,
			.ptr = map,
			.map = map,
			.map_len = layout[i].size,
		};
	}
	ring_image_reset(img, num);
}

void ring_image_reset(struct ring_image *img, uint32_t num)
{
	int err;

	memset(ring_image_ptr(img, IMAGE_RING), 0,
	       ring_image_used_uva(num) + virtq_used_size(num) -
		       ring_image_desc_uva());
	img->vr = (struct vring){ .indirect = true };
	err = vring_map(&img->vr, &img->gmem, num, ring_image_desc_uva(),
			ring_image_avail_uva(num), ring_image_used_uva(num));
	must(!err, "a ring of %u: %d", num, err);
	img->desc = ring_image_ptr(img, IMAGE_RING);
	img->avail = (void *)(img->desc + num);
	img->used = ring_image_ptr(img, ring_image_used_uva(num) - IMAGE_UVA);
}

void ring_image_destroy(struct ring_image *img)
{
	gmem_release(&img->gmem, NULL);
}

void *ring_image_ptr(const struct ring_image *img, uint64_t gpa)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		const struct gmem_region *r = &img->gmem.region[i];

		if (r->size && gpa >= r->gpa && gpa - r->gpa < r->size)
			return r->ptr + (gpa - r->gpa);
	}
	must(false, "no guest memory at 0x%llx", (unsigned long long)gpa);
}

void ring_image_desc(struct ring_image *img, uint16_t i, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next)
{
	img->desc[i] = (struct virtq_desc){ htole64(addr), htole32(len),
					    htole16(flags), htole16(next) };
}

void ring_image_entry(struct ring_image *img, uint64_t table, uint32_t i,
		      uint64_t addr, uint32_t len, uint16_t flags,
		      uint16_t next)
{
	struct virtq_desc desc = { htole64(addr), htole32(len),
				   htole16(flags), htole16(next) };
	const unsigned char *byte = (const unsigned char *)&desc;

	/* it may straddle regions */
	for (size_t b = 0; b < sizeof(desc); b++)
		*(unsigned char *)ring_image_ptr(img, table +
						 i * sizeof(desc) + b) =
			byte[b];
}

void ring_image_avail(struct ring_image *img, uint16_t idx, uint16_t head)
{
	img->avail->ring[idx % img->vr.num] = htole16(head);
}

void ring_image_avail_idx(struct ring_image *img, uint16_t idx)
{
	img->avail->idx = htole16(idx);
}

uint16_t *ring_image_avail_event(const struct ring_image *img)
{
	return (void *)&img->used->ring[img->vr.num];
}
