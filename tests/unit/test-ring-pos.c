/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <string.h>

#include "tests/lib/unit.h"
#include "worker/ring_pos.h"

#define NUM	4

static union {
	struct virtq_used used;
	unsigned char bytes[6 + 8 * NUM];
} memory;

static struct vq vq_of(uint16_t used_idx)
{
	struct vq vq = { .vr = { .num = NUM, .used = &memory.used } };

	memset(&memory, 0xee, sizeof(memory));
	memory.used.idx = htole16(used_idx);
	return vq;
}

static void starts(void **state)
{
	struct vq vq = vq_of(77);
	struct state_ring ring = { .gen = 9, .base = 80 };
	struct state_ring_pos pos;

	(void)state;
	memset(&pos, 0x55, sizeof(pos));
	ring_pos_start(&pos, &ring, &vq);
	assert_int_equal(pos.gen, 9);
	assert_int_equal(pos.avail, 80);
	/* P-20: the used index is the guest's, not the base's */
	assert_int_equal(pos.used, 77);
	assert_int_equal(pos.completed, 0);
	assert_int_equal(pos.off, 0);
	ring_pos_publish(&pos, &vq);
	assert_int_equal(le16toh(memory.used.idx), 77);
}

/* A chain that was open goes on where it was, if it is the same one. */
static void open_chain(void **state)
{
	struct vq vq = vq_of(0);
	struct state_ring_pos pos = { .gen = 1, .avail = 80, .off = 500 };
	struct state_ring ring = { .gen = 2, .base = 80, .taken = 500 };

	(void)state;
	ring_pos_start(&pos, &ring, &vq);
	assert_int_equal(pos.off, 500);
	assert_int_equal(pos.gen, 2);
	/* what the session does not know of is another chain */
	ring = (struct state_ring){ .gen = 3, .base = 80 };
	ring_pos_start(&pos, &ring, &vq);
	assert_int_equal(pos.off, 0);
}

static void completes(void **state)
{
	struct state_ring_pos pos = { .gen = 5, .avail = UINT16_MAX,
				      .used = UINT16_MAX, .off = 3 };

	(void)state;
	ring_pos_complete(&pos, 3, 40);
	assert_int_equal(pos.gen, 5);
	assert_int_equal(pos.avail, 0);
	assert_int_equal(pos.used, 0);
	assert_int_equal(pos.head, 3);
	assert_int_equal(pos.len, 40);
	assert_int_equal(pos.off, 0);
	assert_int_equal(pos.completed, 1);
	ring_pos_complete(&pos, 1, 0);
	assert_int_equal(pos.avail, 1);
	assert_int_equal(pos.used, 1);
	assert_int_equal(pos.head, 1);
	assert_int_equal(pos.len, 0);
}

static void check_slot(unsigned int slot, uint32_t id, uint32_t len,
		       uint16_t idx)
{
	for (unsigned int i = 0; i < NUM; i++) {
		const struct virtq_used_elem *e = &memory.used.ring[i];
		uint32_t want_id = i == slot ? id : 0xeeeeeeee;

		must(le32toh(e->id) == want_id, "slot %u: id %u", i,
		     le32toh(e->id));
		must(le32toh(e->len) == (i == slot ? len : 0xeeeeeeee),
		     "slot %u: length %u", i, le32toh(e->len));
	}
	assert_int_equal(le16toh(memory.used.idx), idx);
}

/* Twice, as a worker that takes over does it: same slot, same value. */
static void publishes(void **state)
{
	static const uint16_t from[] = { 0, 1, 3, 4, 1000, 65534, 65535 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		struct vq vq = vq_of(from[i]);
		struct state_ring_pos pos = { .avail = 17, .used = from[i] };
		uint16_t next = (uint16_t)(from[i] + 1);

		ring_pos_complete(&pos, 2, 123);
		ring_pos_publish(&pos, &vq);
		check_slot(from[i] % NUM, 2, 123, next);
		ring_pos_publish(&pos, &vq);
		check_slot(from[i] % NUM, 2, 123, next);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts),
		cmocka_unit_test(open_chain),
		cmocka_unit_test(completes),
		cmocka_unit_test(publishes),
	};

	return cmocka_run_group_tests_name("ring-pos", tests, NULL, NULL);
}
