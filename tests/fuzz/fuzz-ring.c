/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Ring memory of any content under a console at work: chains are walked by
 * vring_get() and by the model of tests/lib/chain-model.h, printed, filled and
 * answered, while the guest writes to them as it likes. Or, as the first byte
 * says, a guest that means well. The input is a list of operations.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/ring-exact.h"
#include "tests/fuzz/ring-world.h"
#include "tests/lib/chain-model.h"
#include "tests/lib/vhost.h"

#define OPS_MAX		300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct ring_world w;
static struct vring_chain chain;
static struct chain_model model;

static uint64_t some_addr(struct input *in)
{
	uint8_t what = input_u8(in);
	uint64_t off = input_u16(in);

	switch (what % 8) {
	case 0: case 1: case 2:
		return off % 0xb08;	/* where data memory is */
	case 3:
		return 0x2f0 + off % 0x20;
	case 4:
		return UINT64_MAX - off % 0x120;
	case 5:
		return w.region[what / 8 % DATA_FIRST].gpa + off % 0x100;
	default:
		return off << 48 | off;
	}
}

static uint32_t some_len(struct input *in)
{
	uint16_t n = input_u16(in);

	if (n < 0xc000)
		return n % 0x900;
	return n & 1 ? UINT32_MAX - (n >> 1) % 64 : (uint32_t)n << 18;
}

/* A descriptor of a ring, or an entry of a table in data memory. */
static void write_desc(struct input *in, uint8_t op)
{
	uint64_t addr = some_addr(in);
	uint32_t len = some_len(in);
	uint8_t flags = input_u8(in), next = input_u8(in), i = input_u8(in);
	struct virtq_desc desc = { htole64(addr), htole32(len),
				   htole16(flags % 8), htole16(next) };
	unsigned int region = DATA_FIRST + op / 64 % DATA_REGIONS;
	size_t at = i % 32 * sizeof(desc);

	if (op & 16) {
		ring_world_desc(&w, op / 64, i, addr, len, flags % 8,
				next % (w.num[op / 64] + 1));
		return;
	}
	if (at + sizeof(desc) <= w.region[region].size)
		memcpy(w.ptr[region] + at, &desc, sizeof(desc));
}

static uint64_t checksum(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < REGIONS; i++)
		for (uint64_t at = 0; at < w.region[i].size; at++)
			sum = sum * 31 + w.ptr[i][at];
	return sum;
}

/* Then a descriptor may rightly be read as an entry of a table, too. */
static bool has_table_in_itself(unsigned int ring)
{
	const struct virtq_desc *desc =
		(const void *)ring_world_part(&w, ring, PART_DESC);
	const struct state_region *r = &w.region[ring * PARTS + PART_DESC];

	for (uint32_t i = 0; i < w.num[ring]; i++)
		if ((le16toh(desc[i].flags) & VIRTQ_DESC_F_INDIRECT) &&
		    le64toh(desc[i].addr) - r->gpa < r->size)
			return true;
	return false;
}

/*
 * The same chain, walked by both while the guest holds still; neither writes
 * anything.
 */
static void compare(unsigned int ring, uint16_t avail)
{
	const struct vu *vu = &machine_console()->vu;
	const struct state_region *r = &w.region[ring * PARTS];
	struct vring vr = { .indirect = vu->vq[ring].vr.indirect };
	uint64_t before = checksum();
	int err;

	if (vring_map(&vr, &vu->gmem, w.num[ring], r[PART_DESC].uva,
		      r[PART_AVAIL].uva, r[PART_USED].uva))
		return;
	w.still = true;
	w.nloads = 0;
	err = vring_get(&vr, avail, &chain);
	fuzz_check(err || !ring_world_loaded_twice(&w) ||
			   has_table_in_itself(ring),
		   "ring %u head %u: a field was read twice", ring,
		   chain.head);
	chain_model(&vr, avail, &model);
	w.still = false;
	fuzz_check(chain_model_agrees(&model, &vu->gmem, &chain, err),
		   "ring %u head %u: %d %s, the model says %u", ring,
		   chain.head, err, chain.error ? chain.error : "",
		   model.verdict);
	fuzz_check(checksum() == before, "ring %u: memory written", ring);
}

static void add_later(struct input *in)
{
	if (w.nlater == LATER_MAX)
		return;
	w.later[w.nlater++] = (struct later){
		.loads = 1 + input_u8(in) % 128,
		.region = input_u8(in) % REGIONS,
		.at = input_u16(in),
		.value = input_u16(in) | (uint32_t)input_u16(in) << 16,
		.n = 1 + input_u8(in) % 4,
	};
}

static void client_op(uint8_t what)
{
	unsigned int slot = what >> 4 & 3;
	char bytes[512];

	switch (what & 7) {
	case 0:
		machine_attach(&w.m, slot);
		break;
	case 1:
		machine_detach(&w.m, slot);
		break;
	case 2: case 3:
		recv(w.m.client[slot], bytes, sizeof(bytes), MSG_DONTWAIT);
		break;
	default:
		memset(bytes, 't', sizeof(bytes));
		send(w.m.client[slot], bytes, what & 0x80 ? 512 : 3,
		     MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void operate(struct input *in)
{
	uint8_t op = input_u8(in);
	unsigned int ring = op >> 6;

	switch (op % 16) {
	case 0: case 1: case 2: case 3:
		write_desc(in, op);
		break;
	case 4: case 5:
		ring_world_publish(&w, ring, input_u8(in));
		compare(ring, (uint16_t)(w.avail[ring] - 1));
		if (op & 16)
			machine_run(&w.m, 2);
		break;
	case 6:
		machine_run(&w.m, 1 + ring);
		break;
	case 7: {
		unsigned int region = input_u8(in) % REGIONS;
		uint16_t at = input_u16(in), value = input_u16(in);

		ring_world_poke(&w, region, at, value, 2);
		break;
	}
	case 8:
		client_op(input_u8(in));
		break;
	case 9:
		add_later(in);
		break;
	case 10:
		overseer.die_in = 1 + input_u8(in) % 32;
		overseer.die_again_in = ring ? 1 + op % 8 : 0;
		break;
	case 11:
		w.m.config.skip = ring ? op : 0;
		machine_replace(&w.m);
		break;
	case 12:
		compare(ring, input_u16(in));
		break;
	case 13:
		ring_world_poke(&w, ring * PARTS + PART_AVAIL, 2,
				input_u16(in), 2);
		ring_world_kick(&w, ring);
		break;
	case 14:
		/* flags and used_event */
		ring_world_poke(&w, ring * PARTS + PART_AVAIL, 0,
				input_u8(in), 2);
		ring_world_poke(&w, ring * PARTS + PART_AVAIL,
				4 + 2 * w.num[ring], input_u16(in), 2);
		break;
	case 15:
		ring_world_kick(&w, ring);
		machine_run(&w.m, 1);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint8_t bits = input_u8(&in), sizes = input_u8(&in);
	bool exact = bits & 0x80;
	uint16_t base = bits & 0x40 ? 0xfffe : 0;
	uint64_t features = F_VERSION_1 | F_PROTOCOL | F_MULTIPORT |
			    (bits & 1 ? F_INDIRECT : 0) |
			    (bits & 2 ? F_EVENT_IDX : 0);
	struct worker_config config = {
		.contract = WORKER_CONTRACT,
		.max_queue_size = 128,
		.overflow = exact ? OVERFLOW_BLOCK : (bits >> 2) % 3,
		.wait_ms = 1,
		.notices = !exact && (bits & 0x20),
		.escape = ESCAPE_NONE,
	};
	uint32_t num[CONSOLE_RINGS];

	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		num[i] = exact ? 16 : 1u << 2 * (sizes >> 2 * i & 3);
	ring_world_start(&w, &config, features, num, base);
	if (exact)
		ring_exact(&w, &in, base);
	for (unsigned int i = 0; !exact && i < OPS_MAX && in.len > 0; i++)
		operate(&in);
	machine_run(&w.m, 4);
	machine_check_store(&w.m);
	ring_world_stop(&w);
	return 0;
}
