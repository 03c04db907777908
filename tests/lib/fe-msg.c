/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/fe-msg.h"

#include <string.h>

#include "tests/lib/must.h"

void fe_msg_put_u64(struct fe_msg *m, size_t at, uint64_t value)
{
	memcpy(m->payload + at, &value, sizeof(value));
}

void fe_msg_put_u32(struct fe_msg *m, size_t at, uint32_t value)
{
	memcpy(m->payload + at, &value, sizeof(value));
}

uint64_t fe_msg_get_u64(const struct fe_msg *m, size_t at)
{
	uint64_t value;

	must(at + sizeof(value) <= m->size, "request %u has %u bytes only",
	     m->request, m->size);
	memcpy(&value, m->payload + at, sizeof(value));
	return value;
}

uint32_t fe_msg_get_u32(const struct fe_msg *m, size_t at)
{
	uint32_t value;

	must(at + sizeof(value) <= m->size, "request %u has %u bytes only",
	     m->request, m->size);
	memcpy(&value, m->payload + at, sizeof(value));
	return value;
}

struct fe_msg fe_msg(uint32_t request)
{
	return (struct fe_msg){ .request = request, .flags = FE_VERSION };
}

struct fe_msg fe_msg_u64(uint32_t request, uint64_t value)
{
	struct fe_msg m = fe_msg(request);

	m.size = 8;
	fe_msg_put_u64(&m, 0, value);
	return m;
}

struct fe_msg fe_msg_state(uint32_t request, uint32_t index, uint32_t num)
{
	struct fe_msg m = fe_msg(request);

	m.size = 8;
	fe_msg_put_u32(&m, 0, index);
	fe_msg_put_u32(&m, 4, num);
	return m;
}

struct fe_msg fe_msg_addr(uint32_t index, uint64_t desc, uint64_t avail,
			  uint64_t used)
{
	struct fe_msg m = fe_msg(FE_SET_VRING_ADDR);

	m.size = 40;
	fe_msg_put_u32(&m, 0, index);
	fe_msg_put_u64(&m, 8, desc);
	fe_msg_put_u64(&m, 16, used);
	fe_msg_put_u64(&m, 24, avail);
	fe_msg_put_u64(&m, 32, ~0ULL);
	return m;
}

static void add_fd(struct fe_msg *m, int fd)
{
	if (fd >= 0)
		m->fds[m->nfds++] = fd;
}

struct fe_msg fe_msg_fd(uint32_t request, uint64_t value, int fd)
{
	struct fe_msg m = fe_msg_u64(request, value);

	add_fd(&m, fd);
	return m;
}

static void put_region(struct fe_msg *m, size_t at, const struct fe_region *r)
{
	fe_msg_put_u64(m, at, r->gpa);
	fe_msg_put_u64(m, at + 8, r->size);
	fe_msg_put_u64(m, at + 16, r->uva);
	fe_msg_put_u64(m, at + 24, r->offset);
	add_fd(m, r->fd);
}

struct fe_msg fe_msg_table(const struct fe_region *region, unsigned int n)
{
	struct fe_msg m = fe_msg(FE_SET_MEM_TABLE);

	m.size = 8 + 32 * n;
	fe_msg_put_u32(&m, 0, n);
	for (unsigned int i = 0; i < n; i++)
		put_region(&m, 8 + 32 * i, &region[i]);
	return m;
}

struct fe_msg fe_msg_region(uint32_t request, const struct fe_region *region)
{
	struct fe_msg m = fe_msg(request);

	m.size = 40;
	put_region(&m, 8, region);
	return m;
}

struct fe_msg fe_msg_config(uint32_t request, uint32_t offset, uint32_t size,
			    uint32_t flags, const void *bytes)
{
	struct fe_msg m = fe_msg(request);

	m.size = FE_HEADER + size;
	fe_msg_put_u32(&m, 0, offset);
	fe_msg_put_u32(&m, 4, size);
	fe_msg_put_u32(&m, 8, flags);
	if (bytes != NULL)
		memcpy(m.payload + 12, bytes, size);
	return m;
}
