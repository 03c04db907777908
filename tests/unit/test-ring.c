/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/pattern.h"
#include "tests/lib/unit.h"
#include "worker/ring.h"

#define SIZE_MAX_HERE	256
#define GUARD		64

/* A ring between two guards. */
static unsigned char memory[GUARD + SIZE_MAX_HERE + GUARD];
static _Atomic uint64_t tail;

static struct ring ring_of(uint64_t size)
{
	memset(memory, '#', sizeof(memory));
	tail = 0;
	return (struct ring){ .buf = memory + GUARD, .size = size,
			      .tail = &tail };
}

static void check_guards(const struct ring *ring)
{
	for (size_t i = 0; i < sizeof(memory); i++)
		if (i < GUARD || i >= GUARD + ring->size)
			must(memory[i] == '#', "byte %zd of %llu written",
			     (ssize_t)i - GUARD,
			     (unsigned long long)ring->size);
}

/* The bytes at @pos, which are those of the pattern from @pos on. */
static void check_bytes(const struct ring *ring, uint64_t pos, uint64_t len)
{
	struct iovec span[2];
	unsigned int n = ring_spans(ring, pos, len, span);
	uint64_t done = 0;

	must(n <= 2 && !n == !len, "%u spans for %llu bytes", n,
	     (unsigned long long)len);
	for (unsigned int i = 0; i < n; i++) {
		unsigned char *p = span[i].iov_base;

		must(span[i].iov_len > 0, "span %u is empty", i);
		must(p >= ring->buf &&
		     p + span[i].iov_len <= ring->buf + ring->size,
		     "span %u is outside", i);
		pattern_check(p, pos + done, span[i].iov_len, "ring");
		done += span[i].iov_len;
	}
	must(done == len, "%llu of %llu bytes", (unsigned long long)done,
	     (unsigned long long)len);
}

static void room(void **state)
{
	struct ring ring = ring_of(100);

	(void)state;
	assert_int_equal(ring_room(&ring, 0, 0), 100);
	assert_int_equal(ring_room(&ring, 40, 0), 60);
	assert_int_equal(ring_room(&ring, 100, 0), 0);
	assert_int_equal(ring_room(&ring, 101, 0), 0);
	assert_int_equal(ring_room(&ring, 1000, 0), 0);
	assert_int_equal(ring_room(&ring, 1000, 950), 50);
	assert_int_equal(ring_room(&ring, 1000, 1000), 100);
	/* nobody holds anything */
	assert_int_equal(ring_room(&ring, 1000, UINT64_MAX), 100);
	assert_int_equal(ring_room(&ring, 1000, 1001), 100);
}

static void no_bytes(void **state)
{
	struct ring ring = ring_of(16);
	struct iovec span[2];

	(void)state;
	for (uint64_t pos = 0; pos < 40; pos++)
		assert_int_equal(ring_spans(&ring, pos, 0, span), 0);
	ring_write(&ring, 5, NULL, 0, 0, 0);
	assert_int_equal(tail, 0);
	check_guards(&ring);
}

/* Every size, every place to start, every length. */
static void every_write(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= 12; size++)
		for (uint64_t pos = 0; pos < 3 * size; pos++)
			for (uint64_t len = 0; len <= size; len++) {
				struct ring ring = ring_of(size);
				unsigned char bytes[12];
				struct iovec src = { bytes, len };
				uint64_t end = pos + len;

				pattern_fill(bytes, pos, len);
				ring_write(&ring, pos, &src, 1, 0, len);
				check_bytes(&ring, pos, len);
				check_guards(&ring);
				must(tail == (end > size ? end - size : 0),
				     "tail %llu", (unsigned long long)tail);
			}
}

/* The tail never goes back: it may have been moved for a longer write. */
static void tail_stays(void **state)
{
	struct ring ring = ring_of(16);
	unsigned char bytes[16] = { 0 };
	struct iovec src = { bytes, 16 };

	(void)state;
	tail = 30;
	ring_write(&ring, 30, &src, 1, 0, 16);
	assert_int_equal(tail, 30);
	ring_write(&ring, 46, &src, 1, 0, 1);
	assert_int_equal(tail, 31);
}

static struct {
	unsigned char *page;
	size_t size;
	volatile sig_atomic_t writes;
	volatile uint64_t tail;		/* when the first byte was written */
} sealed;

static void first_write(int sig)
{
	(void)sig;
	sealed.writes++;
	sealed.tail = atomic_load(&tail);
	mprotect(sealed.page, sealed.size, PROT_READ | PROT_WRITE);
}

/*
 * Who dies in between leaves bytes that nobody reads any more, not some that
 * are read as others: the tail is stored before the first byte is.
 */
static void tail_goes_first(void **state)
{
	struct sigaction old, action = { .sa_handler = first_write };
	unsigned char bytes[16] = { 0 };
	struct iovec src = { bytes, sizeof(bytes) };
	struct ring ring;

	(void)state;
	sealed.size = (size_t)sysconf(_SC_PAGESIZE);
	sealed.page = mmap(NULL, sealed.size, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(sealed.page, MAP_FAILED);
	ring = (struct ring){ sealed.page, sealed.size, &tail };
	tail = 0;
	sigaction(SIGSEGV, &action, &old);
	ring_write(&ring, sealed.size, &src, 1, 0, sizeof(bytes));
	sigaction(SIGSEGV, &old, NULL);
	munmap(sealed.page, sealed.size);
	assert_int_equal(sealed.writes, 1);
	assert_int_equal(sealed.tail, sizeof(bytes));
}

/* @len bytes of the pattern from @at on, in random pieces, some empty. */
static unsigned int scatter(struct rnd *rnd, struct iovec *src,
			    unsigned int max, unsigned char *buf,
			    uint64_t at, size_t len)
{
	unsigned int n = 0;

	pattern_fill(buf, at, len);
	while (len || rnd_one_in(rnd, 3)) {
		size_t part = rnd_below(rnd, (uint32_t)len + 1);

		if (n == max - 1)
			part = len;
		src[n++] = (struct iovec){ buf, part };
		buf += part;
		len -= part;
		if (n == max)
			break;
	}
	return n;
}

/*
 * An endless stream, appended in pieces that start somewhere within a list of
 * spans: what is kept is always its newest bytes, each in its place.
 */
static void endless(void **state)
{
	static unsigned char bytes[2 * SIZE_MAX_HERE];
	struct rnd rnd = { 4 };

	(void)state;
	for (int run = 0; run < 60; run++) {
		uint64_t size = 1 + rnd_below(&rnd, SIZE_MAX_HERE);
		struct ring ring = ring_of(size);
		uint64_t start = rnd_one_in(&rnd, 2) ? 0 : rnd_next(&rnd) / 4;
		uint64_t head = start;

		tail = start;
		for (int i = 0; i < 200; i++) {
			struct iovec src[6];
			size_t off = rnd_below(&rnd, SIZE_MAX_HERE);
			size_t len = rnd_below(&rnd, (uint32_t)size + 1);
			size_t after = rnd_below(&rnd, 3);
			unsigned int n;
			uint64_t kept;

			if (off + len + after > sizeof(bytes))
				continue;
			n = scatter(&rnd, src, 6, bytes, head - off,
				    off + len + after);
			ring_write(&ring, head, src, n, off, len);
			head += len;
			kept = head - start < size ? head - start : size;
			must(tail == head - kept, "kept %lld, not %llu",
			     (long long)(head - tail),
			     (unsigned long long)kept);
			check_bytes(&ring, head - kept, kept);
			check_guards(&ring);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(room),
		cmocka_unit_test(no_bytes),
		cmocka_unit_test(every_write),
		cmocka_unit_test(tail_stays),
		cmocka_unit_test(tail_goes_first),
		cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
