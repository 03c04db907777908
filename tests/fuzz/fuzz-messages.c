/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A vhost-user message stream with fds, cut anywhere, to a worker that may die
 * anywhere. The input is a list of operations.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/machine.h"
#include "tests/fuzz/stream.h"
#include "tests/fuzz/tamper.h"
#include "tests/lib/vhost.h"

#define OPS_MAX		200
#define MEMORY_SIZE	0x20000
#define SMALL_SIZE	0x1000
#define GPA		UINT64_C(0x10000)
#define UVA		UINT64_C(0x7f0000000000)
#define RING_NUM	16
#define EVENTS		8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct machine m;
static struct stream s;

/* What the front-end has to give away. */
static struct {
	int event[EVENTS];		/* kick of ring i, call of ring i */
	int memory, small;
	uint8_t *ptr;			/* of memory */
	uint16_t avail[CONSOLE_RINGS];
} guest;

static void make_guest(void)
{
	for (unsigned int i = 0; i < EVENTS; i++)
		guest.event[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	guest.memory = memfd_create("guest", MFD_CLOEXEC);
	guest.small = memfd_create("guest", MFD_CLOEXEC);
	fuzz_check(!ftruncate(guest.memory, MEMORY_SIZE) &&
		   !ftruncate(guest.small, SMALL_SIZE), "no memory");
	guest.ptr = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 guest.memory, 0);
	fuzz_check(guest.ptr != MAP_FAILED, "no memory");
	memset(guest.avail, 0, sizeof(guest.avail));
}

static void end_guest(void)
{
	munmap(guest.ptr, MEMORY_SIZE);
	fd_close_all(guest.event, EVENTS);
	fd_close(&guest.memory);
	fd_close(&guest.small);
}

/* A duplicate, or a fresh fd, of the kind that @what names. */
static int some_fd(uint8_t what)
{
	int pair[2];

	switch (what % 8) {
	case 0: case 1:
		return dup(guest.event[what / 8 % EVENTS]);
	case 2: case 3:
		return dup(guest.memory);
	case 4:
		return dup(guest.small);
	case 5:
		if (pipe2(pair, O_CLOEXEC | (what & 8 ? O_NONBLOCK : 0)) < 0)
			return -1;
		break;
	case 6:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			       pair) < 0)
			return -1;
		break;
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	fd_close(&pair[what >> 4 & 1]);
	return pair[!(what >> 4 & 1)];
}

static void add(uint32_t request, const void *payload, uint32_t size,
		const int *fd)
{
	int copy = fd ? dup(*fd) : -1;

	if (!stream_add(&s, request, 9, payload, size, &copy, fd != NULL))
		fd_close(&copy);
	else if (request != FE_ADD_MEM_REG)	/* it may be there already */
		stream_last_is_good(&s);
}

/* request, flags, size, fds, payload */
static void add_message(struct input *in)
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
		fds[i] = some_fd(input_u8(in));
		if (fds[i] < 0) {
			fd_close_all(fds, i);
			return;
		}
	}
	if (!stream_add(&s, request, flags, payload, size, fds, nfds))
		fd_close_all(fds, nfds);
}

static uint64_t part(unsigned int ring, uint64_t off)
{
	return ring * 0x1000 + off;
}

/* What QEMU says to get a console to work, for the rings in @which. */
static void add_setup(uint8_t which)
{
	uint64_t features = F_VERSION_1 | F_PROTOCOL | F_INDIRECT |
			    F_MULTIPORT | (which & 0x10 ? F_EVENT_IDX : 0);
	uint64_t protocol = P_REPLY_ACK | P_BACKEND_REQ | P_CONFIG |
			    P_MEM_SLOTS;
	uint64_t region[5] = { 0, GPA, MEMORY_SIZE, UVA, 0 };

	add(FE_SET_PROTOCOL_FEATURES, &protocol, 8, NULL);
	add(FE_SET_FEATURES, &features, 8, NULL);
	add(FE_ADD_MEM_REG, region, 40, &guest.memory);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		uint32_t num[2] = { i, RING_NUM }, base[2] = { i, 0 };
		uint64_t index = i, addr[5] = {
			i, UVA + part(i, 0), UVA + part(i, 0x800),
			UVA + part(i, 0x400), 0,
		};
		uint32_t on[2] = { i, 1 };

		if (!(which & (1u << i)))
			continue;
		base[1] = guest.avail[i];
		add(FE_SET_VRING_NUM, num, 8, NULL);
		add(FE_SET_VRING_BASE, base, 8, NULL);
		add(FE_SET_VRING_ADDR, addr, 40, NULL);
		add(FE_SET_VRING_CALL, &index, 8, &guest.event[4 + i]);
		add(FE_SET_VRING_KICK, &index, 8, &guest.event[i]);
		add(FE_SET_VRING_ENABLE, on, 8, NULL);
	}
}

static void store(uint64_t at, uint64_t value, unsigned int n)
{
	memcpy(guest.ptr + at % (MEMORY_SIZE - 8), &value, n);
}

static void kick(unsigned int ring)
{
	uint64_t one = 1;

	if (write(guest.event[ring], &one, 8) < 0)
		return;
}

/* One more chain of one descriptor in @ring. */
static void add_chain(unsigned int ring, uint32_t chain_len, uint16_t flags)
{
	uint16_t slot = guest.avail[ring] % RING_NUM;
	uint64_t desc = part(ring, slot * 16), avail = part(ring, 0x400);

	store(desc, GPA + 0x8000 + ring * 0x4000 + slot * 0x400, 8);
	store(desc + 8, chain_len, 4);
	store(desc + 12, flags, 2);
	store(avail + 4 + 2 * slot, slot, 2);
	store(avail + 2, ++guest.avail[ring], 2);
	kick(ring);
}

static void write_memory(struct input *in)
{
	uint64_t at = input_u16(in);
	uint8_t len = input_u8(in);

	input_bytes(in, guest.ptr + at, len % 64);
}

static void client_op(uint8_t what)
{
	unsigned int slot = what >> 4;
	char bytes[256];

	switch (what & 7) {
	case 0: case 1:
		machine_attach(&m, slot);
		break;
	case 2:
		machine_detach(&m, slot);
		break;
	case 3:
		shutdown(m.client[slot], SHUT_WR);
		break;
	case 4:
		shutdown(m.client[slot], SHUT_RD);
		break;
	case 5:
		recv(m.client[slot], bytes, sizeof(bytes), MSG_DONTWAIT);
		break;
	default:
		memset(bytes, 'x', sizeof(bytes));
		send(m.client[slot], bytes, what & 8 ? 256 : 5,
		     MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void reconnect(bool at_once)
{
	machine_disconnect(&m);
	stream_reset(&s);
	s.exact = overseer.trusted;
	s.wild = !overseer.trusted;
	if (!at_once)
		machine_run(&m, 4);
	machine_connect(&m);
}

/* What passes the check has to be safe, even where it is not right. */
static void taken_over(struct input *in)
{
	overseer.trusted = false;
	s.exact = false;
	s.wild = true;
	tamper(m.state, in);
	machine_replace(&m);
}

static void operate(struct input *in)
{
	uint8_t op = input_u8(in);

	switch (op % 16) {
	case 0: case 1: case 2:
		add_message(in);
		break;
	case 3: case 4:
		stream_send(&s, m.frontend, op < 128 ? SIZE_MAX :
						       input_u8(in) + 1u);
		machine_run(&m, op & 64 ? 0 : 2);
		break;
	case 5:
		machine_run(&m, 1 + op / 16);
		break;
	case 6:
		overseer.die_in = 1 + input_u8(in) % 64;
		overseer.die_again_in = op < 128 ? 0 : 1 + op % 32;
		break;
	case 7:
		machine_replace(&m);
		break;
	case 8:
		client_op(input_u8(in));
		break;
	case 9:
		write_memory(in);
		break;
	case 10:
		op = input_u8(in);
		add_chain(op % CONSOLE_RINGS, input_u16(in) % 0x500,
			  op & 0x10 ? 2 : 0);
		break;
	case 11:
		kick(op / 16 % CONSOLE_RINGS);
		break;
	case 12:
		reconnect(op & 128);
		break;
	case 13:
		if (op >= 128)
			taken_over(in);
		else
			stream_receive(&s, m.frontend);
		break;
	case 14: {
		uint8_t raw[64];
		uint8_t n = input_u8(in) % sizeof(raw);

		input_bytes(in, raw, n);
		stream_add_raw(&s, raw, n);
		break;
	}
	case 15:
		add_setup(input_u8(in));
		break;
	}
}

/* Until nothing more happens: only then may an answer be missed. */
static void settle(void)
{
	for (unsigned int idle = 0; idle < 3 && !s.ended;) {
		size_t before = s.sent;

		stream_send(&s, m.frontend, SIZE_MAX);
		machine_run(&m, 4);
		stream_receive(&s, m.frontend);
		if (s.sent == before)
			idle++;
	}
	stream_check_end(&s);
	machine_check_store(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint8_t bits = input_u8(&in);
	struct worker_config config = {
		.contract = WORKER_CONTRACT,
		.max_queue_size = 128,
		.max_queue_size_given = bits & 1,
		.overflow = (bits >> 1) % 3,
		.wait_ms = 20,
		.notices = !(bits & 8),
		.escape = ESCAPE_NONE,
	};

	make_guest();
	machine_start(&m, &config);
	stream_reset(&s);
	machine_connect(&m);
	for (unsigned int i = 0; i < OPS_MAX && in.len > 0; i++) {
		operate(&in);
		if (!m.up)
			break;
	}
	if (m.up)
		settle();
	stream_reset(&s);
	machine_stop(&m);
	end_guest();
	return 0;
}
