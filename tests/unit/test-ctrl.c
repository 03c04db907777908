/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <string.h>

#include "tests/lib/unit.h"
#include "worker/ctrl.h"

static void wire(void **state)
{
	static const uint8_t golden[8] = { 0x78, 0x56, 0x34, 0x12,
					   0x03, 0x01, 0xcd, 0xab };
	struct ctrl_message msg = ctrl_decode(golden);
	uint8_t back[10];

	(void)state;
	assert_int_equal(msg.id, 0x12345678);
	assert_int_equal(msg.event, 0x0103);
	assert_int_equal(msg.value, 0xabcd);
	memset(back, 0x5a, sizeof(back));
	ctrl_encode(&msg, back + 1);
	assert_memory_equal(back + 1, golden, 8);
	assert_int_equal(back[0], 0x5a);
	assert_int_equal(back[9], 0x5a);
}

/* VIRTIO 1.2, 5.3.6.2 */
static void numbers(void **state)
{
	(void)state;
	assert_int_equal(VIRTIO_CONSOLE_DEVICE_READY, 0);
	assert_int_equal(VIRTIO_CONSOLE_PORT_ADD, 1);
	assert_int_equal(VIRTIO_CONSOLE_PORT_REMOVE, 2);
	assert_int_equal(VIRTIO_CONSOLE_PORT_READY, 3);
	assert_int_equal(VIRTIO_CONSOLE_CONSOLE_PORT, 4);
	assert_int_equal(VIRTIO_CONSOLE_RESIZE, 5);
	assert_int_equal(VIRTIO_CONSOLE_PORT_OPEN, 6);
	assert_int_equal(VIRTIO_CONSOLE_PORT_NAME, 7);
}

static uint32_t says(uint32_t owed, uint32_t id, uint16_t event,
		     uint16_t value)
{
	struct ctrl_message msg = { id, event, value };

	return ctrl_receive(owed, &msg);
}

/* All that is owed, in the order in which it is given. */
static void expect(uint32_t owed, const struct ctrl_message *want,
		   unsigned int n)
{
	struct ctrl_message msg = { 0 };
	uint32_t bit = 0;

	for (unsigned int i = 0; i < n; i++) {
		must(ctrl_next(owed, &msg, &bit) == 1, "message %u of %u", i,
		     n);
		must(msg.id == want[i].id && msg.event == want[i].event &&
		     msg.value == want[i].value,
		     "message %u: id %u event %u value %u", i, msg.id,
		     msg.event, msg.value);
		must(bit && !(bit & (bit - 1)) && (owed & bit),
		     "bit 0x%x of 0x%x", bit, owed);
		/* until it is given, it is owed */
		must(ctrl_next(owed, &msg, &bit) == 1 &&
		     msg.event == want[i].event, "asked twice");
		owed &= ~bit;
	}
	must(ctrl_next(owed, &msg, &bit) == 0, "0x%x is left", owed);
}

static const struct ctrl_message add = { 0, VIRTIO_CONSOLE_PORT_ADD, 0 };
static const struct ctrl_message answers[] = {
	{ 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1 },
	{ 0, VIRTIO_CONSOLE_PORT_OPEN, 1 },
};

static void start(void **state)
{
	uint32_t owed;

	(void)state;
	expect(0, NULL, 0);
	owed = says(0, UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect(owed, &add, 1);
	owed = says(0, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(owed, answers, 2);
}

/* C-10, T-18: a guest that wakes up says PORT_READY and no more. */
static void port_ready_alone(void **state)
{
	(void)state;
	expect(says(0, 0, VIRTIO_CONSOLE_PORT_READY, 1), answers, 2);
}

/* However often the guest asks, what it is owed does not grow. */
static void asked_often(void **state)
{
	uint32_t owed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		owed = says(owed, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(owed, answers, 2);
	for (int i = 0; i < 1000; i++)
		owed = says(owed, UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect(owed, &add, 1);
}

/* A driver that starts anew has forgotten the port. */
static void device_ready_again(void **state)
{
	uint32_t owed = says(0, 0, VIRTIO_CONSOLE_PORT_READY, 1);

	(void)state;
	owed = says(owed, UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect(owed, &add, 1);
	owed = says(owed, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(owed, (const struct ctrl_message[]){ add, answers[0],
						    answers[1] }, 3);
}

/* T-47: value 0 says that the guest failed. */
static void failures(void **state)
{
	uint32_t all = CTRL_OWED_ALL;

	(void)state;
	expect(says(all, UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 0), NULL, 0);
	expect(says(all, 0, VIRTIO_CONSOLE_PORT_READY, 0), NULL, 0);
	expect(says(0, UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 0), NULL, 0);
}

/* C-8: other ports and events that are not for us change nothing. */
static void ignored(void **state)
{
	(void)state;
	for (uint32_t owed = 0; owed <= CTRL_OWED_ALL; owed++) {
		for (uint16_t event = 0; event < 300; event++) {
			if (event == VIRTIO_CONSOLE_DEVICE_READY ||
			    event == VIRTIO_CONSOLE_PORT_READY)
				continue;
			assert_int_equal(says(owed, 0, event, 1), owed);
			assert_int_equal(says(owed, 0, event, 0), owed);
		}
		for (uint32_t id = 1; id; id <<= 1) {
			assert_int_equal(says(owed, id,
					      VIRTIO_CONSOLE_PORT_READY, 1),
					 owed);
			assert_int_equal(says(owed, id,
					      VIRTIO_CONSOLE_PORT_READY, 0),
					 owed);
		}
	}
}

/* Whatever was said, only known bits are owed: state_check() relies on it. */
static void only_known_bits(void **state)
{
	struct rnd rnd = { 3 };
	uint32_t owed = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		owed = says(owed, rnd_below(&rnd, 3),
			    (uint16_t)rnd_below(&rnd, 10),
			    (uint16_t)rnd_below(&rnd, 3));
		assert_int_equal(owed & ~CTRL_OWED_ALL, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire),
		cmocka_unit_test(numbers),
		cmocka_unit_test(start),
		cmocka_unit_test(port_ready_alone),
		cmocka_unit_test(asked_often),
		cmocka_unit_test(device_ready_again),
		cmocka_unit_test(failures),
		cmocka_unit_test(ignored),
		cmocka_unit_test(only_known_bits),
	};

	return cmocka_run_group_tests_name("ctrl", tests, NULL, NULL);
}
