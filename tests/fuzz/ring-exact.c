/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/ring-exact.h"

#include <endian.h>
#include <sys/socket.h>

#define OPS_MAX		400
#define NUM		16
#define RX		0
#define TX		1

/* A slot's buffer: input in the first data region, output in the third. */
#define RX_LEN		48
#define TX_LEN		128
#define TX_REGION	(DATA_FIRST + 2)

static struct {
	struct ring_world *w;
	uint16_t used[2];		/* chains taken back */
	uint64_t printed, read;		/* bytes, by guest and client */
	uint64_t typed, got;		/* bytes, by client and guest */
} x;

static uint8_t letter(uint64_t pos)
{
	return (uint8_t)(pos * 31 + (pos >> 8) * 7);
}

static unsigned int outstanding(unsigned int ring)
{
	return (uint16_t)(x.w->avail[ring] - x.used[ring]);
}

static void print(uint32_t len)
{
	uint16_t slot = x.w->avail[TX] % NUM;
	uint8_t *buf = x.w->ptr[TX_REGION] + slot * TX_LEN;

	if (outstanding(TX) == NUM)
		return;
	for (uint32_t i = 0; i < len; i++)
		buf[i] = letter(x.printed++);
	ring_world_desc(x.w, TX, slot,
			x.w->region[TX_REGION].gpa + slot * TX_LEN, len, 0, 0);
	ring_world_publish(x.w, TX, slot);
}

static void add_buffer(void)
{
	uint16_t slot = x.w->avail[RX] % NUM;

	if (outstanding(RX) == NUM)
		return;
	ring_world_desc(x.w, RX, slot,
			x.w->region[DATA_FIRST].gpa + slot * RX_LEN, RX_LEN,
			VIRTQ_DESC_F_WRITE, 0);
	ring_world_publish(x.w, RX, slot);
}

/* The next used element of @ring, in the order of the chains. */
static int take(unsigned int ring, uint32_t *len)
{
	const struct virtq_used *u =
		(const void *)ring_world_part(x.w, ring, PART_USED);
	uint16_t slot = x.used[ring] % NUM;
	uint16_t ready = (uint16_t)(le16toh(u->idx) - x.used[ring]);

	fuzz_check(ready <= outstanding(ring),
		   "ring %u: %u chains back, %u outstanding", ring, ready,
		   outstanding(ring));
	if (!ready)
		return 0;
	fuzz_check(le32toh(u->ring[slot].id) == slot,
		   "ring %u: chain %u back, not %u", ring,
		   le32toh(u->ring[slot].id), slot);
	*len = le32toh(u->ring[slot].len);
	x.used[ring]++;
	return 1;
}

static void collect(void)
{
	uint16_t slot;
	uint32_t len;

	while (take(TX, &len))
		fuzz_check(len == 0, "output used length %u", len);
	for (;;) {
		slot = x.used[RX] % NUM;
		if (!take(RX, &len))
			return;
		fuzz_check(len > 0 && len <= RX_LEN, "input length %u", len);
		for (uint32_t i = 0; i < len; i++, x.got++)
			fuzz_check(x.w->ptr[DATA_FIRST][slot * RX_LEN + i] ==
				   letter(~x.got), "byte %llu of the input",
				   (unsigned long long)x.got);
		fuzz_check(x.got <= x.typed, "%llu bytes of input, not %llu",
			   (unsigned long long)x.got,
			   (unsigned long long)x.typed);
	}
}

static void type(size_t len)
{
	uint8_t bytes[512];
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		bytes[i] = letter(~(x.typed + i));
	n = send(x.w->m.client[0], bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		x.typed += (uint64_t)n;
}

static ssize_t read_some(size_t len)
{
	uint8_t bytes[1024];
	ssize_t n = recv(x.w->m.client[0], bytes, len, MSG_DONTWAIT);

	fuzz_check(n != 0, "the client is sent away");
	for (ssize_t i = 0; i < n; i++, x.read++)
		fuzz_check(bytes[i] == letter(x.read),
			   "byte %llu of the output",
			   (unsigned long long)x.read);
	fuzz_check(x.read <= x.printed, "%llu bytes of output, not %llu",
		   (unsigned long long)x.read, (unsigned long long)x.printed);
	return n;
}

static void operate(struct input *in)
{
	uint8_t op = input_u8(in);

	switch (op % 8) {
	case 0:
		print(1 + (op >> 3) * 4);
		break;
	case 1:
		for (unsigned int i = 0; i <= op >> 4; i++)
			print(TX_LEN);
		break;
	case 2:
		for (unsigned int i = 0; i <= op >> 4; i++)
			add_buffer();
		break;
	case 3:
		type(op & 0x80 ? 1u + (op >> 3) * 16u : 1u + (op >> 3));
		break;
	case 4:
		read_some(op & 0x80 ? 1024 : 1 + (op >> 3));
		break;
	case 5:
		machine_run(&x.w->m, 1 + (op >> 6));
		break;
	case 6:
		overseer.die_in = 1 + (op >> 3);
		overseer.die_again_in = op & 0x80 ? 1 + (op >> 4 & 7) : 0;
		break;
	case 7:
		if (op & 0x80)
			machine_replace(&x.w->m);
		else
			collect();
		break;
	}
}

/* Everybody does what is theirs to do, until all has arrived. */
static void settle(void)
{
	for (unsigned int idle = 0; idle < 4;) {
		uint64_t before = x.read + x.got + x.used[TX];

		add_buffer();
		machine_run(&x.w->m, 2);
		while (read_some(1024) > 0)
			;
		collect();
		idle = x.read + x.got + x.used[TX] == before ? idle + 1 : 0;
	}
	fuzz_check(x.read == x.printed, "%llu of %llu bytes printed arrived",
		   (unsigned long long)x.read, (unsigned long long)x.printed);
	fuzz_check(x.got == x.typed, "%llu of %llu bytes typed arrived",
		   (unsigned long long)x.got, (unsigned long long)x.typed);
	fuzz_check(!outstanding(TX), "%u chains stay", outstanding(TX));
}

void ring_exact(struct ring_world *w, struct input *in, uint16_t base)
{
	memset(&x, 0, sizeof(x));
	x.w = w;
	x.used[RX] = x.used[TX] = base;
	machine_attach(&w->m, 0);
	for (unsigned int i = 0; i < OPS_MAX && in->len > 0; i++)
		operate(in);
	settle();
}
