/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control queues: a guest that says anything with any chains, is started
 * anew and stopped, with clients that come and go and workers that die
 * anywhere. Each chain comes back exactly when and as the model says, and the
 * guest is told of its port once each time it asks, however often it asked
 * before. The input is a list of operations.
 */
#include "tests/fuzz/ctrl-guest.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/machine.h"
#include "tests/lib/vhost.h"

#define OPS_MAX		200
#define DATA_RINGS	3		/* bits of front_setup() */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct machine m;
static struct front f;
static struct ctrl_guest g;
static uint8_t setup;			/* the other bits of front_setup() */
static unsigned int skips;

static void talk(void)
{
	front_settle(&f, &m);
	stream_forget(&f.s);
}

/* The device has served all there is, and that is what the model says. */
static void sync(void)
{
	ctrl_guest_kick(&g);
	talk();
	ctrl_model_service(&g.model);
	ctrl_guest_collect(&g);
}

static void start(enum ctrl_ring ring, uint16_t base)
{
	struct ctrl_queue *q = ctrl_guest_queue(&g, ring);

	if (q->jumped)
		ctrl_guest_jump(&g, ring, false);
	if (base != ctrl_guest_base(&g, ring))
		q->n = 0;
	ctrl_guest_start(&g, ring, base);
	ctrl_model_start(&g.model, q, base);
	sync();
}

static void stop(enum ctrl_ring ring)
{
	uint32_t base[2];

	ctrl_guest_stop(&g, ring);
	talk();
	memcpy(base, f.s.last, sizeof(base));
	fuzz_check(base[1] == ctrl_guest_base(&g, ring), "stopped at %u",
		   base[1]);
	ctrl_guest_queue(&g, ring)->started = false;
}

static void set_up(uint16_t control_from, uint16_t control_to)
{
	front_setup(&f, setup | DATA_RINGS);
	talk();
	g.model.multiport = !(setup & 0x20);
	start(CTRL_TO_GUEST, control_to);
	start(CTRL_FROM_GUEST, control_from);
}

/* The same guest with another front-end, or another guest. */
static void reconnect(bool same, uint16_t base)
{
	machine_disconnect(&m);
	machine_run(&m, 4);
	stream_reset(&f.s);
	ctrl_model_gone(&g.model);
	machine_connect(&m);
	if (!same) {
		front_again(&f);
		ctrl_guest_blank(&g, base);
	}
	set_up(ctrl_guest_base(&g, CTRL_FROM_GUEST),
	       ctrl_guest_base(&g, CTRL_TO_GUEST));
}

/* A driver that starts anew in the same session: what it had out is gone. */
static void reboot(uint16_t base)
{
	stop(CTRL_TO_GUEST);
	stop(CTRL_FROM_GUEST);
	ctrl_guest_blank(&g, base);
	start(CTRL_TO_GUEST, base);
	start(CTRL_FROM_GUEST, base);
}

static void skip(void)
{
	overseer.die_in = overseer.die_again_in = 0;
	m.config.skip = ++skips;
	ctrl_model_skip(&g.model);
	machine_replace(&m);
	m.config.skip = 0;
	sync();
}

static void operate(struct input *in)
{
	uint8_t op = input_u8(in);
	enum ctrl_ring ring = op >> 4 & 1;
	unsigned int n = 1 + (op >> 5);

	switch (op % 16) {
	case 0: case 1: case 2:
		ctrl_guest_publish(&g, CTRL_FROM_GUEST, in);
		break;
	case 3: case 4:
		ctrl_guest_publish(&g, CTRL_TO_GUEST, in);
		break;
	case 5:
		for (n *= n; n--; )
			ctrl_guest_publish(&g, ring, in);
		break;
	case 6: case 7:
		sync();
		break;
	case 8:
		sync();
		machine_client(&m, input_u8(in));
		break;
	case 9:
		overseer.die_in = 1 + input_u8(in) % 64;
		overseer.die_again_in = op < 128 ? 0 : 1 + op % 32;
		break;
	case 10:
		sync();
		machine_replace(&m);
		sync();
		break;
	case 11:
		sync();
		stop(ring);
		if (op & 32)
			start(ring, op < 128 ? g.avail[ring] :
					       ctrl_guest_base(&g, ring));
		break;
	case 12:
		sync();
		if (op & 32)
			setup = input_u8(in) & 0x30;
		reconnect(op & 16, op & 64 ? 0xfff8 : 0);
		break;
	case 13:
		sync();
		reboot(op & 64 ? 0xfff8 : 0);
		break;
	case 14:
		if (op & 32)
			ctrl_guest_jump(&g, ring, true);
		else
			front_chain(&f, ring, 1 + op / 64 * 16u, ring ? 0 : 2);
		break;
	case 15:
		skip();
		break;
	}
}

/* A guest that does all it has to gets its console, whatever was before. */
static void check_port(void)
{
	const uint8_t ready[] = { 0, 0, 0, 0x10 };
	struct input in = { ready, sizeof(ready) };

	setup = 0;
	sync();
	reconnect(false, 0);
	ctrl_guest_publish(&g, CTRL_FROM_GUEST, &in);
	ctrl_guest_publish(&g, CTRL_FROM_GUEST, &in);
	for (unsigned int i = 0; i < 4; i++)
		ctrl_guest_publish(&g, CTRL_TO_GUEST, &in);
	sync();
	fuzz_check(g.model.to_guest.n == 1, "%u messages of 3",
		   4 - g.model.to_guest.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint8_t bits = input_u8(&in);
	struct worker_config config = front_config(bits);

	setup = bits & 0x10;
	skips = 0;
	g = (struct ctrl_guest){ .f = &f };
	front_start(&f);
	machine_start(&m, &config);
	machine_connect(&m);
	ctrl_guest_blank(&g, bits & 0x80 ? 0xfff8 : 0);
	set_up(g.avail[CTRL_FROM_GUEST], g.avail[CTRL_TO_GUEST]);
	for (unsigned int i = 0; i < OPS_MAX && in.len > 0; i++)
		operate(&in);
	check_port();
	machine_check_store(&m);
	stream_reset(&f.s);
	machine_stop(&m);
	front_stop(&f);
	return 0;
}
