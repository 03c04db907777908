/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * vhost-user messages, all in one burst: what sets a guest up, stops it and
 * starts it anew. Each is answered once and in order, and in the end the ring
 * has the memory, the kick and the call that the last of them brought.
 */
#include <endian.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/deaths/deaths.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/machine.h"
#include "tests/fuzz/stream.h"
#include "tests/lib/vhost.h"

#define MEMORY_SIZE	0x10000
#define GPA		UINT64_C(0x100000)
#define UVA		UINT64_C(0x7f0000000000)
#define NUM		4
#define DESC		0x0
#define AVAIL		0x1000
#define USED		0x2000
#define BUFFER		0x3000
#define TURNS_MAX	40

enum { KICK, CALL, OLD_KICK, OLD_CALL, NOTIFIERS };

static struct machine m;
static struct stream s;
static struct {
	int notifier[NOTIFIERS];
	int memory;
	uint8_t *ptr;
	uint16_t printed;
} g;

static void begin(void)
{
	static const struct worker_config config = {
		.contract = WORKER_CONTRACT,
		.max_queue_size = 128,
		.escape = ESCAPE_NONE,
	};

	memset(&g, 0, sizeof(g));
	for (unsigned int i = 0; i < NOTIFIERS; i++)
		g.notifier[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g.memory = memfd_create("guest", MFD_CLOEXEC);
	fuzz_check(!ftruncate(g.memory, MEMORY_SIZE), "no memory");
	g.ptr = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     g.memory, 0);
	fuzz_check(g.ptr != MAP_FAILED, "no memory");
	machine_start(&m, &config);
	stream_reset(&s);
	machine_connect(&m);
}

static void end(void)
{
	stream_reset(&s);
	machine_stop(&m);
	munmap(g.ptr, MEMORY_SIZE);
	fd_close_all(g.notifier, NOTIFIERS);
	fd_close(&g.memory);
}

/* With an ack where there can be one. */
static void say_anything(uint32_t request, const void *payload, uint32_t size,
			 const int *fd)
{
	int copy = fd ? dup(*fd) : -1;

	fuzz_check(stream_add(&s, request, 9, payload, size, &copy, fd != NULL),
		   "no room for message %u", request);
}

static void say(uint32_t request, const void *payload, uint32_t size,
		const int *fd)
{
	say_anything(request, payload, size, fd);
	stream_last_is_good(&s);
}

static void say_u64(uint32_t request, uint64_t value, const int *fd)
{
	say(request, &value, sizeof(value), fd);
}

static void say_state(uint32_t request, uint32_t index, uint32_t value)
{
	uint32_t state[2] = { index, value };

	say(request, state, sizeof(state), NULL);
}

static void say_features(void)
{
	static const uint64_t region[5] = { 0, GPA, MEMORY_SIZE, UVA, 0 };

	say(FE_GET_PROTOCOL_FEATURES, NULL, 0, NULL);
	say_u64(FE_SET_PROTOCOL_FEATURES, P_REPLY_ACK | P_BACKEND_REQ |
					  P_CONFIG | P_MEM_SLOTS, NULL);
	say(FE_GET_FEATURES, NULL, 0, NULL);
	say_u64(FE_SET_FEATURES, F_VERSION_1 | F_PROTOCOL | F_MULTIPORT, NULL);
	say(FE_ADD_MEM_REG, region, sizeof(region), &g.memory);
}

/*
 * Messages without an fd stand right before such with one. One of them lacks
 * what it says it has: it is refused, the next one's fd is not for it.
 */
static void say_ring(uint16_t base, const int *kick, const int *call)
{
	static const uint64_t addr[5] = {
		CONSOLE_TX, UVA + DESC, UVA + USED, UVA + AVAIL, 0,
	};
	static const uint64_t index = CONSOLE_TX;

	say_state(FE_SET_VRING_NUM, CONSOLE_TX, NUM);
	say_state(FE_SET_VRING_BASE, CONSOLE_TX, base);
	say(FE_SET_VRING_ADDR, addr, sizeof(addr), NULL);
	say_u64(FE_SET_VRING_CALL, CONSOLE_TX | FE_NOFD, NULL);
	say_anything(FE_SET_VRING_CALL, &index, sizeof(index), NULL);
	say_u64(FE_SET_VRING_KICK, CONSOLE_TX, kick);
	say_u64(FE_SET_VRING_CALL, CONSOLE_TX, call);
	say_state(FE_SET_VRING_ENABLE, CONSOLE_TX, 1);
}

/* @piece: bytes let go at a time */
static void talk(size_t piece)
{
	for (unsigned int idle = 0; idle < 3;) {
		size_t before = s.sent;

		stream_send(&s, m.frontend, piece);
		machine_run(&m, 2);
		stream_receive(&s, m.frontend);
		idle = s.sent == before ? idle + 1 : 0;
	}
	fuzz_check(s.sent == s.len, "%zu of %zu bytes sent", s.sent, s.len);
	stream_check_end(&s);
	machine_check_store(&m);
}

static void store16(uint64_t at, uint16_t value)
{
	value = htole16(value);
	memcpy(g.ptr + at, &value, sizeof(value));
}

static uint16_t load16(uint64_t at)
{
	uint16_t value;

	memcpy(&value, g.ptr + at, sizeof(value));
	return le16toh(value);
}

/* The ring works: kicked with its kick, it calls with its call. */
static void print(const int *kick, const int *call)
{
	static const uint64_t one = 1;
	uint16_t slot = g.printed++ % NUM;
	uint64_t gpa = htole64(GPA + BUFFER), count = 0;
	uint32_t len = htole32(1);

	memcpy(g.ptr + DESC + 16 * slot, &gpa, sizeof(gpa));
	memcpy(g.ptr + DESC + 16 * slot + 8, &len, sizeof(len));
	store16(AVAIL + 4 + 2u * slot, slot);
	store16(AVAIL + 2, g.printed);
	while (read(*call, &count, sizeof(count)) > 0)
		;
	fuzz_check(write(*kick, &one, sizeof(one)) == sizeof(one), "kick");
	for (unsigned int i = 0; i < TURNS_MAX &&
	     load16(USED + 2) != g.printed; i++)
		machine_run(&m, 1);
	fuzz_check(load16(USED + 2) == g.printed, "chain %u of %u is back",
		   load16(USED + 2), g.printed);
	fuzz_check(read(*call, &count, sizeof(count)) == sizeof(count),
		   "no call for chain %u", g.printed);
}

static void set_up(size_t piece)
{
	begin();
	say_features();
	say_ring(0, &g.notifier[KICK], &g.notifier[CALL]);
	deaths_may_come();
	talk(piece);
	deaths_are_over();
	print(&g.notifier[KICK], &g.notifier[CALL]);
	end();
}

static void in_a_burst(void)
{
	set_up(SIZE_MAX);
}

static void in_pieces(void)
{
	set_up(5);
}

static void stopped_and_started(void)
{
	begin();
	say_features();
	say_ring(0, &g.notifier[OLD_KICK], &g.notifier[OLD_CALL]);
	talk(SIZE_MAX);
	print(&g.notifier[OLD_KICK], &g.notifier[OLD_CALL]);
	say_state(FE_GET_VRING_BASE, CONSOLE_TX, 0);
	say_ring(g.printed, &g.notifier[KICK], &g.notifier[CALL]);
	say(FE_GET_FEATURES, NULL, 0, NULL);
	deaths_may_come();
	talk(SIZE_MAX);
	deaths_are_over();
	print(&g.notifier[KICK], &g.notifier[CALL]);
	end();
}

int main(int argc, char **argv)
{
	static const struct story stories[] = {
		{ "in_a_burst", in_a_burst, 100, 12 },
		{ "in_pieces", in_pieces, 200, 0 },
		{ "stopped_and_started", stopped_and_started, 60, 12 },
	};

	return deaths_tell(stories, sizeof(stories) / sizeof(stories[0]),
			   argc, argv);
}
