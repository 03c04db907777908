/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/deaths/ring-guest.h"

#include <endian.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/deaths/deaths.h"
#include "tests/fuzz/input.h"
#include "tests/lib/vhost.h"

struct ring_guest rguest;

static uint8_t letter(uint64_t pos)
{
	return (uint8_t)(0x80 | (pos * 31 + (pos >> 7) * 7));
}

void rguest_begin(uint8_t overflow, bool notices)
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

	memset(&rguest, 0, sizeof(rguest));
	rguest.notices = notices;
	ring_world_start(&rguest.w, &config,
			 F_VERSION_1 | F_PROTOCOL | F_MULTIPORT, num, 0);
}

void rguest_end(void)
{
	machine_check_store(&rguest.w.m);
	ring_world_stop(&rguest.w);
}

uint8_t *rguest_low_byte(uint32_t at)
{
	for (unsigned int i = DATA_FIRST;; i++) {
		if (at < rguest.w.region[i].size)
			return rguest.w.ptr[i] + at;
		at -= (uint32_t)rguest.w.region[i].size;
	}
}

unsigned int rguest_outstanding(unsigned int ring)
{
	return (uint16_t)(rguest.w.avail[ring] - rguest.used[ring]);
}

void rguest_add(unsigned int ring, uint64_t gpa, uint32_t len, bool write)
{
	const struct virtq_used *u =
		(const void *)ring_world_part(&rguest.w, ring, PART_USED);
	uint16_t slot = rguest.w.avail[ring] % NUM;
	unsigned int region = ring * PARTS + PART_AVAIL;

	ring_world_desc(&rguest.w, ring, slot, gpa, len,
			write ? VIRTQ_DESC_F_WRITE : 0, 0);
	ring_world_poke(&rguest.w, region, 4 + 2u * slot, slot, 2);
	ring_world_poke(&rguest.w, region, 2, ++rguest.w.avail[ring], 2);
	if (!(le16toh(u->flags) & VIRTQ_USED_F_NO_NOTIFY))
		ring_world_kick(&rguest.w, ring);
}

bool rguest_take(unsigned int ring, uint32_t *len)
{
	const struct virtq_used *u =
		(const void *)ring_world_part(&rguest.w, ring, PART_USED);
	uint16_t slot = rguest.used[ring] % NUM;
	uint16_t ready = (uint16_t)(le16toh(u->idx) - rguest.used[ring]);

	fuzz_check(ready <= rguest_outstanding(ring),
		   "ring %u: %u chains back, %u outstanding", ring, ready,
		   rguest_outstanding(ring));
	if (!ready)
		return false;
	fuzz_check(le32toh(u->ring[slot].id) == slot,
		   "ring %u: chain %u back, not %u", ring,
		   le32toh(u->ring[slot].id), slot);
	*len = le32toh(u->ring[slot].len);
	rguest.used[ring]++;
	return true;
}

bool rguest_called(unsigned int ring)
{
	uint64_t count;

	return read(rguest.w.call[ring], &count, sizeof(count)) == sizeof(count);
}

void rguest_print(uint32_t at, uint32_t len)
{
	unsigned int slot = rguest.w.avail[CONSOLE_TX] % NUM;

	for (uint32_t i = 0; i < len; i++)
		*rguest_low_byte(at + i) = letter(rguest.printed++);
	rguest.at[slot] = at;
	rguest.len[slot] = len;
	rguest_add(CONSOLE_TX, at, len, false);
}

void rguest_take_printed(void)
{
	uint32_t len;

	for (;;) {
		unsigned int slot = rguest.used[CONSOLE_TX] % NUM;

		if (!rguest_take(CONSOLE_TX, &len))
			return;
		fuzz_check(len == 0, "output of used length %u", len);
		for (uint32_t i = 0; i < rguest.len[slot]; i++)
			*rguest_low_byte(rguest.at[slot] + i) = REUSED;
	}
}

void rguest_add_buffer(void)
{
	uint16_t slot = rguest.w.avail[CONSOLE_RX] % NUM;

	rguest_add(CONSOLE_RX, HIGH_GPA + slot * PIECE, PIECE, true);
}

static void take_input(void)
{
	uint32_t len;

	for (;;) {
		uint8_t *buf = rguest.w.ptr[DATA_FIRST + 3] +
			       rguest.used[CONSOLE_RX] % NUM * PIECE;

		if (!rguest_take(CONSOLE_RX, &len))
			return;
		fuzz_check(len > 0 && len <= PIECE, "input of length %u", len);
		for (uint32_t i = 0; i < len; i++, rguest.got++)
			fuzz_check(buf[i] == letter(~rguest.got),
				   "byte %llu of the input is 0x%02x",
				   (unsigned long long)rguest.got, buf[i]);
		memset(buf, REUSED, PIECE);
		rguest_add_buffer();
	}
}

void rguest_type(unsigned int len)
{
	uint8_t byte;

	for (; len; len--, rguest.typed++) {
		byte = letter(~rguest.typed);
		fuzz_check(send(rguest.w.m.client[0], &byte, 1,
				MSG_DONTWAIT | MSG_NOSIGNAL) == 1, "send");
	}
}

/* A character of a mark; at its end the client is as far as it says. */
static void read_mark(uint8_t c)
{
	unsigned long long skipped;

	fuzz_check(rguest.notices && rguest.text_len < sizeof(rguest.text) - 1,
		   "character 0x%02x for byte %llu", c,
		   (unsigned long long)rguest.read);
	rguest.text[rguest.text_len++] = (char)c;
	rguest.text[rguest.text_len] = '\0';
	if (rguest.text_len < 3 || c != '\n')
		return;
	fuzz_check(sscanf(rguest.text, "\r\n[vhost-device-console: %llu bytes "
			  "skipped]\r\n", &skipped) == 1, "mark: %s",
		   rguest.text);
	rguest.text_len = 0;
	rguest.read += skipped;
}

void rguest_client_reads(void)
{
	uint8_t byte[512];
	ssize_t n = recv(rguest.w.m.client[0], byte, sizeof(byte), MSG_DONTWAIT);

	fuzz_check(n != 0, "the client is sent away");
	for (ssize_t i = 0; i < n; i++) {
		if (byte[i] < 0x80) {
			read_mark(byte[i]);
			continue;
		}
		fuzz_check(!rguest.text_len, "byte in a mark: %s", rguest.text);
		fuzz_check(byte[i] == letter(rguest.read),
			   "byte %llu of the output is 0x%02x",
			   (unsigned long long)rguest.read, byte[i]);
		rguest.read++;
	}
	fuzz_check(rguest.read <= rguest.printed,
		   "%llu bytes of output, not %llu",
		   (unsigned long long)rguest.read,
		   (unsigned long long)rguest.printed);
}

void rguest_all_arrives(void)
{
	deaths_are_over();
	for (unsigned int i = 0; i < TURNS_MAX; i++) {
		if (rguest.read == rguest.printed && rguest.got == rguest.typed &&
		    !rguest_outstanding(CONSOLE_TX))
			return;
		machine_run(&rguest.w.m, 1);
		rguest_client_reads();
		if (rguest_called(CONSOLE_TX))
			rguest_take_printed();
		if (rguest_called(CONSOLE_RX))
			take_input();
	}
	fuzz_check(false,
		   "%llu of %llu bytes printed, %llu of %llu typed, %u chains",
		   (unsigned long long)rguest.read,
		   (unsigned long long)rguest.printed,
		   (unsigned long long)rguest.got,
		   (unsigned long long)rguest.typed,
		   rguest_outstanding(CONSOLE_TX));
}
