/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/sweep.h"

#include <string.h>

#include "tests/lib/mark-stream.h"

#define END_NOTICE	\
	"\r\n[vhost-device-console: the guest's front-end disconnected]\r\n"
#define LONG_CHAIN	3		/* descriptors; more than the ring */
#define SKIP_CHAINS	12
#define SKIP_DESCS	24
#define SPOILT		'#'
#define POISON		0xa5
#define BAD_GPA		0x700000000000ULL
#define EMERG_WR	8
#define CONFIG_LEN	12

static struct frontend *frontend(struct sweep_run *s)
{
	return &s->w->fe[0];
}

static struct guest *guest(struct sweep_run *s)
{
	return &s->w->guest[0];
}

static struct tclient *client(struct sweep_run *s, unsigned int i)
{
	return &s->w->client[i];
}

/*
 * What came back is the guest's again: to print from it or write to it once
 * more would show.
 */
static void spoil_printed(struct sweep_run *s)
{
	struct gring *r = &guest(s)->ring[TX];

	for (uint16_t i = 0; i < r->nfree; i++)
		memset(gring_buf_ptr(r, r->free[i]), SPOILT, r->buf_size);
}

static void spoil_read(struct sweep_run *s, struct gring *r, uint16_t head)
{
	uint8_t *byte = gring_buf_ptr(r, head);

	must(s->nspoilt < SPOILT_MAX, "too many buffers came back");
	memset(byte, SPOILT, r->buf_size);
	s->spoilt[s->nspoilt++] = byte;
}

static void check_spoilt(struct sweep_run *s)
{
	const struct gring *r = &guest(s)->ring[RX];

	for (unsigned int i = 0; i < s->nspoilt; i++)
		for (uint32_t k = 0; k < r->buf_size; k++)
			must(s->spoilt[i][k] == SPOILT,
			     "a buffer was written after it came back");
	s->nspoilt = 0;
}

static void print(struct sweep_run *s, const char *text)
{
	sweep_step(s, text);
	guest_print_text(guest(s), text);
	spoil_printed(s);
	tclient_expect_text(client(s, 0), text);
}

static void expect_input(struct sweep_run *s, const char *text, size_t len)
{
	struct gring *r = &guest(s)->ring[RX];
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
			must(byte[i] == POISON, "byte %u was written", i);
		spoil_read(s, r, used.head);
	}
}

static void expect_text(struct sweep_run *s, const char *text)
{
	expect_input(s, text, strlen(text));
}

static void type(struct sweep_run *s, unsigned int i, const char *text)
{
	sweep_step(s, text);
	tclient_type(client(s, i), text);
	expect_text(s, text);
}

static void expect_answer(struct sweep_run *s, uint16_t event)
{
	struct gring *r = &guest(s)->ring[CTRL_RX];
	struct gused used;
	uint16_t got[4];

	must(gring_wait(r, &used, WAIT_MS), "answer %u does not come", event);
	memcpy(got, gring_buf_ptr(r, used.head), sizeof(got));
	must(used.len == 8 && got[2] == event, "answer %u, not %u", got[2],
	     event);
	spoil_read(s, r, used.head);
}

/* What virtio_console does first. */
static void boot(struct sweep_run *s)
{
	struct guest *g = guest(s);

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

/* One chain of several buffers, which the output ring takes bit by bit. */
static void print_long(struct sweep_run *s)
{
	struct gring *r = &guest(s)->ring[TX];
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
	spoil_printed(s);
	tclient_expect_pattern(client(s, 0), 0,
			       (size_t)LONG_CHAIN * r->buf_size);
}

/* A chain that lies nowhere goes back unread. */
static void print_nothing(struct sweep_run *s)
{
	struct gring *r = &guest(s)->ring[TX];
	struct gbuf bad = { BAD_GPA, 100, false };

	gring_add(r, &bad, 1);
	sweep_step(s, "a chain nowhere");
	gring_kick(r);
	gring_expect(r, 0);
}

static void second_client(struct sweep_run *s)
{
	sweep_step(s, "a second client");
	tclient_open(client(s, 1), s->w->daemon.port, 0);
	type(s, 1, "second");
	sweep_step(s, "output for both");
	print(s, "for both");
	tclient_expect_text(client(s, 1), "for both");
	sweep_step(s, "half a client");
	tclient_half_close(client(s, 1));
	print(s, "still for both");
	tclient_expect_text(client(s, 1), "still for both");
	sweep_step(s, "the end of a client");
	tclient_close(client(s, 1));
}

static void paste(struct sweep_run *s)
{
	char text[6000];

	pattern_fill(text, 0, sizeof(text));
	sweep_step(s, "a paste");
	tclient_send(client(s, 0), text, sizeof(text));
	expect_input(s, text, sizeof(text));
}

static void stop_and_go_on(struct sweep_run *s)
{
	struct guest *g = guest(s);

	sweep_step(s, "a stop");
	fe_qemu_stop(frontend(s), g);
	sweep_step(s, "typing to a stopped guest");
	guest_print_start(g, "stopped", 7);
	tclient_type(client(s, 0), "typed meanwhile");
	sweep_step(s, "going on");
	fe_qemu_start(frontend(s), g, GUEST_FEATURES);
	gring_expect(&g->ring[TX], 0);
	spoil_printed(s);
	tclient_expect_text(client(s, 0), "stopped");
	expect_text(s, "typed meanwhile");
}

static void reset_rings(struct sweep_run *s)
{
	struct guest *g = guest(s);

	check_spoilt(s);
	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
}

static void reboot(struct sweep_run *s)
{
	struct guest *g = guest(s);

	sweep_step(s, "a stop to reboot");
	fe_qemu_stop(frontend(s), g);
	reset_rings(s);
	sweep_step(s, "a start after it");
	fe_qemu_start(frontend(s), g, GUEST_FEATURES);
	boot(s);
	print(s, "booted again");
	type(s, 0, "typed again");
}

static void emergency_write(struct sweep_run *s)
{
	uint8_t space[CONFIG_LEN] = { [EMERG_WR] = 'x' };

	sweep_step(s, "an emergency write");
	fe_ok(frontend(s), fe_msg_config(FE_SET_CONFIG, 0, CONFIG_LEN, 0,
					 space));
	tclient_expect_text(client(s, 0), "x");
}

/* Half a message, the rest and another one, and both answers. */
static void message_in_pieces(struct sweep_run *s)
{
	struct gring *r = &guest(s)->ring[TX];
	struct fe_msg m[2] = {
		fe_msg_fd(FE_SET_VRING_KICK, TX, r->kick),
		fe_msg(FE_GET_STATUS),
	};
	const size_t cut[] = { 5, FE_HEADER + 3, FE_HEADER + 10 };
	struct fe_msg reply;

	m[0].flags |= FE_NEED_REPLY;
	sweep_step(s, "messages in pieces");
	fe_send_cut(frontend(s), m, 2, cut, 3);
	must(fe_recv(frontend(s), &reply) &&
	     reply.request == FE_SET_VRING_KICK &&
	     fe_msg_get_u64(&reply, 0) == 0, "ack of a message in pieces");
	must(fe_recv(frontend(s), &reply) && reply.request == FE_GET_STATUS &&
	     fe_msg_get_u64(&reply, 0) == STATUS_FEATURES_OK, "status");
	print(s, "kicked anew");
}

/* An index that jumps breaks its ring; the others go on; it can start anew. */
static void broken_ring(struct sweep_run *s)
{
	struct gring *r = &guest(s)->ring[TX];

	sweep_step(s, "a broken ring");
	fe_enable(frontend(s), TX, false);
	r->avail_idx = (uint16_t)(r->avail_idx + 1000);
	gring_publish(r);
	fe_enable(frontend(s), TX, true);
	type(s, 0, "others go on");
	sweep_step(s, "a ring made whole");
	fe_stop_ring(frontend(s), r);
	gring_reset(r, 0);
	fe_start_ring(frontend(s), r, 0);
	print(s, "whole again");
}

static void next_part(void *arg)
{
	sweep_step(arg, "the next part of it");
}

/* @spins: looks at its rings without end, as Linux does when it prints. */
static void begin(struct sweep_run *s, void (*layout)(struct guest *g),
		  bool spins)
{
	struct guest *g = guest(s);

	if (g->nregions == 0)
		layout(g);
	for (unsigned int i = 0; i < RINGS; i++)
		g->ring[i].silent = spins;
	reset_rings(s);
	sweep_step(s, "a client");
	tclient_open(client(s, 0), s->w->daemon.port, 0);
	tclient_type(client(s, 0), "early");
	sweep_step(s, "a front-end");
	fe_open(frontend(s), daemon_sock(&s->w->daemon, 0));
	frontend(s)->between = next_part;
	frontend(s)->between_arg = s;
}

/* Everybody goes; it is over when the supervisor has heard of each of them. */
static void end(struct sweep_run *s, unsigned int clients)
{
	sweep_step(s, "the end of the front-end");
	fe_close(frontend(s));
	tclient_expect_text(client(s, 0), END_NOTICE);
	sweep_step(s, "the end of it all");
	tclient_close(client(s, 0));
	log_tail_wait(&s->log, "detached", clients + 1);
	check_spoilt(s);
}

static void layout_qemu(struct guest *g)
{
	guest_like_qemu(g, 64);
}

void sweep_qemu(struct sweep_run *s)
{
	begin(s, layout_qemu, false);
	sweep_step(s, "what QEMU asks for");
	fe_qemu_realize(frontend(s), guest(s), ~0ULL);
	sweep_step(s, "the start of rings");
	fe_qemu_start(frontend(s), guest(s), GUEST_FEATURES);
	boot(s);
	expect_text(s, "early");
	print(s, "hello");
	print_long(s);
	second_client(s);
	paste(s);
	stop_and_go_on(s);
	reboot(s);
	emergency_write(s);
	message_in_pieces(s);
	broken_ring(s);
	end(s, 2);
}

/* The third buffer cannot be written to: it goes back empty, in its turn. */
static void boot_with_a_bad_buffer(struct sweep_run *s)
{
	struct guest *g = guest(s);
	struct gring *r = &g->ring[RX];
	struct gused used;

	for (unsigned int i = 0; i < 3; i++) {
		uint16_t head = gring_add_own(r, r->buf_size, i != 2);

		memset(gring_buf_ptr(r, head), POISON, r->buf_size);
	}
	boot(s);
	sweep_step(s, "input");
	expect_text(s, "early");
	type(s, 0, "two");
	sweep_step(s, "input for a bad buffer");
	tclient_type(client(s, 0), "three");
	must(gring_wait(r, &used, WAIT_MS) && used.len == 0,
	     "a bad buffer does not come back");
	expect_text(s, "three");
}

static void probe_again(struct sweep_run *s)
{
	struct guest *g = guest(s);

	sweep_step(s, "the end of rings");
	fe_uml_del_vqs(frontend(s), g);
	tclient_type(client(s, 0), "early");
	reset_rings(s);
	sweep_step(s, "another probe");
	fe_uml_probe(frontend(s), g, F_MULTIPORT | F_VERSION_1);
	boot_with_a_bad_buffer(s);
	print(s, "probed again");
}

void sweep_uml(struct sweep_run *s)
{
	begin(s, guest_like_uml, true);
	sweep_step(s, "what UML asks for");
	fe_uml_connect(frontend(s));
	sweep_step(s, "a probe");
	fe_uml_probe(frontend(s), guest(s), F_MULTIPORT | F_VERSION_1);
	boot_with_a_bad_buffer(s);
	print(s, "hello");
	print_nothing(s);
	print_long(s);
	probe_again(s);
	end(s, 1);
}

static uint64_t print_marked(struct sweep_run *s, uint64_t at)
{
	struct gring *r = &guest(s)->ring[TX];
	struct gbuf buf[SKIP_DESCS];

	for (uint16_t i = 0; i < SKIP_DESCS; i++) {
		uint16_t desc = r->free[r->nfree - 1 - i];

		buf[i] = (struct gbuf){ gring_buf(r, desc), r->buf_size,
					false };
		mark_fill(gring_buf_ptr(r, desc), 0, at, r->buf_size);
		at += r->buf_size;
	}
	gring_add(r, buf, SKIP_DESCS);
	sweep_step(s, "unread output");
	gring_kick(r);
	gring_expect(r, 0);
	spoil_printed(s);
	return at;
}

/* Prints what no one reads, then reads it: it is all there, or counted. */
void sweep_skip(struct sweep_run *s)
{
	static const struct epochs epochs;
	struct mark_stream seen;
	uint64_t printed = 0;
	char buf[65536];

	mark_begin(&seen, &epochs, false);
	begin(s, layout_qemu, true);
	sweep_step(s, "what QEMU asks for");
	fe_qemu_realize(frontend(s), guest(s), ~0ULL);
	sweep_step(s, "the start of rings");
	fe_qemu_start(frontend(s), guest(s), GUEST_FEATURES);
	boot(s);
	expect_text(s, "early");
	for (unsigned int i = 0; i < SKIP_CHAINS; i++)
		printed = print_marked(s, printed);
	sweep_step(s, "a look at what is left of it");
	while (seen.pos < printed) {
		long n;

		must(wait_fd(client(s, 0)->fd, 1, wait_until(WAIT_MS)),
		     "%llu of %llu bytes came",
		     (unsigned long long)seen.pos,
		     (unsigned long long)printed);
		n = tclient_read_some(client(s, 0), buf, sizeof(buf));
		must(n >= 0, "the console closed");
		mark_check(&seen, buf, (size_t)n);
	}
	must(seen.pos == printed && seen.skipped > 0, "%llu bytes skipped",
	     (unsigned long long)seen.skipped);
	print(s, "present");
	end(s, 1);
}
