/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/gmem.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool wraps(uint64_t start, uint64_t len)
{
	return start > UINT64_MAX - len;
}

static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

int gmem_check(const struct state_region *table, unsigned int slot)
{
	const struct state_region *r = &table[slot];

	if (!r->size || wraps(r->gpa, r->size) || wraps(r->uva, r->size) ||
	    wraps(r->offset, r->size))
		return -EINVAL;
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		const struct state_region *o = &table[i];

		if (i == slot || !o->size)
			continue;
		if (overlap(r->gpa, r->size, o->gpa, o->size) ||
		    overlap(r->uva, r->size, o->uva, o->size))
			return -EINVAL;
	}
	return 0;
}

/* mmap() wants offsets of hugetlbfs files aligned to the huge page. */
static int file_page_size(int fd, uint64_t *size)
{
	struct statfs fs;

	*size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type == HUGETLBFS_MAGIC)
		*size = (uint64_t)fs.f_bsize;
	return 0;
}

int gmem_map(struct gmem *gmem, unsigned int slot,
	     const struct state_region *region, int fd)
{
	struct gmem_region *r = &gmem->region[slot];
	uint64_t page, lead, len;
	struct stat st;
	void *map;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	if (region->offset + region->size > (uint64_t)st.st_size)
		return -ENXIO;
	err = file_page_size(fd, &page);
	if (err)
		return err;
	lead = region->offset & (page - 1);
	if (wraps(region->size, lead + page))
		return -EINVAL;
	len = (region->size + lead + page - 1) & ~(page - 1);
	if (len > SIZE_MAX)
		return -EINVAL;
	map = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)(region->offset - lead));
	if (map == MAP_FAILED)
		return -errno;
	madvise(map, (size_t)len, MADV_DONTDUMP);
	*r = (struct gmem_region){
		.gpa = region->gpa,
		.uva = region->uva,
		.size = region->size,
		.ptr = (unsigned char *)map + lead,
		.map = map,
		.map_len = (size_t)len,
	};
	return 0;
}

void gmem_release(struct gmem *old, const struct gmem *kept)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		struct gmem_region *r = &old->region[i];

		if (!r->size || (kept && kept->region[i].map == r->map))
			continue;
		munmap(r->map, r->map_len);
		*r = (struct gmem_region){ 0 };
	}
}

void *gmem_uva(const struct gmem *gmem, uint64_t uva, uint64_t len)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		const struct gmem_region *r = &gmem->region[i];

		if (uva >= r->uva && uva - r->uva < r->size &&
		    len <= r->size - (uva - r->uva))
			return r->ptr + (uva - r->uva);
	}
	return NULL;
}

static const struct gmem_region *find_gpa(const struct gmem *gmem,
					  uint64_t gpa)
{
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++) {
		const struct gmem_region *r = &gmem->region[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size)
			return r;
	}
	return NULL;
}

int gmem_spans(const struct gmem *gmem, uint64_t gpa, uint64_t len,
	       struct iovec *span, unsigned int max)
{
	unsigned int n = 0;

	if (len && wraps(gpa, len - 1))
		return -EFAULT;
	while (len) {
		const struct gmem_region *r = find_gpa(gmem, gpa);
		uint64_t part;

		if (!r)
			return -EFAULT;
		if (n == max)
			return -E2BIG;
		part = r->size - (gpa - r->gpa);
		if (part > len)
			part = len;
		span[n].iov_base = r->ptr + (gpa - r->gpa);
		span[n].iov_len = (size_t)part;
		n++;
		gpa += part;
		len -= part;
	}
	return (int)n;
}
