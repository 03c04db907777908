/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The messages about features, status and configuration space. */
#include <errno.h>
#include <string.h>
#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"
#include "tests/lib/vu-world.h"

static struct vu_world w;

static int setup(void **state)
{
	(void)state;
	vu_world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return vu_world_close(&w);
}

static uint64_t get(uint32_t request)
{
	return vu_world_send(&w, request, 0, NULL, 0, NULL, 0).value;
}

static uint64_t set(uint32_t request, uint64_t value)
{
	return vu_world_send(&w, request, FE_NEED_REPLY, &value, 8, NULL,
			     0).value;
}

/* F-3, T-30: what is in configuration space goes with CONFIG. */
static void features(void **state)
{
	uint64_t all = F_MULTIPORT | F_EMERG_WRITE | F_INDIRECT | F_EVENT_IDX |
		       F_PROTOCOL | F_VERSION_1;

	(void)state;
	assert_true(get(FE_GET_FEATURES) == all);
	assert_int_equal(set(FE_SET_FEATURES, all), 0);
	for (unsigned int bit = 0; bit < 64; bit++)
		must(!set(FE_SET_FEATURES, UINT64_C(1) << bit) ==
		     !!(all >> bit & 1), "feature %u", bit);
	assert_int_equal(set(FE_SET_PROTOCOL_FEATURES, P_REPLY_ACK), 0);
	assert_true(get(FE_GET_FEATURES) == (all & ~UINT64_C(7)));
	assert_true(set(FE_SET_FEATURES, all) != 0);
	assert_int_equal(set(FE_SET_FEATURES, all & ~UINT64_C(7)), 0);
	assert_int_equal(set(FE_SET_PROTOCOL_FEATURES, P_REPLY_ACK | P_CONFIG),
			 0);
	assert_true(get(FE_GET_FEATURES) == all);
}

static void protocol_features(void **state)
{
	uint64_t all = P_MQ | P_REPLY_ACK | P_BACKEND_REQ | P_CONFIG |
		       P_RESET_DEVICE | P_MEM_SLOTS | P_STATUS;
	uint64_t inband;

	(void)state;
	assert_true(get(FE_GET_PROTOCOL_FEATURES) == all);
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t want = P_REPLY_ACK | UINT64_C(1) << bit;

		if (bit == 14)
			continue;
		must(!set(FE_SET_PROTOCOL_FEATURES, want) == !(want & ~all),
		     "protocol feature %u", bit);
	}
	/* T-48: the one that closes the connection */
	inband = P_INBAND | P_REPLY_ACK;
	assert_int_equal(vu_world_send(&w, FE_SET_PROTOCOL_FEATURES, 0,
				       &inband, 8, NULL, 0).err, -EPROTO);
	assert_true(set(FE_SET_PROTOCOL_FEATURES,
			P_INBAND | P_REPLY_ACK | P_BACKEND_REQ) != 0);
}

/* F-9: told, and told back; nothing depends on it. */
static void status(void **state)
{
	(void)state;
	assert_int_equal(get(FE_GET_STATUS), 0);
	assert_int_equal(set(FE_SET_STATUS, 0xfedcba9876543210), 0);
	assert_true(get(FE_GET_STATUS) == 0xfedcba9876543210);
	vu_world_send(&w, FE_RESET_DEVICE, 0, NULL, 0, NULL, 0);
	assert_int_equal(get(FE_GET_STATUS), 0);
}

static void backend_channel(void **state)
{
	const struct state_session *s;

	(void)state;
	assert_int_equal(vu_world_send(&w, FE_SET_BACKEND_REQ_FD,
				       FE_NEED_REPLY, NULL, 0, &w.event,
				       1).value, 0);
	s = vu_session(&w.vu);
	assert_int_equal(s->nplaces, 1);
	assert_int_equal(s->place[0].kind, FD_BACKEND);
	assert_int_equal(s->place[0].index, 0);
	assert_int_equal(s->place[0].fd, 0);
}

/* T-10, T-11: any offset and size that make sense, and the size asked for. */
static void get_config(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 300; offset += 13)
		for (uint32_t size = 1; size <= 256; size++) {
			uint32_t payload[3] = { offset, size, size % 3 };
			struct vu_answer a = vu_world_send(
				&w, FE_GET_CONFIG, 0, payload, 12, NULL, 0);

			must(a.size == 12 + size, "%u at %u: %u bytes", size,
			     offset, a.size);
			assert_memory_equal(a.payload, payload, 12);
			for (uint32_t i = 0; i < size; i++)
				must(a.payload[12 + i] ==
				     (uint8_t)(offset + i), "byte %u", i);
		}
}

/* A driver that looks starts anew: no ring goes on within a chain. */
static void get_config_forgets(void **state)
{
	uint32_t payload[3] = { 0, 12, 0 };

	(void)state;
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		STATE_CURRENT(&w.state->session)->ring[i].taken = 7;
	vu_world_send(&w, FE_SET_CONFIG, 0, payload, 12, NULL, 0);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		assert_int_equal(vu_session(&w.vu)->ring[i].taken, 7);
	vu_world_send(&w, FE_GET_CONFIG, 0, payload, 12, NULL, 0);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		assert_int_equal(vu_session(&w.vu)->ring[i].taken, 0);
}

/* The last offset and size whose sum is a number. */
static void config_at_end(void **state)
{
	uint32_t payload[3] = { UINT32_MAX - 256, 256, 0 };

	(void)state;
	assert_int_equal(vu_world_send(&w, FE_GET_CONFIG, 0, payload, 12,
				       NULL, 0).size, 268);
}

static void config_refused(void **state)
{
	static const uint32_t rows[][3] = {
		{ 0, 0, 0 }, { 0, 257, 0 }, { 0, UINT32_MAX, 0 },
		{ UINT32_MAX, 1, 0 }, { UINT32_MAX - 11, 12, 0 },
		{ 1, UINT32_MAX, 0 },
	};
	uint8_t payload[300] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		memcpy(payload, rows[i], 12);
		assert_int_equal(vu_world_send(&w, FE_GET_CONFIG, 0, payload,
					       300, NULL, 0).len, 12);
		assert_int_equal(vu_world_send(&w, FE_SET_CONFIG,
					       FE_NEED_REPLY, payload, 300,
					       NULL, 0).value, 1);
	}
	assert_int_equal(w.config_writes, 0);
	/* fewer bytes than it says */
	payload[0] = payload[1] = payload[2] = payload[3] = 0;
	payload[4] = 16;
	payload[5] = payload[6] = payload[7] = 0;
	assert_int_equal(vu_world_send(&w, FE_SET_CONFIG, FE_NEED_REPLY,
				       payload, 27, NULL, 0).value, 1);
	assert_int_equal(w.config_writes, 0);
	payload[27] = 'A';
	assert_int_equal(vu_world_send(&w, FE_SET_CONFIG, FE_NEED_REPLY,
				       payload, 28, NULL, 0).value, 0);
	assert_int_equal(w.config_writes, 1);
	assert_int_equal(vu_session(&w.vu)->say_len, 1);
	assert_int_equal(vu_session(&w.vu)->says, 1);
	assert_int_equal(vu_session(&w.vu)->say[0], 'A');
}

#define FEATURE_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FEATURE_TEST(features),
		FEATURE_TEST(protocol_features),
		FEATURE_TEST(status),
		FEATURE_TEST(backend_channel),
		FEATURE_TEST(get_config),
		FEATURE_TEST(get_config_forgets),
		FEATURE_TEST(config_at_end),
		FEATURE_TEST(config_refused),
	};

	return cmocka_run_group_tests_name("vu-feature", tests, NULL, NULL);
}
