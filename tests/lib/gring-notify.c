/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/gring.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/vhost.h"
#include "tests/lib/wait.h"

/* The device calls right after it has published. */
#define CALL_MS	1000

static void close_fds(struct gring *r)
{
	fd_close(&r->kick);
	fd_close(&r->call);
	fd_close(&r->call_peer);
	fd_close(&r->err);
}

void gring_destroy(struct gring *r)
{
	close_fds(r);
	free(r->free);
	free(r->chain_len);
	free(r->pending);
	gring_clear(r);
}

void gring_fds_like_qemu(struct gring *r)
{
	close_fds(r);
	/* QEMU makes its kick readable from the start. */
	r->kick = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	r->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->err = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(r->kick >= 0 && r->call >= 0 && r->err >= 0, "eventfd: errno %d",
	     errno);
}

void gring_fds_like_uml(struct gring *r)
{
	int pair[2];

	close_fds(r);
	r->kick = eventfd(0, EFD_CLOEXEC);
	must(r->kick >= 0, "eventfd: errno %d", errno);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0,
	     "socketpair: errno %d", errno);
	r->call = pair[0];
	r->call_peer = pair[1];
	must(fd_set_nonblocking(r->call) == 0, "O_NONBLOCK");
}

void gring_publish(struct gring *r)
{
	__atomic_store_n(&r->avail[1], r->avail_idx, __ATOMIC_RELEASE);
}

void gring_kick_anyway(struct gring *r)
{
	uint64_t one = 1;

	gring_publish(r);
	r->kicked_idx = r->avail_idx;
	must(write(r->kick, &one, sizeof(one)) == sizeof(one),
	     "kick: errno %d", errno);
}

static bool passes(uint16_t event, uint16_t old, uint16_t now)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

bool gring_kick(struct gring *r)
{
	uint16_t event, flags;
	bool wanted;

	gring_publish(r);
	atomic_thread_fence(memory_order_seq_cst);
	event = __atomic_load_n(&r->used[2 + 4 * r->num], __ATOMIC_RELAXED);
	flags = __atomic_load_n(&r->used[0], __ATOMIC_RELAXED);
	wanted = r->event_idx ? passes(event, r->kicked_idx, r->avail_idx) :
				(flags & USED_NO_NOTIFY) == 0;
	r->kicked_idx = r->avail_idx;
	if (wanted)
		gring_kick_anyway(r);
	return wanted;
}

uint64_t gring_calls(struct gring *r)
{
	uint64_t word[64], sum = 0;
	ssize_t n;

	while ((n = read(r->call, word, sizeof(word))) > 0) {
		must(n % 8 == 0, "ring %u: a call of %zd bytes", r->index, n);
		for (ssize_t i = 0; i < n / 8; i++)
			sum += word[i];
	}
	return sum;
}

void gring_arm(struct gring *r)
{
	__atomic_store_n(&r->avail[2 + r->num], r->used_idx, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
}

bool gring_wait(struct gring *r, struct gused *used, unsigned int ms)
{
	uint64_t deadline = wait_until(ms);

	while (!gring_take(r, used)) {
		if (r->silent) {
			if (wait_left(deadline) == 0)
				return false;
			wait_pause();
			continue;
		}
		gring_arm(r);
		if (gring_take(r, used))
			return true;
		if (!wait_fd(r->call, POLLIN, deadline)) {
			if (!gring_take(r, used))
				return false;
			must(wait_fd(r->call, POLLIN, wait_until(CALL_MS)),
			     "ring %u: a used element without a call",
			     r->index);
			return true;
		}
		gring_calls(r);
	}
	return true;
}

void gring_await_all_used(const struct gring *r)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (gring_device_idx(r) != r->avail_idx) {
		must(wait_left(deadline) > 0, "ring %u: %u chains not used",
		     r->index,
		     (uint16_t)(r->avail_idx - gring_device_idx(r)));
		wait_pause();
	}
}

void gring_expect(struct gring *r, uint32_t len)
{
	struct gused used;

	must(gring_wait(r, &used, WAIT_MS), "ring %u: nothing comes back",
	     r->index);
	must(used.len == len, "ring %u: used length %u, not %u", r->index,
	     used.len, len);
}
