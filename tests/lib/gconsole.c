/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/gconsole.h"

#include <string.h>

#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/wait.h"

/* Stands in each byte that the device has not written. */
#define POISON	0xa5

void guest_print_start(struct guest *g, const void *data, size_t len)
{
	struct gring *r = &g->ring[TX];
	uint16_t head;

	must(len <= r->buf_size, "a chain of %zu bytes", len);
	head = gring_add_own(r, (uint32_t)len, false);
	memcpy(gring_buf_ptr(r, head), data, len);
	gring_kick(r);
}

void guest_print_collect(struct guest *g)
{
	struct gused used;

	while (gring_take(&g->ring[TX], &used))
		must(used.len == 0, "TX: used length %u", used.len);
}

void guest_print(struct guest *g, const void *data, size_t len)
{
	struct gring *r = &g->ring[TX];

	while (len > 0) {
		size_t n = len < r->buf_size ? len : r->buf_size;

		guest_print_start(g, data, n);
		gring_expect(r, 0);
		data = (const char *)data + n;
		len -= n;
	}
}

void guest_print_text(struct guest *g, const char *text)
{
	guest_print(g, text, strlen(text));
}

void guest_print_pattern(struct guest *g, uint64_t at, size_t len)
{
	char buf[4096];

	while (len > 0) {
		size_t n = len < sizeof(buf) ? len : sizeof(buf);

		pattern_fill(buf, at, n);
		guest_print(g, buf, n);
		at += n;
		len -= n;
	}
}

static void add_buffer(struct gring *r)
{
	uint16_t head = gring_add_own(r, r->buf_size, true);

	memset(gring_buf_ptr(r, head), POISON, r->buf_size);
}

void guest_fill(struct guest *g, enum ring_role ring)
{
	struct gring *r = &g->ring[ring];

	while (r->nfree > 0)
		add_buffer(r);
	gring_kick(r);
}

/* Copies a returned buffer out and checks that no more of it was written. */
static void read_buffer(struct gring *r, const struct gused *used, void *data)
{
	const uint8_t *byte = gring_buf_ptr(r, used->head);

	must(used->len <= r->buf_size, "ring %u: used length %u of %u",
	     r->index, used->len, r->buf_size);
	memcpy(data, byte, used->len);
	for (uint32_t i = used->len; i < r->buf_size; i++)
		must(byte[i] == POISON,
		     "ring %u: byte %u written, used length %u", r->index, i,
		     used->len);
}

size_t guest_read(struct guest *g, void *data, size_t size, unsigned int ms)
{
	struct gring *r = &g->ring[RX];
	struct gused used;

	must(size >= r->buf_size, "room for %zu bytes only", size);
	if (!gring_wait(r, &used, ms))
		return 0;
	must(used.len > 0, "an RX buffer comes back empty");
	read_buffer(r, &used, data);
	add_buffer(r);
	gring_kick(r);
	return used.len;
}

void guest_expect_input(struct guest *g, const void *data, size_t len)
{
	char buf[4096];

	for (size_t got = 0; got < len;) {
		size_t n = guest_read(g, buf, sizeof(buf), WAIT_MS);

		must(n > 0, "only %zu of %zu bytes of input came", got, len);
		must(n <= len - got, "%zu bytes too many came", got + n - len);
		must(memcmp(buf, (const char *)data + got, n) == 0,
		     "input differs after %zu bytes: '%.*s'", got, (int)n, buf);
		got += n;
	}
}

void guest_expect_text(struct guest *g, const char *text)
{
	guest_expect_input(g, text, strlen(text));
}

void guest_expect_input_pattern(struct guest *g, uint64_t at, size_t len)
{
	char buf[4096];

	while (len > 0) {
		size_t n = guest_read(g, buf, sizeof(buf), WAIT_MS);

		must(n > 0, "%zu bytes of input are missing", len);
		must(n <= len, "%zu bytes too many came", n - len);
		pattern_check(buf, at, n, "guest");
		at += n;
		len -= n;
	}
}

void guest_expect_no_input(struct guest *g, unsigned int ms)
{
	char buf[4096];
	size_t n = guest_read(g, buf, sizeof(buf), ms);

	must(n == 0, "%zu bytes of input came: '%.*s'", n, (int)n, buf);
}

void guest_ctrl_send(struct guest *g, uint32_t id, uint16_t event,
		     uint16_t value)
{
	struct gring *r = &g->ring[CTRL_TX];
	uint16_t head = gring_add_own(r, 8, false);
	uint8_t *byte = gring_buf_ptr(r, head);

	memcpy(byte, &id, 4);
	memcpy(byte + 4, &event, 2);
	memcpy(byte + 6, &value, 2);
	gring_kick(r);
	gring_expect(r, 0);
}

void guest_ctrl_expect(struct guest *g, uint32_t id, uint16_t event, int value)
{
	struct gring *r = &g->ring[CTRL_RX];
	struct gused used;
	uint8_t byte[4096] = { 0 };
	uint16_t got[4];

	must(gring_wait(r, &used, WAIT_MS), "control message %u does not come",
	     event);
	read_buffer(r, &used, byte);
	memcpy(got, byte, sizeof(got));
	must(used.len == 8, "a control message of %u bytes", used.len);
	must(got[2] == event && (value == CTRL_ANY || got[3] == value) &&
	     (got[0] | (uint32_t)got[1] << 16) == id,
	     "control message: id %u event %u value %u, not %u %u %d",
	     got[0] | (uint32_t)got[1] << 16, got[2], got[3], id, event, value);
	add_buffer(r);
	gring_kick(r);
}

void guest_ctrl_expect_none(struct guest *g, unsigned int ms)
{
	struct gused used;

	must(!gring_wait(&g->ring[CTRL_RX], &used, ms),
	     "a control message comes");
}

void guest_boot(struct guest *g)
{
	guest_fill(g, RX);
	if ((g->features & F_MULTIPORT) == 0)
		return;
	guest_fill(g, CTRL_RX);
	guest_ctrl_send(g, 0xffffffff, CTRL_DEVICE_READY, 1);
	guest_ctrl_expect(g, 0, CTRL_PORT_ADD, CTRL_ANY);
	guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
	guest_ctrl_expect(g, 0, CTRL_CONSOLE_PORT, 1);
	guest_ctrl_expect(g, 0, CTRL_PORT_OPEN, 1);
	guest_ctrl_send(g, 0, CTRL_PORT_OPEN, 1);
}
