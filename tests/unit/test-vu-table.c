/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The table of vhost-user requests against a second one, typed in from the
 * specification: each row with too few bytes, too many fds, with an ack asked
 * for and not.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/vhost.h"
#include "tests/lib/vu-world.h"
#include "worker/vu_table.h"

#define NONE	0
#define EVENT	1			/* each of its fds is an eventfd */
#define MEMORY	2			/* ... is memory */

struct expected {
	uint32_t request;
	const char *name;
	uint32_t size;			/* least, of a message that is good */
	unsigned int fds;		/* most */
	uint32_t reply;			/* payload of an own reply; 0: acked */
	int kind;			/* of the fds of one that is good */
	uint32_t payload[16];		/* of one that is good */
};

#define TABLE_FDS	32

static const struct expected expected[] = {
	{ 1, "GET_FEATURES", 0, 0, 8, NONE, { 0 } },
	{ 2, "SET_FEATURES", 8, 0, 0, NONE, { 0x40000000, 1 } },
	{ 3, "SET_OWNER", 0, 0, 0, NONE, { 0 } },
	{ 4, "RESET_OWNER", 0, 0, 0, NONE, { 0 } },
	{ 5, "SET_MEM_TABLE", 40, TABLE_FDS, 0, MEMORY,
	  { 1, 0, 0, 0, 4096, 0, 0x1000, 0, 0, 0 } },
	{ 8, "SET_VRING_NUM", 8, 0, 0, NONE, { 1, 64 } },
	{ 9, "SET_VRING_ADDR", 40, 0, 0, NONE,
	  { 1, 0, 0x1000, 0, 0x2000, 0, 0x3000, 0, 0, 0 } },
	{ 10, "SET_VRING_BASE", 8, 0, 0, NONE, { 1, 77 } },
	{ 11, "GET_VRING_BASE", 8, 0, 8, NONE, { 1, 0 } },
	{ 12, "SET_VRING_KICK", 8, 1, 0, EVENT, { 1, 0 } },
	{ 13, "SET_VRING_CALL", 8, 1, 0, EVENT, { 1, 0 } },
	{ 14, "SET_VRING_ERR", 8, 1, 0, EVENT, { 1, 0 } },
	{ 15, "GET_PROTOCOL_FEATURES", 0, 0, 8, NONE, { 0 } },
	{ 16, "SET_PROTOCOL_FEATURES", 8, 0, 0, NONE, { 8 } },
	{ 17, "GET_QUEUE_NUM", 0, 0, 8, NONE, { 0 } },
	{ 18, "SET_VRING_ENABLE", 8, 0, 0, NONE, { 1, 1 } },
	{ 21, "SET_BACKEND_REQ_FD", 0, 1, 0, EVENT, { 0 } },
	{ 24, "GET_CONFIG", 12, 0, 20, NONE, { 2, 8, 0 } },
	{ 25, "SET_CONFIG", 20, 0, 0, NONE, { 4, 8, 0, 0, 0 } },
	{ 34, "RESET_DEVICE", 0, 0, 0, NONE, { 0 } },
	{ 36, "GET_MAX_MEM_SLOTS", 0, 0, 8, NONE, { 0 } },
	{ 37, "ADD_MEM_REG", 40, 1, 0, MEMORY,
	  { 0, 0, 0x10000, 0, 4096, 0, 0x20000, 0, 0, 0 } },
	{ 38, "REM_MEM_REG", 40, 1, 0, NONE,
	  { 0, 0, 0x10000, 0, 4096, 0, 0x20000, 0, 7, 0 } },
	{ 39, "SET_STATUS", 8, 0, 0, NONE, { 15, 0 } },
	{ 40, "GET_STATUS", 0, 0, 8, NONE, { 0 } },
};

#define ROWS	ARRAY_LEN(expected)

static struct vu_world w;
static int fd_of[3];
static int fds_before;

static int setup(void **state)
{
	(void)state;
	fds_before = open_fds();
	fd_of[EVENT] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fd_of[MEMORY] = memfd_create("memory", MFD_CLOEXEC);
	vu_world_init(&w);
	vu_world_want_acks(&w);
	return ftruncate(fd_of[MEMORY], 1 << 20);
}

static int teardown(void **state)
{
	(void)state;
	vu_world_destroy(&w);
	fd_close(&fd_of[EVENT]);
	fd_close(&fd_of[MEMORY]);
	return open_fds() == fds_before ? 0 : -1;
}

/* REM_MEM_REG needs something to remove. */
static void prepare(const struct expected *row)
{
	const struct expected *add = row - 1;

	if (row->request != FE_REM_MEM_REG)
		return;
	assert_int_equal(vu_world_send(&w, add->request, FE_NEED_REPLY,
				       add->payload, 40, &fd_of[MEMORY],
				       1).value, 0);
	vu_world_swap_memory(&w);
}

static struct vu_answer send_row(const struct expected *row, uint32_t flags,
				 uint32_t size, unsigned int nfds)
{
	uint8_t payload[4096] = { 0 };
	int fds[TABLE_FDS + 1];

	memcpy(payload, row->payload, sizeof(row->payload));
	for (unsigned int i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = fd_of[row->kind ? row->kind : EVENT];
	return vu_world_send(&w, row->request, flags, payload, size, fds,
			     nfds);
}

static unsigned int good_fds(const struct expected *row)
{
	return row->kind ? 1 : 0;
}

/* T-25: the answer's header; flags 0x5 whatever the request's were. */
static void check_answer(const struct expected *row,
			 const struct vu_answer *answer, uint32_t size)
{
	must(answer->err == 0 && answer->len == VU_HEADER_LEN + size &&
	     answer->request == row->request && answer->flags == 0x5 &&
	     answer->size == size,
	     "%s: err %d, %u bytes, request %u, flags 0x%x, size %u",
	     row->name, answer->err, answer->len, answer->request,
	     answer->flags, answer->size);
}

static void names_and_numbers(void **state)
{
	size_t next = 0;

	(void)state;
	for (uint32_t request = 0; request < 300; request++) {
		const struct vu_row *row = vu_row(request);

		if (next == ROWS || expected[next].request != request) {
			must(row == NULL, "%u has a row", request);
			assert_string_equal(vu_request_name(request),
					    "unknown request");
			continue;
		}
		must(row != NULL, "%u has no row", request);
		assert_string_equal(row->name, expected[next].name);
		assert_string_equal(vu_request_name(request), row->name);
		assert_int_equal(row->fds, expected[next].fds);
		assert_int_equal(row->reply, expected[next].reply ? VU_REPLY :
								    VU_ACK);
		must(row->size <= expected[next].size, "%s: %u bytes",
		     row->name, row->size);
		next++;
	}
	assert_null(vu_row(UINT32_MAX));
	assert_null(vu_row(0x80000000));
	assert_int_equal(next, ROWS);
}

/* Just enough, more than that (P-8), and answered as it was asked for. */
static void good(void **state)
{
	static const uint32_t extra[] = { 0, 1, 8, 72, 3000 };

	(void)state;
	for (size_t i = 0; i < ROWS * ARRAY_LEN(extra); i++) {
		const struct expected *row = &expected[i % ROWS];
		uint32_t size = row->size + extra[i / ROWS];
		uint64_t seq;
		struct vu_answer answer;

		teardown(state);
		setup(state);
		prepare(row);
		seq = vu_session(&w.vu)->seq;
		answer = send_row(row, FE_NEED_REPLY, size, good_fds(row));
		check_answer(row, &answer, row->reply ? row->reply : 8);
		if (!row->reply)
			must(answer.value == 0, "%s of %u bytes is refused",
			     row->name, size);
		assert_int_equal(vu_session(&w.vu)->seq, seq + 1);
	}
}

/* Without NEED_REPLY, or without the feature, there is no ack. */
static void no_ack(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ROWS; i++) {
		const struct expected *row = &expected[i % ROWS];
		uint32_t flags = i < ROWS ? 0 : FE_NEED_REPLY;
		struct vu_answer answer;

		teardown(state);
		setup(state);
		prepare(row);
		if (flags)
			STATE_CURRENT(&w.state->session)->protocol_features =
				P_CONFIG;
		if (flags && row->request == FE_SET_PROTOCOL_FEATURES)
			continue;	/* this one asks for acks again */
		answer = send_row(row, flags, row->size, good_fds(row));
		if (row->reply)
			check_answer(row, &answer, row->reply);
		else
			must(!answer.err && !answer.len, "%s is answered",
			     row->name);
	}
}

/* Refused: nothing changed, and the front-end is told. */
static void expect_refused(const struct expected *row, uint32_t size,
			   unsigned int nfds)
{
	struct state_session before = *vu_session(&w.vu);
	struct vu_answer answer =
		send_row(row, FE_NEED_REPLY, size, nfds);

	check_answer(row, &answer, row->reply ? 0 : 8);
	must(row->reply || answer.value != 0, "%s, %u bytes, %u fds: ok",
	     row->name, size, nfds);
	must(vu_world_unchanged(&w, &before),
	     "%s, %u bytes, %u fds: the session changed", row->name, size,
	     nfds);
	/* and without an ack, in silence */
	if (row->reply)
		return;
	answer = send_row(row, 0, size, nfds);
	must(!answer.err && !answer.len, "%s, %u bytes, %u fds: answered",
	     row->name, size, nfds);
}

static void too_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (uint32_t size = 0; size < expected[i].size; size++) {
			prepare(&expected[i]);
			expect_refused(&expected[i], size,
				       good_fds(&expected[i]));
			teardown(state);
			setup(state);
		}
}

/* P-9: closed (teardown counts), answered, and that is all. */
static void too_many_fds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const struct expected *row = &expected[i];

		if (row->fds < TABLE_FDS) {
			prepare(row);
			expect_refused(row, row->size, row->fds + 1);
			expect_refused(row, row->size, TABLE_FDS);
		}
		teardown(state);
		setup(state);
	}
}

/* Fds that came in a way that they were lost are none the less too many. */
static void lost_fds(void **state)
{
	struct vu_msg msg = { .request = FE_SET_OWNER, .carried_fds = true,
			      .flags = FE_VERSION | FE_NEED_REPLY };
	uint64_t status;

	(void)state;
	assert_int_equal(vu_dispatch(&w.vu, &msg), 0);
	memcpy(&status, vu_session(&w.vu)->reply + VU_HEADER_LEN, 8);
	assert_true(status != 0);
}

static void too_few_fds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		if (expected[i].kind)
			expect_refused(&expected[i], expected[i].size, 0);
		teardown(state);
		setup(state);
	}
}

/* REM_MEM_REG may carry one, which is not needed. */
static void tolerated_fd(void **state)
{
	const struct expected *row = expected;
	struct vu_answer answer;

	(void)state;
	while (row->request != FE_REM_MEM_REG)
		row++;
	prepare(row);
	answer = send_row(row, FE_NEED_REPLY, row->size, 1);
	assert_int_equal(answer.value, 0);
	assert_int_equal(answer.len, 20);
}

static void unknown(void **state)
{
	static const uint32_t requests[] = { 0, 6, 7, 19, 20, 22, 23, 26, 33,
					     35, 41, 42, 200, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct expected row = { .request = requests[i],
					.name = "unknown" };

		expect_refused(&row, 0, 0);
		expect_refused(&row, 4096, 0);
		expect_refused(&row, 8, 3);
	}
}

#define TABLE_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TABLE_TEST(names_and_numbers),
		TABLE_TEST(good),
		TABLE_TEST(no_ack),
		TABLE_TEST(too_short),
		TABLE_TEST(too_many_fds),
		TABLE_TEST(lost_fds),
		TABLE_TEST(too_few_fds),
		TABLE_TEST(tolerated_fd),
		TABLE_TEST(unknown),
	};

	return cmocka_run_group_tests_name("vu-table", tests, NULL, NULL);
}
