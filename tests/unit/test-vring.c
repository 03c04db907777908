/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The ring's three parts: where they are, available indices, used elements. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/ring-image.h"
#include "tests/lib/unit.h"

static struct ring_image img;

static int setup(void **state)
{
	(void)state;
	ring_image_init(&img, 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ring_image_destroy(&img);
	return 0;
}

/* VIRTIO 1.2, 2.7: sizes of the parts */
static void sizes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct virtq_desc), 16);
	assert_int_equal(offsetof(struct virtq_desc, len), 8);
	assert_int_equal(offsetof(struct virtq_desc, flags), 12);
	assert_int_equal(offsetof(struct virtq_desc, next), 14);
	assert_int_equal(offsetof(struct virtq_avail, idx), 2);
	assert_int_equal(offsetof(struct virtq_avail, ring), 4);
	assert_int_equal(sizeof(struct virtq_used_elem), 8);
	assert_int_equal(offsetof(struct virtq_used_elem, len), 4);
	assert_int_equal(offsetof(struct virtq_used, idx), 2);
	assert_int_equal(offsetof(struct virtq_used, ring), 4);
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		assert_int_equal(virtq_desc_size(num), 16 * num);
		assert_int_equal(virtq_avail_size(num), 6 + 2 * num);
		assert_int_equal(virtq_used_size(num), 6 + 8 * num);
	}
}

static int map(uint32_t num, uint64_t desc, uint64_t avail, uint64_t used)
{
	return vring_map(&img.vr, &img.gmem, num, desc, avail, used);
}

/* V-1: all of each part, its event word included, in one region. */
static void whole_parts(void **state)
{
	const uint64_t end = IMAGE_RING + IMAGE_RING_SIZE + IMAGE_UVA;
	const uint64_t in = IMAGE_RING + IMAGE_UVA;

	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		uint64_t desc = end - virtq_desc_size(num);
		uint64_t avail = end - virtq_avail_size(num);
		uint64_t used = (end - virtq_used_size(num)) & ~UINT64_C(3);

		assert_int_equal(map(num, in, in, in), 0);
		assert_int_equal(map(num, desc, in, in), 0);
		assert_int_equal(map(num, desc + 16, in, in), -EFAULT);
		assert_int_equal(map(num, in, avail, in), 0);
		assert_int_equal(map(num, in, avail + 2, in), -EFAULT);
		assert_int_equal(map(num, in, in, used), 0);
		assert_int_equal(map(num, in, in, used + 4), -EFAULT);
	}
	assert_int_equal(map(8, IMAGE_NOWHERE + IMAGE_UVA, in, in), -EFAULT);
	assert_int_equal(map(8, in, UINT64_MAX - 1, in), -EFAULT);
	assert_int_equal(map(8, in, in, UINT64_MAX - 3), -EFAULT);
	/* neighbours of each other, but two regions */
	assert_int_equal(map(8, in, IMAGE_B + IMAGE_UVA - 2, in), -EFAULT);
	/* guest addresses are no user addresses */
	assert_int_equal(map(8, IMAGE_RING, in, in), -EFAULT);
}

static void alignment(void **state)
{
	const uint64_t in = IMAGE_RING + IMAGE_UVA;

	(void)state;
	for (uint64_t off = 0; off < 32; off++) {
		must(map(8, in + off, in, in) == (off % 16 ? -EINVAL : 0),
		     "descriptors + %llu", (unsigned long long)off);
		must(map(8, in, in + off, in) == (off % 2 ? -EINVAL : 0),
		     "available + %llu", (unsigned long long)off);
		must(map(8, in, in, in + off) == (off % 4 ? -EINVAL : 0),
		     "used + %llu", (unsigned long long)off);
	}
}

/* A ring that does not map leaves the one before as it is. */
static void map_fails(void **state)
{
	struct vring before = img.vr;

	(void)state;
	assert_int_equal(map(16, IMAGE_NOWHERE, 0, 0), -EFAULT);
	assert_memory_equal(&before, &img.vr, sizeof(before));
	assert_int_equal(map(16, IMAGE_RING + IMAGE_UVA + 8,
			     IMAGE_RING + IMAGE_UVA, IMAGE_RING + IMAGE_UVA),
			 -EINVAL);
	assert_memory_equal(&before, &img.vr, sizeof(before));
}

/* V-4: the difference modulo 2^16, and no more than the ring has. */
static void pending(void **state)
{
	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		ring_image_reset(&img, num);
		for (uint32_t k = 0; k < 400; k++) {
			uint16_t at = (uint16_t)(k * 164 + (k & 1) * 0xfff0);

			ring_image_avail_idx(&img, at);
			assert_int_equal(vring_pending(&img.vr, at), 0);
			for (uint32_t n = 1; n && n <= num; n *= 2) {
				ring_image_avail_idx(&img,
						     (uint16_t)(at + n));
				assert_int_equal(vring_pending(&img.vr, at),
						 n);
			}
			ring_image_avail_idx(&img, (uint16_t)(at + num + 1));
			assert_int_equal(vring_pending(&img.vr, at), -EPROTO);
			ring_image_avail_idx(&img, (uint16_t)(at - 1));
			assert_int_equal(vring_pending(&img.vr, at), -EPROTO);
		}
	}
}

/* Each slot in turn, over the wrap of the index, for every size. */
/* Without a look at the descriptors, which are all bad here. */
static void head_alone(void **state)
{
	(void)state;
	ring_image_reset(&img, 8);
	memset(img.desc, 0xff, virtq_desc_size(8));
	assert_int_equal(vring_head(&img.vr, 0), -EAGAIN);
	ring_image_avail(&img, 9, 7);
	ring_image_avail(&img, 10, 8);
	ring_image_avail_idx(&img, 11);
	assert_int_equal(vring_head(&img.vr, 9), 7);
	assert_int_equal(vring_head(&img.vr, 10), -EPROTO);
	assert_int_equal(vring_head(&img.vr, 11), -EAGAIN);
	assert_int_equal(vring_head(&img.vr, 12), -EPROTO);
	assert_int_equal(vring_head(&img.vr, 2), -EPROTO);
}

static void heads_in_order(void **state)
{
	static struct vring_chain chain;

	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		uint16_t at = (uint16_t)(65536 - num - 3);
		uint32_t steps = 2 * num + 7 < 3000 ? 2 * num + 7 : 3000;

		ring_image_reset(&img, num);
		for (uint32_t i = 0; i < num; i++)
			ring_image_desc(&img, (uint16_t)i, IMAGE_LOW + i % 256,
					i % 97 + 1, 0, 0);
		for (uint32_t i = 0; i < steps; i++, at++) {
			uint16_t head = (uint16_t)(i * 7919 % num);

			ring_image_avail(&img, at, head);
			assert_int_equal(vring_get(&img.vr, at, &chain), 0);
			assert_int_equal(chain.head, head);
			assert_int_equal(chain.nout, 1);
			assert_int_equal(chain.nin, 0);
			assert_int_equal(chain.out_len, head % 97 + 1);
			assert_ptr_equal(chain.span[0].iov_base,
					 (unsigned char *)ring_image_ptr(
						 &img, IMAGE_LOW) +
						 head % 256);
		}
	}
}

/* All of the ring's memory but the used part, to be compared later. */
static unsigned char *before_used(size_t *len)
{
	unsigned char *copy;

	*len = (size_t)((unsigned char *)img.used - (unsigned char *)img.desc);
	copy = malloc(*len);
	assert_non_null(copy);
	memcpy(copy, img.desc, *len);
	return copy;
}

/* The used ring against a model of it, over the wrap, for every size. */
static void used_elements(void **state)
{
	struct rnd rnd = { 7 };

	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		struct virtq_used_elem *want = calloc(num, sizeof(*want));
		uint16_t at = (uint16_t)(65536 - num / 2 - 2);
		unsigned char *copy;
		size_t len;

		ring_image_reset(&img, num);
		memset(img.desc, 0x77, virtq_desc_size(num));
		copy = before_used(&len);
		for (int i = 0; i < 200; i++, at++) {
			uint16_t head = (uint16_t)rnd_below(&rnd, num);
			uint32_t n = (uint32_t)rnd_next(&rnd);

			img.used->idx = htole16(at);
			want[at % num] = (struct virtq_used_elem){
				htole32(head), htole32(n)
			};
			vring_put(&img.vr, at, head, n);
			/* not to be seen yet */
			assert_int_equal(vring_used_idx(&img.vr), at);
			vring_publish(&img.vr, (uint16_t)(at + 1));
			assert_int_equal(le16toh(img.used->idx),
					 (uint16_t)(at + 1));
			assert_int_equal(vring_used_idx(&img.vr),
					 (uint16_t)(at + 1));
		}
		assert_memory_equal(img.used->ring, want,
				    num * sizeof(*want));
		assert_int_equal(img.used->flags, 0);
		/* the event word past the elements, and V-3 */
		assert_int_equal(*ring_image_avail_event(&img), 0);
		assert_memory_equal(img.desc, copy, len);
		free(copy);
		free(want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(whole_parts),
		cmocka_unit_test(alignment),
		cmocka_unit_test(map_fails),
		cmocka_unit_test(pending),
		cmocka_unit_test(head_alone),
		cmocka_unit_test(heads_in_order),
		cmocka_unit_test(used_elements),
	};

	return cmocka_run_group_tests_name("vring", tests, setup, teardown);
}
