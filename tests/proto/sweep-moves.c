/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/sweep-moves.h"

#include <string.h>

#define END_NOTICE	\
	"\r\n[vhost-device-console: the guest's front-end disconnected]\r\n"
#define LONG_CHAIN	3		/* descriptors; more than the ring */
#define SPOILT		'#'

void sweep_spoil_printed(struct sweep_run *s)
{
	struct gring *r = &sweep_guest(s)->ring[TX];

	for (uint16_t i = 0; i < r->nfree; i++)
		memset(gring_buf_ptr(r, r->free[i]), SPOILT, r->buf_size);
}

/* To write to it once more would show. */
static void spoil_read(struct sweep_run *s, struct gring *r, uint16_t head)
{
	uint8_t *byte = gring_buf_ptr(r, head);

	must(s->nspoilt < SPOILT_MAX, "too many buffers came back");
	memset(byte, SPOILT, r->buf_size);
	s->spoilt[s->nspoilt++] = byte;
}

static void check_spoilt(struct sweep_run *s)
{
	const struct gring *r = &sweep_guest(s)->ring[RX];

	for (unsigned int i = 0; i < s->nspoilt; i++)
		for (uint32_t k = 0; k < r->buf_size; k++)
			must(s->spoilt[i][k] == SPOILT,
			     "a buffer was written after it came back");
	s->nspoilt = 0;
}

void sweep_print(struct sweep_run *s, const char *text)
{
	sweep_step(s, text);
	guest_print_text(sweep_guest(s), text);
	sweep_spoil_printed(s);
	tclient_expect_text(sweep_client(s, 0), text);
}

void sweep_expect_input(struct sweep_run *s, const char *text, size_t len)
{
	struct gring *r = &sweep_guest(s)->ring[RX];
	struct gused used;

	for (size_t got = 0; got < len; got += used.len) {
		const uint8_t *byte;

		must(gring_wait(r, &used, WAIT_MS),
		     "only %zu of %zu bytes of input came", got, len);
		byte = gring_buf_ptr(r, used.head);
		must(used.len > 0 && used.len <= len - got &&
		     memcmp(byte, text + got, used.len) == 0,
		     "input differs after %zu bytes: '%.*s'", got,
		     (int)used.len, (const char *)byte);
		for (uint32_t i = used.len; i < r->buf_size; i++)
			must(byte[i] == SWEEP_POISON, "byte %u was written", i);
		spoil_read(s, r, used.head);
	}
}

void sweep_expect_text(struct sweep_run *s, const char *text)
{
	sweep_expect_input(s, text, strlen(text));
}

void sweep_type(struct sweep_run *s, unsigned int i, const char *text)
{
	sweep_step(s, text);
	tclient_type(sweep_client(s, i), text);
	sweep_expect_text(s, text);
}

static void expect_answer(struct sweep_run *s, uint16_t event)
{
	struct gring *r = &sweep_guest(s)->ring[CTRL_RX];
	struct gused used;
	uint16_t got[4];

	must(gring_wait(r, &used, WAIT_MS), "answer %u does not come", event);
	memcpy(got, gring_buf_ptr(r, used.head), sizeof(got));
	must(used.len == 8 && got[2] == event, "answer %u, not %u", got[2],
	     event);
	spoil_read(s, r, used.head);
}

void sweep_boot(struct sweep_run *s)
{
	struct guest *g = sweep_guest(s);

	sweep_step(s, "buffers");
	guest_fill(g, RX);
	guest_fill(g, CTRL_RX);
	sweep_step(s, "DEVICE_READY");
	guest_ctrl_send(g, 0xffffffff, CTRL_DEVICE_READY, 1);
	expect_answer(s, CTRL_PORT_ADD);
	sweep_step(s, "PORT_READY");
	guest_ctrl_send(g, 0, CTRL_PORT_READY, 1);
	expect_answer(s, CTRL_CONSOLE_PORT);
	expect_answer(s, CTRL_PORT_OPEN);
	sweep_step(s, "PORT_OPEN");
	guest_ctrl_send(g, 0, CTRL_PORT_OPEN, 1);
}

void sweep_print_long(struct sweep_run *s)
{
	struct gring *r = &sweep_guest(s)->ring[TX];
	struct gbuf buf[LONG_CHAIN];

	for (uint16_t i = 0; i < LONG_CHAIN; i++) {
		uint16_t desc = r->free[r->nfree - 1 - i];

		buf[i] = (struct gbuf){ gring_buf(r, desc), r->buf_size,
					false };
		pattern_fill(gring_buf_ptr(r, desc), i * r->buf_size,
			     r->buf_size);
	}
	gring_add(r, buf, LONG_CHAIN);
	sweep_step(s, "a long chain");
	gring_kick(r);
	gring_expect(r, 0);
	sweep_spoil_printed(s);
	tclient_expect_pattern(sweep_client(s, 0), 0,
			       (size_t)LONG_CHAIN * r->buf_size);
}

void sweep_reset_rings(struct sweep_run *s)
{
	struct guest *g = sweep_guest(s);

	check_spoilt(s);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
}

static void next_part(void *arg)
{
	sweep_step(arg, "the next part of it");
}

void sweep_begin(struct sweep_run *s, void (*layout)(struct guest *g),
		 bool spins)
{
	struct guest *g = sweep_guest(s);

	if (g->nregions == 0)
		layout(g);
	for (unsigned int i = 0; i < RINGS; i++)
		g->ring[i].silent = spins;
	sweep_reset_rings(s);
	sweep_step(s, "a client");
	tclient_open(sweep_client(s, 0), s->w->daemon.port, 0);
	tclient_type(sweep_client(s, 0), "early");
	sweep_step(s, "a front-end");
	fe_open(sweep_frontend(s), daemon_sock(&s->w->daemon, 0));
	sweep_frontend(s)->between = next_part;
	sweep_frontend(s)->between_arg = s;
}

void sweep_end(struct sweep_run *s, unsigned int clients)
{
	sweep_step(s, "the end of the front-end");
	fe_close(sweep_frontend(s));
	tclient_expect_text(sweep_client(s, 0), END_NOTICE);
	sweep_step(s, "the end of it all");
	tclient_close(sweep_client(s, 0));
	log_tail_wait(&s->log, "detached", clients + 1);
	check_spoilt(s);
}

void sweep_layout_qemu(struct guest *g)
{
	guest_like_qemu(g, 64);
}
