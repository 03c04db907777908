/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A state that nobody can trust: a console at work is stopped, its state is
 * spoiled, and another worker is to go on from there. What is accepted satisfies
 * the oracle and does no harm, whatever happens next; what is refused is
 * followed by a clean slate on which everything works. The input is a list of
 * operations.
 */
#include <errno.h>
#include <sys/socket.h>

#include "tests/fuzz/front.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/machine.h"
#include "tests/fuzz/state-oracle.h"
#include "tests/fuzz/tamper.h"
#include "worker/state_check.h"

#define OPS_MAX		150
#define WITNESS		15	/* a client that does no harm */
#define SOME_TEXT	"All is well."
#define A_KEY		'k'	/* others type 'x' */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct machine m;
static struct front f;

/* The end of what the witness was shown. */
static struct {
	char text[512];
	size_t len;
} shown;

static void look(void)
{
	char bytes[256];
	ssize_t n;

	while (m.client[WITNESS] >= 0 &&
	       (n = recv(m.client[WITNESS], bytes, sizeof(bytes),
			 MSG_DONTWAIT)) > 0) {
		size_t kept = sizeof(shown.text) - (size_t)n;

		if (kept > shown.len)
			kept = shown.len;
		memmove(shown.text, shown.text + shown.len - kept, kept);
		memcpy(shown.text + kept, bytes, (size_t)n);
		shown.len = kept + (size_t)n;
	}
}

static bool is_shown(const char *text)
{
	return memmem(shown.text, shown.len, text, strlen(text));
}

static void connect_front_end(void)
{
	machine_disconnect(&m);
	machine_run(&m, 4);
	machine_connect(&m);
	front_again(&f);
	f.s.exact = overseer.trusted;
	f.s.wild = !overseer.trusted;
}

/* Turns until nothing more is said, and no answer is missing. */
static void talk(void)
{
	for (unsigned int idle = 0; idle < 3 && !f.s.ended;) {
		size_t before = f.s.sent + f.s.received;

		stream_send(&f.s, m.frontend, SIZE_MAX);
		machine_run(&m, 4);
		look();
		stream_receive(&f.s, m.frontend);
		if (f.s.sent + f.s.received == before)
			idle++;
	}
}

/* Is the connection closed? What had been said before is read first. */
static bool hung_up(void)
{
	uint8_t bytes[512];
	ssize_t n;

	do {
		n = recv(m.frontend, bytes, sizeof(bytes), MSG_DONTWAIT);
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

/* Output to the witness, and its input to the guest. */
static void check_console(void)
{
	static const char text[] = SOME_TEXT;
	bool typed = false;
	uint16_t taken;

	memcpy(front_buffer(&f, CONSOLE_TX, f.avail[CONSOLE_TX]), text,
	       sizeof(text));
	front_chain(&f, CONSOLE_TX, sizeof(text) - 1, 0);
	send(m.client[WITNESS], &(char){ A_KEY }, 1, MSG_NOSIGNAL);
	taken = front_used(&f, CONSOLE_RX);
	for (unsigned int i = 0; i < 200 && !(typed && is_shown(text)); i++) {
		while ((uint16_t)(f.avail[CONSOLE_RX] - taken) < FRONT_NUM)
			front_chain(&f, CONSOLE_RX, FRONT_CHAIN, 2);
		machine_run(&m, 2);
		look();
		for (; taken != front_used(&f, CONSOLE_RX); taken++)
			typed |= *front_buffer(&f, CONSOLE_RX, taken) == A_KEY;
	}
	fuzz_check(is_shown(text), "no output on a clean slate");
	fuzz_check(typed, "no input on a clean slate");
	fuzz_check(front_used(&f, CONSOLE_TX) == f.avail[CONSOLE_TX],
		   "output is not returned");
}

/* The front-end is sent away, clients are told, and then all is as ever. */
static void clean_slate(void)
{
	uint64_t id;
	bool stays = fdstore_get(&overseer.store, FD_CLIENT, WITNESS, &id) >= 0;
	bool connected = m.frontend >= 0;

	overseer.die_in = overseer.die_again_in = 0;
	machine_reset(&m);
	fuzz_check(m.up, "no worker on a clean slate");
	for (unsigned int i = 0; i < 8; i++) {
		machine_run(&m, 1);
		look();
	}
	fuzz_check(!connected || hung_up(), "the front-end is still there");
	fuzz_check(!stays || !m.config.notices || is_shown("was reset]"),
		   "the client was not told");
	shown.len = 0;
	if (!stays)
		machine_attach(&m, WITNESS);
	connect_front_end();
	front_setup(&f, 0x1f);
	talk();
	stream_check_end(&f.s);
	machine_check_store(&m);
	check_console();
}

/* Another worker takes the state as it is now. */
static void resume(void)
{
	const char *error;
	bool good;

	m.config.last_id = m.next_id;
	error = state_check(m.state, MACHINE_STATE, &m.config);
	good = state_oracle(m.state, MACHINE_STATE, &m.config);
	fuzz_check(!error == good, "the check says %s, the oracle says %s",
		   error ? error : "good", good ? "good" : "bad");
	m.sound = good && !state_oracle_near_end(m.state);
	overseer.trusted = false;
	f.s.exact = false;
	f.s.wild = true;
	machine_replace(&m);
	if (error)
		fuzz_check(!m.up, "a state is used although: %s", error);
}

static void spoil(uint8_t op, struct input *in)
{
	switch (op >> 4 & 3) {
	case 0: case 1:
		tamper_fields(m.state, in);
		break;
	case 2:
		tamper_bytes(m.state, in);
		break;
	case 3:
		tamper_noise(m.state, in);
		break;
	}
	resume();
}

static void client_op(uint8_t what)
{
	if (what >> 4 == WITNESS)
		look();
	else
		machine_client(&m, what);
}

static void operate(struct input *in)
{
	uint8_t op = input_u8(in);

	switch (op % 16) {
	case 0: case 1:
		front_message(&f, in);
		break;
	case 3: case 4:
		stream_send(&f.s, m.frontend, op < 128 ? SIZE_MAX :
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
		m.config.skip = op >= 128 ? op : 0;
		machine_replace(&m);
		break;
	case 8:
		client_op(input_u8(in));
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
		connect_front_end();
		break;
	case 13:
		stream_receive(&f.s, m.frontend);
		break;
	case 15:
		front_setup(&f, input_u8(in));
		break;
	default:
		spoil(op, in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint8_t bits = input_u8(&in);
	struct worker_config config = front_config(bits);

	front_start(&f);
	machine_start(&m, &config);
	machine_connect(&m);
	machine_attach(&m, WITNESS);
	shown.len = 0;
	if (!(bits & 0x10)) {
		front_setup(&f, 0x1f);
		talk();
	}
	for (unsigned int i = 0; i < OPS_MAX && in.len > 0; i++) {
		operate(&in);
		if (!m.up)
			clean_slate();
	}
	talk();
	if (!m.up || !overseer.trusted) {
		memset(m.state, 0xff, sizeof(*m.state));
		resume();
		clean_slate();
	}
	machine_check_store(&m);
	stream_reset(&f.s);
	machine_stop(&m);
	front_stop(&f);
	return 0;
}
