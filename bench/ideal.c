/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "bench/ideal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/guest.h"
#include "tests/lib/must.h"

#define BATCH	64

static uint16_t load(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* Chains from @next on; each is one descriptor, as this guest makes them. */
static unsigned int collect(const struct gring *r, uint16_t next,
			    struct iovec *iov, uint16_t *head)
{
	unsigned int n = (uint16_t)(load(&r->avail[1]) - next);

	if (n > BATCH)
		n = BATCH;
	for (unsigned int i = 0; i < n; i++) {
		const struct gdesc *d;

		head[i] = r->avail[2 + (uint16_t)(next + i) % r->num];
		d = &r->desc[head[i]];
		iov[i].iov_base = guest_ptr(r->guest, d->addr, d->len);
		iov[i].iov_len = d->len;
	}
	return n;
}

static void put(struct gring *r, uint16_t used, uint16_t head, uint32_t len)
{
	uint16_t *elem = &r->used[2 + 4 * (used % r->num)];

	elem[0] = head;
	elem[1] = 0;
	elem[2] = (uint16_t)len;
	elem[3] = (uint16_t)(len >> 16);
}

static void publish(struct gring *r, uint16_t old, uint16_t used)
{
	static const uint64_t one = 1;
	uint16_t event;

	__atomic_store_n(&r->used[1], used, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	event = load(&r->avail[2 + r->num]);
	if ((uint16_t)(used - event - 1) < (uint16_t)(used - old))
		must(write(r->call, &one, 8) == 8, "call: errno %d", errno);
}

/* Asks for a kick; true if something came meanwhile. */
static bool arm(struct gring *r, uint16_t next)
{
	__atomic_store_n(&r->used[2 + 4 * r->num], next, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
	return load(&r->avail[1]) != next;
}

/* Guest output, in order and whole: the socket blocks. */
static void serve_tx(struct ideal *ideal)
{
	struct gring *r = ideal->tx;
	struct iovec iov[BATCH];
	uint16_t head[BATCH];
	unsigned int n;

	do {
		while ((n = collect(r, ideal->tx_next, iov, head)) > 0) {
			struct msghdr mh = { .msg_iov = iov,
					     .msg_iovlen = n };
			uint16_t old = ideal->tx_next;

			if (sendmsg(ideal->client, &mh, MSG_NOSIGNAL) < 0)
				return;
			for (unsigned int i = 0; i < n; i++)
				put(r, ideal->tx_next++, head[i], 0);
			publish(r, old, ideal->tx_next);
		}
	} while (arm(r, ideal->tx_next));
}

/* Input, as long as there are buffers and something to put into them. */
static bool serve_rx(struct ideal *ideal)
{
	struct gring *r = ideal->rx;
	struct iovec iov[BATCH];
	uint16_t head[BATCH], old = ideal->rx_next;
	unsigned int n = collect(r, old, iov, head), i = 0;
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t got;

	if (n == 0)
		return arm(r, ideal->rx_next);
	got = recvmsg(ideal->client, &mh, MSG_DONTWAIT);
	for (; got > 0; i++) {
		uint32_t len = (size_t)got < iov[i].iov_len ?
				       (uint32_t)got :
				       (uint32_t)iov[i].iov_len;

		put(r, ideal->rx_next++, head[i], len);
		got -= len;
	}
	if (i > 0)
		publish(r, old, ideal->rx_next);
	return i > 0;
}

static void drain(int kick)
{
	uint64_t count;

	if (read(kick, &count, sizeof(count)) < 0)
		return;			/* it was not kicked */
}

static void *serve(void *arg)
{
	struct ideal *ideal = arg;

	for (;;) {
		bool buffers = load(&ideal->rx->avail[1]) != ideal->rx_next;
		struct pollfd p[] = {
			{ ideal->stop, POLLIN, 0 },
			{ ideal->tx->kick, POLLIN, 0 },
			{ ideal->rx->kick, POLLIN, 0 },
			{ buffers ? ideal->client : -1, POLLIN, 0 },
		};

		if (poll(p, 4, -1) < 0 || p[0].revents)
			return NULL;
		if (p[1].revents) {
			drain(ideal->tx->kick);
			serve_tx(ideal);
		}
		if (p[2].revents)
			drain(ideal->rx->kick);
		while (serve_rx(ideal))
			;
	}
}

unsigned int ideal_listen(struct ideal *ideal)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ideal->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(ideal->listener, (struct sockaddr *)&addr, len) == 0 &&
	     listen(ideal->listener, 1) == 0 &&
	     getsockname(ideal->listener, (struct sockaddr *)&addr,
			 &len) == 0, "listen: errno %d", errno);
	return ntohs(addr.sin_port);
}

void ideal_start(struct ideal *ideal, struct gring *rx, struct gring *tx)
{
	ideal->client = accept4(ideal->listener, NULL, NULL, SOCK_CLOEXEC);
	ideal->stop = eventfd(0, EFD_CLOEXEC);
	must(ideal->client >= 0 && ideal->stop >= 0, "accept: errno %d",
	     errno);
	ideal->rx = rx;
	ideal->tx = tx;
	ideal->rx_next = ideal->tx_next = 0;
	must(pthread_create(&ideal->thread, NULL, serve, ideal) == 0,
	     "no thread");
}

void ideal_stop(struct ideal *ideal)
{
	static const uint64_t one = 1;

	must(write(ideal->stop, &one, 8) == 8, "stop: errno %d", errno);
	pthread_join(ideal->thread, NULL);
	fd_close(&ideal->listener);
	fd_close(&ideal->client);
	fd_close(&ideal->stop);
}

uint64_t ideal_cpu_us(const struct ideal *ideal)
{
	struct timespec ts = { 0 };
	clockid_t clock;

	must(pthread_getcpuclockid(ideal->thread, &clock) == 0 &&
	     clock_gettime(clock, &ts) == 0, "no CPU clock");
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
