/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A vhost-user message stream with fds, cut anywhere, to a worker that may die
 * anywhere. The input is a list of operations.
 */
#include <unistd.h>

#include "tests/fuzz/front.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/machine.h"
#include "tests/fuzz/some-fd.h"

#define OPS_MAX		200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct machine m;
static struct front f;

static void reconnect(bool at_once)
{
	machine_disconnect(&m);
	stream_reset(&f.s);
	overseer.fds_in = 0;
	overseer.fds_lost = false;
	if (!at_once)
		machine_run(&m, 4);
	machine_connect(&m);
}

/* Some of those that come next have no room, and it cannot go on so. */
static void lose_fds(uint8_t what)
{
	overseer.fds_in = 1 + what % 4;
	overseer.fds_room = what / 4 % 8;
	f.s.exact = false;
}

static void operate(struct input *in)
{
	uint8_t op = input_u8(in);

	switch (op % 16) {
	case 0: case 1: case 2:
		front_message(&f, in);
		break;
	case 3: case 4:
		stream_send(&f.s, m.frontend, op < 128 ? SIZE_MAX :
							 input_u8(in) + 1u);
		machine_run(&m, op & 64 ? 0 : 2);
		break;
	case 5:
		/* a ring that is polled goes by the time of day */
		if (op >= 0xf0)
			usleep(2000);
		machine_run(&m, 1 + op / 16);
		break;
	case 6:
		overseer.die_in = 1 + input_u8(in) % 64;
		overseer.die_again_in = op < 128 ? 0 : 1 + op % 32;
		break;
	case 7:
		if (op < 128)
			machine_replace(&m);
		else
			machine_end(&m);
		break;
	case 8:
		if (op < 128) {
			machine_client(&m, input_u8(in));
		} else {
			int out = some_fd(input_u8(in));

			machine_terminal(&m, some_fd(input_u8(in)), out);
		}
		break;
	case 9:
		front_write(&f, in);
		break;
	case 10:
		op = input_u8(in);
		front_chain(&f, op % CONSOLE_RINGS, input_u16(in) % 0x500,
			    op & 0x10 ? 2 : 0);
		break;
	case 11:
		front_kick(&f, op / 16 % CONSOLE_RINGS);
		break;
	case 12:
		reconnect(op & 128);
		break;
	case 13:
		if (op >= 128)
			machine_pause(&m, op & 64);
		else if (op >= 64)
			lose_fds(input_u8(in));
		else
			stream_receive(&f.s, m.frontend);
		break;
	case 14:
		front_raw(&f, in);
		break;
	case 15:
		front_setup(&f, input_u8(in));
		break;
	}
}

static void settle(void)
{
	front_settle(&f, &m);
	/* who has gone is told nothing */
	fuzz_check(f.s.ended || m.frontend < 0 || !overseer.fds_lost,
		   "the connection goes on without some fds");
	machine_check_store(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint8_t bits = input_u8(&in);
	struct worker_config config = front_config(bits);

	front_start(&f);
	machine_start(&m, &config);
	m.narrow = bits & 0x20;
	machine_connect(&m);
	for (unsigned int i = 0; i < OPS_MAX && in.len > 0; i++)
		operate(&in);
	settle();
	stream_reset(&f.s);
	machine_stop(&m);
	front_stop(&f);
	return 0;
}
