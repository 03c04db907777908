/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/world.h"

#define CONFIG_LEN	12
#define ANSWERED_MAX	256

/* cols 0, rows 0, one port, emerg_wr reads as 0. */
static const uint8_t config[CONFIG_LEN] = { 0, 0, 0, 0, 1 };

/* The answer must have what was asked for, zero past the device's config. */
static void check_get(struct frontend *fe, uint32_t offset, uint32_t size,
		      uint32_t flags)
{
	struct fe_msg reply = fe_call(fe, fe_msg_config(FE_GET_CONFIG, offset,
							size, flags, NULL));

	must(reply.size == CONFIG_LEN + size,
	     "offset %u size %u: the answer has %u bytes", offset, size,
	     reply.size);
	must(fe_msg_get_u32(&reply, 0) == offset &&
	     fe_msg_get_u32(&reply, 4) == size,
	     "offset %u size %u: answered with offset %u size %u", offset,
	     size, fe_msg_get_u32(&reply, 0), fe_msg_get_u32(&reply, 4));
	for (uint32_t i = 0; i < size; i++) {
		uint8_t want = offset + i < CONFIG_LEN ? config[offset + i] : 0;

		must(reply.payload[12 + i] == want,
		     "offset %u size %u: byte %u is 0x%02x", offset, size, i,
		     reply.payload[12 + i]);
	}
}

static void check_get_refused(struct frontend *fe, uint32_t offset,
			      uint32_t size)
{
	struct fe_msg m = fe_msg_config(FE_GET_CONFIG, offset, 0, 0, NULL);
	struct fe_msg reply;

	fe_msg_put_u32(&m, 4, size);
	m.size = size <= 256 ? 12 + size : 12 + 256;
	reply = fe_call(fe, m);
	must(reply.size == 0, "offset %u size %u: the answer has %u bytes",
	     offset, size, reply.size);
}

static void t_09_set_config_of_the_whole_space(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	uint8_t space[CONFIG_LEN] = { 0 };

	world_simple(w);
	for (uint32_t flags = 0; flags < 2; flags++) {
		space[8] = (uint8_t)('A' + flags);
		fe_ok(fe, fe_msg_config(FE_SET_CONFIG, 0, CONFIG_LEN, flags,
					space));
		tclient_expect(&w->client[0], &space[8], 1);
		check_get(fe, 0, CONFIG_LEN, 0);
	}
	/* Read-only fields: nothing is printed, nothing is changed. */
	fe_ok(fe, fe_msg_config(FE_SET_CONFIG, 0, 8, 0, "12345678"));
	check_get(fe, 0, CONFIG_LEN, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Before features, memory or rings there is emerg_wr already. */
static void emergency_write_at_any_time(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_quiet_daemon(w, 1);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	fe_tell(fe, fe_msg_u64(FE_SET_PROTOCOL_FEATURES,
			       P_CONFIG | P_REPLY_ACK));
	for (const char *c = "panic"; *c != '\0'; c++) {
		uint8_t word[4] = { (uint8_t)*c, 0xff, 0xff, 0xff };

		fe_ok(fe, fe_msg_config(FE_SET_CONFIG, 8, 4, 0, word));
	}
	world_client(w, 0, 0);
	tclient_expect_text(&w->client[0], "panic");
	world_end(w);
}

static void t_10_config_flags(void **state)
{
	struct world *w = *state;

	world_simple(w);
	for (uint32_t flags = 0; flags < 3; flags++)
		check_get(&w->fe[0], 0, CONFIG_LEN, flags);
	world_end(w);
}

static void t_11_get_config_any_size(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	for (uint32_t size = 1; size <= ANSWERED_MAX; size++)
		check_get(fe, 0, size, 0);
	for (uint32_t offset = 0; offset <= 300; offset++) {
		check_get(fe, offset, 1, 0);
		check_get(fe, offset, CONFIG_LEN, 0);
		check_get(fe, offset, ANSWERED_MAX, 0);
	}
	check_get(fe, 0xfffffff0, 15, 0);
	check_get_refused(fe, 0, 0);
	check_get_refused(fe, 0, ANSWERED_MAX + 1);
	check_get_refused(fe, 0xffffffff, 2);
	check_get_refused(fe, 0xffffff01, ANSWERED_MAX);
	check_get_refused(fe, 8, 0xfffffff8);
	world_check_console(w, 0, 0);
	world_end(w);
}

#define CONSOLE_BITS	(F_SIZE | F_MULTIPORT | F_EMERG_WRITE)

/* They live in the config space: no CONFIG, no such feature. */
static void t_30_features_without_config(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];

	world_quiet_daemon(w, 1);
	guest_like_qemu(g, 64);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	must((fe_get(fe, FE_GET_FEATURES) & CONSOLE_BITS) ==
	     (F_MULTIPORT | F_EMERG_WRITE), "first GET_FEATURES");
	fe_qemu_realize(fe, g, ~P_CONFIG);
	must((fe_get(fe, FE_GET_FEATURES) & CONSOLE_BITS) == 0,
	     "second GET_FEATURES without CONFIG");
	fe_qemu_start(fe, g, GUEST_FEATURES & ~CONSOLE_BITS);
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void t_30_features_with_config(void **state)
{
	struct world *w = *state;

	world_simple(w);
	must((fe_get(&w->fe[0], FE_GET_FEATURES) & CONSOLE_BITS) ==
	     (F_MULTIPORT | F_EMERG_WRITE), "second GET_FEATURES");
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_09_set_config_of_the_whole_space),
		WORLD_TEST(emergency_write_at_any_time),
		WORLD_TEST(t_10_config_flags),
		WORLD_TEST(t_11_get_config_any_size),
		WORLD_TEST(t_30_features_without_config),
		WORLD_TEST(t_30_features_with_config),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
