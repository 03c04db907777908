/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a guest prints and reads, and its control queues. */
#include "tests/deaths/deaths.h"
#include "tests/deaths/ring-guest.h"
#include "tests/fuzz/input.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Chains that are longer than what is free, and a client that reads slowly. */
static void output(void)
{
	static const uint32_t len[] = { 100, LOW_LEN, LOW_LEN, LOW_LEN, 700 };

	rguest_begin(OVERFLOW_BLOCK, false);
	machine_attach(&rguest.w.m, 0);
	deaths_may_come();
	for (unsigned int i = 0; i < COUNT(len); i++) {
		rguest_print(0, len[i]);
		for (unsigned int j = 0; rguest_outstanding(CONSOLE_TX); j++) {
			fuzz_check(j < TURNS_MAX, "chain %u stays", i);
			machine_run(&rguest.w.m, 1);
			if (rguest_called(CONSOLE_TX))
				rguest_take_printed();
			else
				rguest_client_reads();
		}
	}
	rguest_all_arrives();
	rguest_end();
}

static void guest_looks(struct machine *m)
{
	(void)m;
	rguest_take_printed();
}

/* Chains one behind the other; buffers are written to when they are back. */
static void print_chains(void (*between)(struct machine *m))
{
	rguest_begin(OVERFLOW_BLOCK, false);
	machine_attach(&rguest.w.m, 0);
	rguest.w.m.between = between;
	deaths_may_come();
	for (uint32_t i = 0; i < 3; i++) {
		rguest_print(2 * i * 100, 7 + i);
		rguest_print((2 * i + 1) * 100, 1 + i);
		machine_run(&rguest.w.m, 2);
		if (rguest_called(CONSOLE_TX))
			rguest_take_printed();
		while (rguest_outstanding(CONSOLE_TX) > NUM - 2) {
			machine_run(&rguest.w.m, 1);
			if (rguest_called(CONSOLE_TX))
				rguest_take_printed();
		}
	}
	rguest_all_arrives();
	rguest_end();
}

static void small_chains(void)
{
	print_chains(NULL);
}

/* Linux's put_chars() waits for no call. */
static void polled_chains(void)
{
	print_chains(guest_looks);
}

static void client_comes(struct machine *m)
{
	if (m->client[0] < 0)
		machine_offer(m, 0);
}

/* Output that nobody reads wraps; the first client comes between two workers. */
static void late_client(void)
{
	rguest_begin(OVERFLOW_WAIT, true);
	rguest.w.m.between = client_comes;
	rguest_print(0, LOW_LEN);
	machine_run(&rguest.w.m, 2);
	rguest_take_printed();
	rguest_called(CONSOLE_TX);
	deaths_may_come();
	rguest_print(0, LOW_LEN);
	machine_run(&rguest.w.m, 2);
	deaths_are_over();
	if (rguest.w.m.client[0] < 0)
		machine_attach(&rguest.w.m, 0);
	rguest_all_arrives();
	rguest_end();
}

static void input(void)
{
	rguest_begin(OVERFLOW_BLOCK, false);
	machine_attach(&rguest.w.m, 0);
	rguest_add_buffer();
	deaths_may_come();
	rguest_type(PIECE + 3);
	machine_run(&rguest.w.m, 2);
	for (unsigned int i = 0; i < NUM - 1; i++)
		rguest_add_buffer();
	machine_run(&rguest.w.m, 1);
	rguest_type(2 * PIECE - 1);
	machine_run(&rguest.w.m, 2);
	rguest_all_arrives();
	rguest_end();
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
		*rguest_low_byte(i) = wire[i];
	rguest_add(CONSOLE_CTRL_TX, 0, MESSAGE_LEN, false);
}

static void answer_buffer(void)
{
	rguest_add(CONSOLE_CTRL_RX, HIGH_GPA, MESSAGE_LEN, true);
}

static void hear(void)
{
	static const uint8_t event[] = { PORT_ADD, CONSOLE_PORT, PORT_OPEN };
	uint8_t *wire = rguest.w.ptr[DATA_FIRST + 3];
	uint32_t len;

	while (rguest_take(CONSOLE_CTRL_TX, &len)) {
		fuzz_check(len == 0, "control of used length %u", len);
		for (uint32_t i = 0; i < MESSAGE_LEN; i++)
			*rguest_low_byte(i) = REUSED;
	}
	while (rguest_take(CONSOLE_CTRL_RX, &len)) {
		fuzz_check(len == MESSAGE_LEN && rguest.heard < COUNT(event) &&
			   wire[4] == event[rguest.heard],
			   "message %u is event %u", rguest.heard, wire[4]);
		memset(wire, REUSED, MESSAGE_LEN);
		answer_buffer();
		if (rguest.heard++ == 0)
			say(PORT_READY);
	}
}

static void guest_listens(struct machine *m)
{
	(void)m;
	hear();
}

static void talk(void (*between)(struct machine *m))
{
	bool from_guest, to_guest;

	rguest_begin(OVERFLOW_BLOCK, false);
	rguest.w.m.between = between;
	deaths_may_come();
	say(DEVICE_READY);
	machine_run(&rguest.w.m, 1);
	answer_buffer();
	for (unsigned int i = 0; i < TURNS_MAX; i++) {
		if (i == TURNS_MAX / 2)
			deaths_are_over();
		machine_run(&rguest.w.m, 1);
		from_guest = rguest_called(CONSOLE_CTRL_TX);
		to_guest = rguest_called(CONSOLE_CTRL_RX);
		if (from_guest || to_guest)
			hear();
		if (i > TURNS_MAX / 2 && rguest.heard == 3)
			break;
	}
	fuzz_check(rguest.heard == 3 && !rguest_outstanding(CONSOLE_CTRL_TX),
		   "%u messages came, %u stay", rguest.heard,
		   rguest_outstanding(CONSOLE_CTRL_TX));
	rguest_end();
}

static void control(void)
{
	talk(NULL);
}

static void polled_control(void)
{
	talk(guest_listens);
}

/*
 * A chain that leads out of its table comes back, with a call, and the ring is
 * broken: one behind it stays.
 */
static void breaks(unsigned int ring, bool write)
{
	const struct console_state *state;
	uint32_t len;

	ring_world_desc(&rguest.w, ring, 0, 0, MESSAGE_LEN,
			VIRTQ_DESC_F_NEXT | (write ? VIRTQ_DESC_F_WRITE : 0),
			NUM);
	rguest_called(ring);
	deaths_may_come();
	ring_world_publish(&rguest.w, ring, 0);
	rguest_add(ring, MESSAGE_LEN, MESSAGE_LEN, write);
	machine_run(&rguest.w.m, 4);
	deaths_are_over();
	machine_run(&rguest.w.m, 4);
	state = rguest.w.m.state;
	fuzz_check(rguest_take(ring, &len) && len == 0,
		   "ring %u: the chain stays", ring);
	fuzz_check(rguest_called(ring), "ring %u: no call", ring);
	fuzz_check(!rguest_take(ring, &len), "ring %u goes on", ring);
	fuzz_check(state->broken[ring] ==
			   STATE_CURRENT(&state->session)->ring[ring].gen,
		   "ring %u is not broken", ring);
	rguest_end();
}

static void broken_output(void)
{
	rguest_begin(OVERFLOW_BLOCK, false);
	breaks(CONSOLE_TX, false);
}

static void broken_input(void)
{
	rguest_begin(OVERFLOW_BLOCK, false);
	machine_attach(&rguest.w.m, 0);
	rguest_type(3);
	breaks(CONSOLE_RX, true);
}

static void broken_control(void)
{
	rguest_begin(OVERFLOW_BLOCK, false);
	breaks(CONSOLE_CTRL_TX, false);
}

static void broken_answers(void)
{
	rguest_begin(OVERFLOW_BLOCK, false);
	say(DEVICE_READY);
	machine_run(&rguest.w.m, 1);
	breaks(CONSOLE_CTRL_RX, true);
}

int main(int argc, char **argv)
{
	static const struct story stories[] = {
		{ "output", output, 80, 20 },
		{ "small_chains", small_chains, 40, 20 },
		{ "polled_chains", polled_chains, 40, 20 },
		{ "late_client", late_client, 10, 20 },
		{ "input", input, 20, 20 },
		{ "control", control, 30, 20 },
		{ "polled_control", polled_control, 30, 20 },
		{ "broken_output", broken_output, 5, 20 },
		{ "broken_input", broken_input, 5, 20 },
		{ "broken_control", broken_control, 5, 20 },
		{ "broken_answers", broken_answers, 5, 20 },
	};

	return deaths_tell(stories, COUNT(stories), argc, argv);
}
