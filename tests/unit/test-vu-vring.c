/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The messages that name a ring: which indexes there are, what they change. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"
#include "tests/lib/vu-world.h"

static struct vu_world w;

static int setup(void **state)
{
	(void)state;
	vu_world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return vu_world_close(&w);
}

static const struct state_ring *ring(unsigned int i)
{
	return &vu_session(&w.vu)->ring[i];
}

static uint64_t addr_msg(uint32_t index)
{
	uint64_t payload[5] = { index, 0x1000, 0x2000, 0x3000, ~0ULL };

	return vu_world_send(&w, FE_SET_VRING_ADDR, FE_NEED_REPLY, payload,
			     40, NULL, 0).value;
}

/* T-49: 32 bits of index; none aliases another. T-12: inert ones are good. */
static void indexes(void **state)
{
	static const uint32_t requests[] = {
		FE_SET_VRING_NUM, FE_SET_VRING_BASE, FE_SET_VRING_ENABLE,
		FE_SET_VRING_ADDR,
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(requests); r++)
		for (uint64_t i = 0; i <= UINT32_MAX;
		     i = i < 600 ? i + 1 : i * 2 - 1) {
			struct state_session before = *vu_session(&w.vu);
			uint32_t index = (uint32_t)i;
			uint64_t status =
				requests[r] == FE_SET_VRING_ADDR ?
					addr_msg(index) :
					vu_world_state(&w, requests[r],
						       index, 1);

			must(!status == (index < 256), "%u, ring %u: %llu",
			     requests[r], index, (unsigned long long)status);
			must(index < CONSOLE_RINGS ||
			     vu_world_unchanged(&w, &before),
			     "%u, ring %u: something changed", requests[r],
			     index);
			for (uint32_t k = 0; k < CONSOLE_RINGS; k++)
				must(k == index ||
				     !memcmp(&before.ring[k], ring(k),
					     sizeof(before.ring[k])),
				     "%u, ring %u: ring %u changed",
				     requests[r], index, k);
		}
}

/* KICK, CALL, ERR: 8 bits of index, one of "no fd", and 55 that are 0. */
static void notifier_values(void **state)
{
	static const uint32_t requests[] = {
		FE_SET_VRING_KICK, FE_SET_VRING_CALL, FE_SET_VRING_ERR,
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(requests); r++) {
		for (uint32_t i = 0; i < 256; i++) {
			must(!vu_world_fd(&w, requests[r], i, w.event),
			     "ring %u", i);
			must(!vu_world_fd(&w, requests[r], i | FE_NOFD, -1),
			     "ring %u, no fd", i);
			must(vu_world_fd(&w, requests[r], i, -1),
			     "ring %u, lost fd", i);
		}
		for (unsigned int bit = 9; bit < 64; bit++)
			for (uint64_t i = 0; i < 2; i++) {
				struct state_session b = *vu_session(&w.vu);
				uint64_t value = UINT64_C(1) << bit |
						 i * FE_NOFD;

				must(vu_world_fd(&w, requests[r], value,
					    i ? -1 : w.event) != 0,
				     "value 0x%llx",
				     (unsigned long long)value);
				must(vu_world_unchanged(&w, &b), "changed");
			}
	}
}

/* What a message names is where its fd goes, here and in the fd store. */
static void placed(enum fd_kind kind, unsigned int index, uint8_t fd)
{
	const struct state_session *s = vu_session(&w.vu);

	assert_int_equal(s->nplaces, 1);
	assert_int_equal(s->place[0].kind, kind);
	assert_int_equal(s->place[0].index, index);
	assert_int_equal(s->place[0].fd, fd);
}

static void values(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CONSOLE_RINGS; i++) {
		vu_world_fd(&w, FE_SET_VRING_KICK, i, w.event);
		placed(FD_KICK, i, 0);
		assert_int_equal(ring(i)->kick, NOTIFIER_FD);
		vu_world_fd(&w, FE_SET_VRING_KICK, i | FE_NOFD, -1);
		placed(FD_KICK, i, CTL_NO_FD);
		assert_int_equal(ring(i)->kick, NOTIFIER_NOFD);
		vu_world_fd(&w, FE_SET_VRING_CALL, i, w.event);
		placed(FD_CALL, i, 0);
		assert_int_equal(ring(i)->call, NOTIFIER_FD);
		vu_world_fd(&w, FE_SET_VRING_CALL, i | FE_NOFD, -1);
		placed(FD_CALL, i, CTL_NO_FD);
		assert_int_equal(ring(i)->call, NOTIFIER_NOFD);
		/* this one is not stored */
		vu_world_fd(&w, FE_SET_VRING_ERR, i, w.event);
		assert_int_equal(vu_session(&w.vu)->nplaces, 0);
		assert_true(w.vu.vq[i].err >= 0);
		vu_world_fd(&w, FE_SET_VRING_ERR, i | FE_NOFD, -1);
		assert_int_equal(w.vu.vq[i].err, -1);
		assert_int_equal(ring(i)->addressed, 0);
		addr_msg(i);
		assert_int_equal(ring(i)->addressed, 1);
		assert_int_equal(ring(i)->desc, 0x1000);
		assert_int_equal(ring(i)->used, 0x2000);
		assert_int_equal(ring(i)->avail, 0x3000);
	}
}

static void nums(void **state)
{
	(void)state;
	w.config.max_queue_size = 32768;
	for (uint64_t num = 0; num <= UINT32_MAX;
	     num = num < 70000 ? num + 1 : num * 2 + 1) {
		bool ok = num && num <= 32768 && !(num & (num - 1));

		must(!vu_world_state(&w, FE_SET_VRING_NUM, 2,
				     (uint32_t)num) == ok,
		     "%llu entries", (unsigned long long)num);
		/* refused, and the ring stays inert also without an ack */
		must(ring(2)->num == (ok ? num : 0), "%u is kept",
		     ring(2)->num);
	}
}

/* T-51: the option, given and not. */
static void max_queue_size(void **state)
{
	(void)state;
	w.config.max_queue_size = 128;
	assert_int_equal(vu_world_state(&w, FE_SET_VRING_NUM, 0, 256), 0);
	assert_int_equal(ring(0)->num, 256);
	/* said once, until the front-end is another */
	assert_true(w.vu.warned_queue_size);
	w.config.max_queue_size_given = 1;
	assert_int_equal(vu_world_state(&w, FE_SET_VRING_NUM, 0, 128), 0);
	assert_int_equal(ring(0)->num, 128);
	assert_true(vu_world_state(&w, FE_SET_VRING_NUM, 0, 256) != 0);
	assert_int_equal(ring(0)->num, 0);
}

static void bases(void **state)
{
	(void)state;
	assert_int_equal(vu_world_state(&w, FE_SET_VRING_BASE, 1, 65535), 0);
	assert_int_equal(ring(1)->base, 65535);
	assert_true(vu_world_state(&w, FE_SET_VRING_BASE, 1, 65536) != 0);
	assert_true(vu_world_state(&w, FE_SET_VRING_BASE, 1, 0x80008000) != 0);
	assert_int_equal(ring(1)->base, 65535);
}

/* What can never notify is refused before the front-end relies on it. */
static void kinds_of_fds(void **state)
{
	int p[2], sv[2], mem = memfd_create("memory", MFD_CLOEXEC);
	int ep = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    sv), 0);
	for (uint32_t r = FE_SET_VRING_KICK; r <= FE_SET_VRING_ERR; r++) {
		assert_int_equal(vu_world_fd(&w, r, 0, w.event), 0);
		assert_int_equal(vu_world_fd(&w, r, 0, sv[0]), 0);
		assert_true(vu_world_fd(&w, r, 0, mem) != 0);
	}
	assert_int_equal(vu_world_fd(&w, FE_SET_VRING_KICK, 0, p[0]), 0);
	/* nothing can be read from these */
	assert_true(vu_world_fd(&w, FE_SET_VRING_KICK, 0, p[1]) != 0);
	assert_true(vu_world_fd(&w, FE_SET_VRING_KICK, 0, ep) != 0);
	fd_close_all(p, 2);
	fd_close_all(sv, 2);
	fd_close(&mem);
	fd_close(&ep);
}

#define VRING_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		VRING_TEST(indexes),
		VRING_TEST(notifier_values),
		VRING_TEST(values),
		VRING_TEST(nums),
		VRING_TEST(max_queue_size),
		VRING_TEST(bases),
		VRING_TEST(kinds_of_fds),
	};

	return cmocka_run_group_tests_name("vu-vring", tests, NULL, NULL);
}
