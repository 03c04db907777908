/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a guest prints and reads, and its control queues. This guest kicks when
 * it is asked to, looks at its rings when it is called, and writes over each
 * buffer that it has back.
 */
#include <endian.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/deaths/deaths.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/ring-world.h"
#include "tests/lib/vhost.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define NUM		4
#define TURNS_MAX	400		/* until all has come that will */
#define REUSED		0xee

/* The first three regions of data memory, as one from address 0 on. */
#define LOW_LEN		0xb08
/* The last one, in pieces. */
#define HIGH_GPA	(UINT64_MAX - 0x100)
#define PIECE		48

static struct ring_world w;
static struct {
	uint16_t used[CONSOLE_RINGS];	/* chains taken back */
	uint64_t printed, got;		/* bytes, by the guest */
	uint64_t typed, read;		/* bytes, by the client */
	bool notices;
	bool mark;			/* begun */
	char text[100];
	size_t text_len;
	unsigned int heard;		/* control messages */
} g;

static uint8_t letter(uint64_t pos)
{
	return (uint8_t)(0x80 | (pos * 31 + (pos >> 7) * 7));
}

static void begin(uint8_t overflow, bool notices)
{
	const struct worker_config config = {
		.contract = WORKER_CONTRACT,
		.max_queue_size = 128,
		.overflow = overflow,
		.wait_ms = 1000,
		.notices = notices,
		.escape = ESCAPE_NONE,
	};
	static const uint32_t num[CONSOLE_RINGS] = { NUM, NUM, NUM, NUM };

	memset(&g, 0, sizeof(g));
	g.notices = notices;
	ring_world_start(&w, &config, F_VERSION_1 | F_PROTOCOL | F_MULTIPORT,
			 num, 0);
}

static void end(void)
{
	machine_check_store(&w.m);
	ring_world_stop(&w);
}

static uint8_t *low_byte(uint32_t at)
{
	for (unsigned int i = DATA_FIRST;; i++) {
		if (at < w.region[i].size)
			return w.ptr[i] + at;
		at -= (uint32_t)w.region[i].size;
	}
}

static unsigned int outstanding(unsigned int ring)
{
	return (uint16_t)(w.avail[ring] - g.used[ring]);
}

/* A chain of one buffer; the driver kicks if the device wants it to. */
static void add(unsigned int ring, uint64_t gpa, uint32_t len, bool write)
{
	const struct virtq_used *u =
		(const void *)ring_world_part(&w, ring, PART_USED);
	uint16_t slot = w.avail[ring] % NUM;
	unsigned int region = ring * PARTS + PART_AVAIL;

	ring_world_desc(&w, ring, slot, gpa, len,
			write ? VIRTQ_DESC_F_WRITE : 0, 0);
	ring_world_poke(&w, region, 4 + 2u * slot, slot, 2);
	ring_world_poke(&w, region, 2, ++w.avail[ring], 2);
	if (!(le16toh(u->flags) & VIRTQ_USED_F_NO_NOTIFY))
		ring_world_kick(&w, ring);
}

/* The next used element of @ring, if the guest was called for it. */
static bool take(unsigned int ring, uint32_t *len)
{
	const struct virtq_used *u =
		(const void *)ring_world_part(&w, ring, PART_USED);
	uint16_t slot = g.used[ring] % NUM;
	uint16_t ready = (uint16_t)(le16toh(u->idx) - g.used[ring]);

	fuzz_check(ready <= outstanding(ring),
		   "ring %u: %u chains back, %u outstanding", ring, ready,
		   outstanding(ring));
	if (!ready)
		return false;
	fuzz_check(le32toh(u->ring[slot].id) == slot,
		   "ring %u: chain %u back, not %u", ring,
		   le32toh(u->ring[slot].id), slot);
	*len = le32toh(u->ring[slot].len);
	g.used[ring]++;
	return true;
}

static bool called(unsigned int ring)
{
	uint64_t count;

	return read(w.call[ring], &count, sizeof(count)) == sizeof(count);
}

static void print(uint32_t at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		*low_byte(at + i) = letter(g.printed++);
	add(CONSOLE_TX, at, len, false);
}

static void take_printed(void)
{
	uint32_t len;

	while (take(CONSOLE_TX, &len))
		fuzz_check(len == 0, "output of used length %u", len);
	if (!outstanding(CONSOLE_TX))
		for (uint32_t at = 0; at < LOW_LEN; at++)
			*low_byte(at) = REUSED;
}

static void add_buffer(void)
{
	add(CONSOLE_RX, HIGH_GPA + w.avail[CONSOLE_RX] % NUM * PIECE, PIECE,
	    true);
}

static void take_input(void)
{
	uint32_t len;

	for (;;) {
		uint8_t *buf = w.ptr[DATA_FIRST + 3] +
			       g.used[CONSOLE_RX] % NUM * PIECE;

		if (!take(CONSOLE_RX, &len))
			return;
		fuzz_check(len > 0 && len <= PIECE, "input of length %u", len);
		for (uint32_t i = 0; i < len; i++, g.got++)
			fuzz_check(buf[i] == letter(~g.got),
				   "byte %llu of the input is 0x%02x",
				   (unsigned long long)g.got, buf[i]);
		memset(buf, REUSED, PIECE);
		add_buffer();
	}
}

static void type(unsigned int len)
{
	uint8_t byte;

	for (; len; len--, g.typed++) {
		byte = letter(~g.typed);
		fuzz_check(send(w.m.client[0], &byte, 1,
				MSG_DONTWAIT | MSG_NOSIGNAL) == 1, "send");
	}
}

/* A character of a mark; at its end the client is as far as it says. */
static void read_mark(uint8_t c)
{
	unsigned long long skipped;

	fuzz_check(g.notices && g.text_len < sizeof(g.text) - 1,
		   "character 0x%02x for byte %llu", c,
		   (unsigned long long)g.read);
	g.text[g.text_len++] = (char)c;
	g.text[g.text_len] = '\0';
	if (g.text_len < 3 || c != '\n')
		return;
	fuzz_check(sscanf(g.text, "\r\n[vhost-device-console: %llu bytes "
			  "skipped]\r\n", &skipped) == 1, "mark: %s", g.text);
	g.text_len = 0;
	g.read += skipped;
}

static void client_reads(void)
{
	uint8_t byte[512];
	ssize_t n = recv(w.m.client[0], byte, sizeof(byte), MSG_DONTWAIT);

	fuzz_check(n != 0, "the client is sent away");
	for (ssize_t i = 0; i < n; i++) {
		if (byte[i] < 0x80) {
			read_mark(byte[i]);
			continue;
		}
		fuzz_check(!g.text_len, "byte in a mark: %s", g.text);
		fuzz_check(byte[i] == letter(g.read),
			   "byte %llu of the output is 0x%02x",
			   (unsigned long long)g.read, byte[i]);
		g.read++;
	}
	fuzz_check(g.read <= g.printed, "%llu bytes of output, not %llu",
		   (unsigned long long)g.read, (unsigned long long)g.printed);
}

static void all_arrives(void)
{
	deaths_are_over();
	for (unsigned int i = 0; i < TURNS_MAX; i++) {
		if (g.read == g.printed && g.got == g.typed &&
		    !outstanding(CONSOLE_TX))
			return;
		machine_run(&w.m, 1);
		client_reads();
		if (called(CONSOLE_TX))
			take_printed();
		if (called(CONSOLE_RX))
			take_input();
	}
	fuzz_check(false, "%llu of %llu bytes printed, %llu of %llu typed, %u chains",
		   (unsigned long long)g.read, (unsigned long long)g.printed,
		   (unsigned long long)g.got, (unsigned long long)g.typed,
		   outstanding(CONSOLE_TX));
}

/* Chains that are longer than what is free, and a client that reads slowly. */
static void output(void)
{
	static const uint32_t len[] = { 100, LOW_LEN, LOW_LEN, LOW_LEN, 700 };

	begin(OVERFLOW_BLOCK, false);
	machine_attach(&w.m, 0);
	deaths_may_come();
	for (unsigned int i = 0; i < COUNT(len); i++) {
		print(0, len[i]);
		for (unsigned int j = 0; outstanding(CONSOLE_TX); j++) {
			fuzz_check(j < TURNS_MAX, "chain %u stays", i);
			machine_run(&w.m, 1);
			if (called(CONSOLE_TX))
				take_printed();
			else
				client_reads();
		}
	}
	all_arrives();
	end();
}

/* Chains one behind the other, whose buffers are written to when they are back. */
static void small_chains(void)
{
	begin(OVERFLOW_BLOCK, false);
	machine_attach(&w.m, 0);
	deaths_may_come();
	for (uint32_t i = 0; i < 3; i++) {
		print(2 * i * 100, 7 + i);
		print((2 * i + 1) * 100, 1 + i);
		machine_run(&w.m, 2);
		if (called(CONSOLE_TX))
			take_printed();
		while (outstanding(CONSOLE_TX) > NUM - 2) {
			machine_run(&w.m, 1);
			if (called(CONSOLE_TX))
				take_printed();
		}
	}
	all_arrives();
	end();
}

static void client_comes(struct machine *m)
{
	if (m->client[0] < 0)
		machine_offer(m, 0);
}

/* Output that nobody reads wraps; the first client comes between two workers. */
static void late_client(void)
{
	begin(OVERFLOW_WAIT, true);
	w.m.between = client_comes;
	print(0, LOW_LEN);
	machine_run(&w.m, 2);
	take_printed();
	called(CONSOLE_TX);
	deaths_may_come();
	print(0, LOW_LEN);
	machine_run(&w.m, 2);
	deaths_are_over();
	if (w.m.client[0] < 0)
		machine_attach(&w.m, 0);
	all_arrives();
	end();
}

static void input(void)
{
	begin(OVERFLOW_BLOCK, false);
	machine_attach(&w.m, 0);
	add_buffer();
	deaths_may_come();
	type(PIECE + 3);
	machine_run(&w.m, 2);
	for (unsigned int i = 0; i < NUM - 1; i++)
		add_buffer();
	machine_run(&w.m, 1);
	type(2 * PIECE - 1);
	machine_run(&w.m, 2);
	all_arrives();
	end();
}

/* Control messages of the guest's and what it gets for them. */
#define DEVICE_READY	0
#define PORT_ADD	1
#define PORT_READY	3
#define CONSOLE_PORT	4
#define PORT_OPEN	6
#define MESSAGE_LEN	8

static void say(uint16_t event)
{
	uint8_t wire[MESSAGE_LEN] = { [4] = (uint8_t)event, [6] = 1 };

	for (uint32_t i = 0; i < MESSAGE_LEN; i++)
		*low_byte(i) = wire[i];
	add(CONSOLE_CTRL_TX, 0, MESSAGE_LEN, false);
}

static void answer_buffer(void)
{
	add(CONSOLE_CTRL_RX, HIGH_GPA, MESSAGE_LEN, true);
}

static void hear(void)
{
	static const uint8_t event[] = { PORT_ADD, CONSOLE_PORT, PORT_OPEN };
	uint8_t *wire = w.ptr[DATA_FIRST + 3];
	uint32_t len;

	while (take(CONSOLE_CTRL_TX, &len)) {
		fuzz_check(len == 0, "control of used length %u", len);
		for (uint32_t i = 0; i < MESSAGE_LEN; i++)
			*low_byte(i) = REUSED;
	}
	while (take(CONSOLE_CTRL_RX, &len)) {
		fuzz_check(len == MESSAGE_LEN && g.heard < COUNT(event) &&
			   wire[4] == event[g.heard],
			   "message %u is event %u", g.heard, wire[4]);
		memset(wire, REUSED, MESSAGE_LEN);
		answer_buffer();
		if (g.heard++ == 0)
			say(PORT_READY);
	}
}

static void control(void)
{
	begin(OVERFLOW_BLOCK, false);
	deaths_may_come();
	say(DEVICE_READY);
	machine_run(&w.m, 1);
	answer_buffer();
	for (unsigned int i = 0; i < TURNS_MAX; i++) {
		if (i == TURNS_MAX / 2)
			deaths_are_over();
		machine_run(&w.m, 1);
		if (called(CONSOLE_CTRL_TX) | called(CONSOLE_CTRL_RX))
			hear();
		if (i > TURNS_MAX / 2 && g.heard == 3)
			break;
	}
	fuzz_check(g.heard == 3 && !outstanding(CONSOLE_CTRL_TX),
		   "%u messages came, %u stay", g.heard,
		   outstanding(CONSOLE_CTRL_TX));
	end();
}

int main(int argc, char **argv)
{
	static const struct story stories[] = {
		{ "output", output, 80, 20 },
		{ "small_chains", small_chains, 40, 20 },
		{ "late_client", late_client, 10, 20 },
		{ "input", input, 20, 20 },
		{ "control", control, 30, 20 },
	};

	return deaths_tell(stories, COUNT(stories), argc, argv);
}
