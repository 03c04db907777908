/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/front.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/fuzz/some-fd.h"
#include "tests/lib/vhost.h"

#define SMALL_SIZE	0x1000
#define AVAIL		0x400		/* in a ring's part of the memory */
#define USED		0x800
#define BUFFERS		0x8000

struct worker_config front_config(uint8_t bits)
{
	return (struct worker_config){
		.contract = WORKER_CONTRACT,
		.max_queue_size = 128,
		.max_queue_size_given = bits & 1,
		.overflow = (bits >> 1) % 3,
		.wait_ms = 20,
		.notices = !(bits & 8),
		.escape = bits & 0x40 ? 'y' : ESCAPE_NONE,
	};
}

void front_start(struct front *f)
{
	for (unsigned int i = 0; i < FRONT_EVENTS; i++)
		f->event[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->memory = memfd_create("guest", MFD_CLOEXEC);
	f->small = memfd_create("guest", MFD_CLOEXEC);
	fuzz_check(!ftruncate(f->memory, FRONT_MEMORY) &&
		   !ftruncate(f->small, SMALL_SIZE), "no memory");
	f->ptr = mmap(NULL, FRONT_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED,
		      f->memory, 0);
	fuzz_check(f->ptr != MAP_FAILED, "no memory");
	memset(f->avail, 0, sizeof(f->avail));
	stream_reset(&f->s);
}

void front_stop(struct front *f)
{
	munmap(f->ptr, FRONT_MEMORY);
	fd_close_all(f->event, FRONT_EVENTS);
	fd_close(&f->memory);
	fd_close(&f->small);
}

void front_again(struct front *f)
{
	memset(f->ptr, 0, FRONT_MEMORY);
	memset(f->avail, 0, sizeof(f->avail));
	stream_reset(&f->s);
}

/* A duplicate of one there is, or any other. */
static int fd_for(const struct front *f, uint8_t what)
{
	switch (what % 8) {
	case 0: case 1:
		return dup(f->event[what / 8 % FRONT_EVENTS]);
	case 2: case 3:
		return dup(f->memory);
	case 4:
		return dup(f->small);
	default:
		return some_fd(what / 8 + what % 8 % 5 * 32);
	}
}

void front_message(struct front *f, struct input *in)
{
	uint32_t request = input_u8(in);
	uint8_t bits = input_u8(in);
	uint32_t size = input_u16(in);
	uint8_t nfds = input_u8(in);
	uint32_t flags = bits == 0xff ? 2 : 1 | (bits & 1 ? 8 : 0);
	uint8_t payload[4096];
	int fds[STREAM_FDS];

	nfds = nfds < 0xf0 ? nfds % 4 : nfds % (STREAM_FDS + 1);
	if (size > sizeof(payload) && bits != 0xfe)
		size %= sizeof(payload) + 1;
	input_bytes(in, payload, size < sizeof(payload) ? size :
							  sizeof(payload));
	for (unsigned int i = 0; i < nfds; i++) {
		fds[i] = fd_for(f, input_u8(in));
		if (fds[i] < 0) {
			fd_close_all(fds, i);
			return;
		}
	}
	if (!stream_add(&f->s, request, flags, payload, size, fds, nfds))
		fd_close_all(fds, nfds);
	else if (bits >= 0x40 && bits < 0x80)
		stream_last_fds_at(&f->s, input_u16(in));
}

void front_raw(struct front *f, struct input *in)
{
	uint8_t raw[64];
	uint8_t n = input_u8(in) % sizeof(raw);

	input_bytes(in, raw, n);
	stream_add_raw(&f->s, raw, n);
}

void front_say(struct front *f, uint32_t request, const void *payload,
	       uint32_t size, const int *fd)
{
	int copy = fd ? dup(*fd) : -1;

	if (!stream_add(&f->s, request, 9, payload, size, &copy, fd != NULL))
		fd_close(&copy);
	else if (request != FE_ADD_MEM_REG)	/* it may be there already */
		stream_last_is_good(&f->s);
}

static uint64_t part(unsigned int ring, uint64_t off)
{
	return ring * 0x1000 + off;
}

static void setup_ring(struct front *f, unsigned int i)
{
	uint32_t num[2] = { i, FRONT_NUM }, base[2] = { i, f->avail[i] };
	uint32_t on[2] = { i, 1 };
	uint64_t index = i, addr[5] = {
		i, FRONT_UVA + part(i, 0), FRONT_UVA + part(i, USED),
		FRONT_UVA + part(i, AVAIL), 0,
	};

	front_say(f, FE_SET_VRING_NUM, num, 8, NULL);
	front_say(f, FE_SET_VRING_BASE, base, 8, NULL);
	front_say(f, FE_SET_VRING_ADDR, addr, 40, NULL);
	front_say(f, FE_SET_VRING_CALL, &index, 8, &f->event[4 + i]);
	front_say(f, FE_SET_VRING_KICK, &index, 8, &f->event[i]);
	front_say(f, FE_SET_VRING_ENABLE, on, 8, NULL);
}

void front_setup(struct front *f, uint8_t which)
{
	uint64_t features = F_VERSION_1 | F_PROTOCOL | F_INDIRECT |
			    (which & 0x10 ? F_EVENT_IDX : 0) |
			    (which & 0x20 ? 0 : F_MULTIPORT);
	uint64_t protocol = P_REPLY_ACK | P_BACKEND_REQ | P_CONFIG |
			    P_MEM_SLOTS;
	uint64_t region[5] = { 0, FRONT_GPA, FRONT_MEMORY, FRONT_UVA,
			       0 };

	front_say(f, FE_SET_PROTOCOL_FEATURES, &protocol, 8, NULL);
	front_say(f, FE_SET_FEATURES, &features, 8, NULL);
	front_say(f, FE_ADD_MEM_REG, region, 40, &f->memory);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		if (which & (1u << i))
			setup_ring(f, i);
}

void front_write(struct front *f, struct input *in)
{
	uint64_t at = input_u16(in);
	uint8_t len = input_u8(in);

	input_bytes(in, f->ptr + at, len % 64);
}

void front_kick(const struct front *f, unsigned int ring)
{
	uint64_t one = 1;

	if (write(f->event[ring], &one, 8) < 0)
		return;
}

static uint64_t buffer(unsigned int ring, uint16_t slot)
{
	return BUFFERS + ring * 0x4000u + slot * FRONT_CHAIN;
}

static void store(struct front *f, uint64_t at, uint64_t value, unsigned int n)
{
	memcpy(f->ptr + at, &value, n);
}

void front_chain(struct front *f, unsigned int ring, uint32_t len,
		 uint16_t flags)
{
	uint16_t slot = f->avail[ring] % FRONT_NUM;
	uint64_t desc = part(ring, slot * 16u), avail = part(ring, AVAIL);

	store(f, desc, FRONT_GPA + buffer(ring, slot), 8);
	store(f, desc + 8, len, 4);
	store(f, desc + 12, flags, 2);
	store(f, avail + 4 + 2u * slot, slot, 2);
	store(f, avail + 2, ++f->avail[ring], 2);
	front_kick(f, ring);
}

uint8_t *front_buffer(const struct front *f, unsigned int ring, uint16_t idx)
{
	return f->ptr + buffer(ring, idx % FRONT_NUM);
}

uint16_t front_used(const struct front *f, unsigned int ring)
{
	uint16_t idx;

	memcpy(&idx, f->ptr + part(ring, USED) + 2, sizeof(idx));
	return idx;
}

void front_settle(struct front *f, struct machine *m)
{
	struct stream *s = &f->s;

	for (unsigned int idle = 0; idle < 3 && !s->ended;) {
		size_t before = s->sent + s->received;

		stream_send(s, m->frontend, SIZE_MAX);
		machine_run(m, 4);
		stream_receive(s, m->frontend);
		if (s->sent + s->received == before)
			idle++;
	}
	stream_check_end(s);
}
