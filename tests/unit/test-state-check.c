/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Each invariant of the state: what breaks it by as little as can be is
 * refused in its name, the nearest that is right is accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/good-state.h"
#include "tests/lib/unit.h"
#include "worker/state_check.h"

#define POSITION_END	(UINT64_C(1) << 63)

static struct good_state g;

/* For the rows. */
#define S	(g.s)
#define SESSION	(g.session)
#define RING(i)	(g.session->ring[i])
#define PLACE(i) (g.session->place[i])
#define REGION(i) (g.session->region[i])
#define RECORD(i) STATE_CURRENT(&g.s->client[i].send)
#define CONFIG	(g.config)

/* No front-end, and nothing left of one. */
static void disconnect(void)
{
	*SESSION = (struct state_session){
		.ended = 3, .next_gen = SESSION->next_gen,
		.says = SESSION->says,
	};
}

static void no_message(void)
{
	SESSION->seq = SESSION->nplaces = SESSION->reply_len = 0;
}

static void header_read(uint32_t have, uint32_t payload)
{
	good_state_payload(&g, payload);
	g.in->at = 0;
	g.in->len = g.in->msg.msg_len = have;
}

static void head_at(uint64_t head)
{
	g.tx->head = head;
	S->tail = head - GOOD_RING;
}

static void typed_to(uint64_t typed)
{
	S->typed = typed;
	g.rx->typed = typed - TYPED_MAX;
}

/* Invariant; the nearest that keeps it; what breaks it. Both to a good state. */
#define NOTHING	(void)0
#define CASES(X)							\
	X(file, NOTHING, g.size = STATE_RING_OFFSET - 1)		\
	X(file, NOTHING, g.size = 0)					\
	X(magic, NOTHING, S->magic++)					\
	X(magic, NOTHING, S->magic ^= UINT64_C(1) << 63)		\
	X(version, NOTHING, S->version++)				\
	X(version, NOTHING, S->version--)				\
	X(layout, NOTHING, S->size++)					\
	X(layout, NOTHING, S->size--)					\
	X(ring_size, NOTHING, S->ring_size++)				\
	X(ring_size, NOTHING, S->ring_size--)				\
	X(ring_size, NOTHING, g.size--)					\
	X(ring_size, NOTHING, g.size++)					\
	X(ring_size, NOTHING, S->ring_size = 0;				\
	  g.size = STATE_RING_OFFSET)					\
	X(current, NOTHING, S->session.current = 2)			\
	X(current, NOTHING, S->vu_in.current = 2)			\
	X(current, NOTHING, S->vu_out.current = 2)			\
	X(current, NOTHING, S->tx.current = 2)				\
	X(current, NOTHING, S->rx.current = 2)				\
	X(current, NOTHING, S->ctrl.current = 2)			\
	X(current, NOTHING, S->client[0].send.current = 2)		\
	X(current, NOTHING, S->client[15].send.current = 3)		\
	X(current, NOTHING, S->client[GOOD_FREE].send.current = UINT32_MAX) \
	X(conn_given, SESSION->conn = 115, SESSION->conn = 116)		\
	X(ended_given, disconnect(); SESSION->ended = 115,		\
	  disconnect(); SESSION->ended = 116)				\
	X(conn_order, SESSION->ended = 2, SESSION->ended = 3)		\
	X(conn_order, disconnect(), SESSION->conn = 1)			\
	X(no_conn, disconnect(), SESSION->conn = 0)			\
	X(no_conn, disconnect(), disconnect(); SESSION->seq = 1)	\
	X(no_conn, disconnect(), disconnect(); SESSION->features = 1)	\
	X(no_conn, disconnect(), disconnect(); SESSION->features_set = 1) \
	X(no_conn, disconnect(), disconnect();				\
	  SESSION->protocol_features = 1)				\
	X(no_conn, disconnect(), disconnect();				\
	  SESSION->protocol_features_set = 1)				\
	X(no_conn, disconnect(), disconnect(); SESSION->status = 1)	\
	X(no_conn, disconnect(); REGION(31).gpa = 1,			\
	  disconnect(); REGION(31).size = 1)				\
	X(no_conn, disconnect(), disconnect(); RING(3).gen = 1)		\
	X(no_conn, disconnect(), disconnect(); RING(3).num = 1)		\
	X(no_conn, disconnect(), disconnect(); RING(3).taken = 1)	\
	X(no_conn, disconnect(), disconnect(); RING(3).base = 1)	\
	X(no_conn, disconnect(), disconnect(); RING(0).addressed = 1)	\
	X(no_conn, disconnect(), disconnect(); RING(0).started = 1)	\
	X(no_conn, disconnect(), disconnect(); RING(0).enabled = 1)	\
	X(no_conn, disconnect(), disconnect(); RING(0).kick = 1)	\
	X(no_conn, disconnect(), disconnect(); RING(0).call = 1)	\
	X(seq, SESSION->seq = POSITION_END - 1,				\
	  SESSION->seq = POSITION_END)					\
	X(next_gen, SESSION->next_gen = POSITION_END - 1,		\
	  SESSION->next_gen = POSITION_END)				\
	X(says, SESSION->says = g.tx->said = POSITION_END - 1,		\
	  SESSION->says = g.tx->said = POSITION_END)			\
	X(say_len, NOTHING, SESSION->say_len++)				\
	X(reply_len, NOTHING, SESSION->reply_len++)			\
	X(nplaces, NOTHING, SESSION->nplaces++)				\
	X(nplaces, NOTHING, SESSION->nplaces++;				\
	  SESSION->reply_len = FD_MEM)					\
	X(no_message, no_message(), no_message(); SESSION->reply_len = 1) \
	X(no_message, no_message(), no_message(); SESSION->nplaces = 1)	\
	X(regions, REGION(31).gpa = UINT64_MAX - 0x10000,		\
	  REGION(31).gpa = UINT64_MAX - 0xffff)				\
	X(regions, REGION(31).uva = UINT64_MAX - 0x10000,		\
	  REGION(31).uva = UINT64_MAX - 0xffff)				\
	X(regions, REGION(5).offset = UINT64_MAX - 0x10000,		\
	  REGION(5).offset = UINT64_MAX - 0xffff)			\
	X(regions, REGION(0).size--, REGION(0).size++)			\
	X(regions, REGION(31).uva++, REGION(31).uva--)			\
	X(regions, REGION(31).gpa++, REGION(31).gpa--)			\
	X(regions, REGION(9).size = 0; REGION(9).gpa = REGION(8).gpa,	\
	  REGION(9).size = 1; REGION(9).gpa = REGION(8).gpa)		\
	X(ring_num, RING(2).num = 64, RING(2).num = 3)			\
	X(ring_num, RING(0).num = 32768, RING(0).num = 65536)		\
	X(ring_num, RING(3).num = 0; g.ctrl->from_guest.completed = 0,	\
	  RING(3).num = UINT32_MAX)					\
	X(ring_kick, NOTHING, RING(0).kick++)				\
	X(ring_kick, RING(3).kick = NOTIFIER_NONE, RING(3).kick = 0xff)	\
	X(ring_call, NOTHING, RING(0).call++)				\
	X(ring_call, RING(3).call = NOTIFIER_NONE, RING(3).call = 0xff)	\
	X(ring_gen, NOTHING, RING(0).gen = SESSION->next_gen + 1)	\
	X(ring_gen, RING(3).gen = SESSION->next_gen,			\
	  RING(3).gen = SESSION->next_gen + 1)				\
	X(ring_started, RING(2).gen = 1, RING(2).gen = 0)		\
	X(ring_started, RING(2).gen = RING(2).started = 0,		\
	  RING(2).gen = 0)						\
	X(ring_broken, NOTHING, S->broken[0]++)				\
	X(ring_broken, NOTHING, S->broken[3]++)				\
	X(place_kind, PLACE(0).kind = FD_BACKEND, PLACE(0).kind = FD_PENDING) \
	X(place_kind, PLACE(3).kind = FD_MEM, PLACE(3).kind = FD_TERM_OUT) \
	X(place_kind, NOTHING, PLACE(31).kind = FD_FRONTEND)		\
	X(place_kind, SESSION->nplaces = 31; PLACE(31).kind = 0xff,	\
	  PLACE(31).kind = 0xff)					\
	X(place_index, NOTHING, PLACE(31).index = MEM_SLOTS_MAX)	\
	X(place_index, NOTHING, PLACE(7).index = CONSOLE_RINGS)		\
	X(place_index, NOTHING, PLACE(8).index = CONSOLE_RINGS)		\
	X(place_index, NOTHING, PLACE(9).index = 1)			\
	X(place_fd, NOTHING, PLACE(7).fd = PENDING_MAX)			\
	X(place_fd, PLACE(0).fd = CTL_NO_FD, PLACE(0).fd = CTL_NO_FD - 1) \
	X(in_at, g.in->at = sizeof(S->vu_in.buf);			\
	  g.in->len = g.in->msg.msg_len = 0,				\
	  g.in->at = sizeof(S->vu_in.buf) + 1;				\
	  g.in->len = g.in->msg.msg_len = 0)				\
	X(in_len, NOTHING, g.in->len++)					\
	X(in_len, NOTHING, g.in->len = UINT32_MAX)			\
	X(in_count, NOTHING, g.in->len--)				\
	X(in_message, NOTHING, good_state_payload(&g, VU_PAYLOAD_MAX - 1)) \
	X(in_message, NOTHING, good_state_payload(&g, VU_PAYLOAD_MAX + 1)) \
	X(in_message, header_read(12, 0), header_read(13, 0))		\
	X(in_message, header_read(12, UINT32_MAX),			\
	  header_read(13, UINT32_MAX))					\
	X(out_at, g.out->at = VU_REPLY_MAX;				\
	  g.out->len = g.out->msg.msg_len = 0,				\
	  g.out->at = VU_REPLY_MAX + 1;					\
	  g.out->len = g.out->msg.msg_len = 0)				\
	X(out_len, NOTHING, g.out->len++)				\
	X(out_count, NOTHING, g.out->len--)				\
	X(out_reply, NOTHING, SESSION->reply_len--)			\
	X(out_reply, SESSION->reply_len--; g.out->seq++,		\
	  SESSION->reply_len = 0)					\
	X(out_reply, SESSION->reply_len--; g.out->conn++,		\
	  SESSION->reply_len--)						\
	X(head, head_at(POSITION_END - 1), head_at(POSITION_END))	\
	X(tail, S->tail = GOOD_HEAD, S->tail = GOOD_HEAD + 1)		\
	X(kept, NOTHING, S->tail--)					\
	X(kept, NOTHING, g.tx->head++)					\
	X(backlog, S->backlog = 0, S->backlog++)			\
	X(said, g.tx->said = SESSION->says, g.tx->said = SESSION->says + 1) \
	X(said, NOTHING, g.tx->said--)					\
	X(pos_gen, g.tx->ring.gen = 9, g.tx->ring.gen = 10)		\
	X(pos_gen, g.ctrl->to_guest.gen = 9, g.ctrl->to_guest.gen = 10)	\
	X(pos_gen, g.ctrl->from_guest.gen = 9,				\
	  g.ctrl->from_guest.gen = 10)					\
	X(pos_unused, g.tx->ring.gen = g.tx->ring.completed = 0,	\
	  g.tx->ring.gen = 0)						\
	X(pos_unused, g.ctrl->from_guest.gen = 1; g.ctrl->from_guest.off = 1, \
	  g.ctrl->from_guest.gen = g.ctrl->from_guest.completed = 0;	\
	  g.ctrl->from_guest.off = 1)					\
	X(pos_completed, NOTHING, g.tx->ring.completed = 3)		\
	X(pos_completed, g.ctrl->to_guest.completed = 0,		\
	  g.ctrl->to_guest.completed = 3)				\
	X(pos_head, NOTHING, g.tx->ring.head++)				\
	X(pos_head, g.tx->ring.head++; g.tx->ring.completed = 0,	\
	  g.tx->ring.head = UINT16_MAX)					\
	X(pos_head, g.ctrl->to_guest.head++; RING(2).started = 0,	\
	  g.ctrl->to_guest.head++)					\
	X(pos_head, g.ctrl->from_guest.head++; g.ctrl->from_guest.gen--, \
	  g.ctrl->from_guest.head++)					\
	X(rx_gen, g.rx->gen = 9, g.rx->gen = 10)			\
	X(rx_n, NOTHING, g.rx->n++)					\
	X(rx_unused, g.rx->gen = g.rx->n = 0; g.rx->msg.msg_len = 0,	\
	  g.rx->gen = 0)						\
	X(rx_kind, g.rx->kind = RX_RETURN_BREAKS,			\
	  g.rx->kind = RX_RETURN_BREAKS + 1)				\
	X(rx_head, NOTHING, g.rx->head[0]++)				\
	X(rx_head, g.rx->head[15]++; g.rx->n--; g.rx->msg.msg_len = 0,	\
	  g.rx->head[15]++)						\
	X(rx_head, g.rx->head[15]++; g.rx->gen--, g.rx->head[15]++)	\
	X(rx_count, NOTHING, g.rx->msg.msg_len++)			\
	X(rx_count, NOTHING, g.rx->capacity[15]--)			\
	X(rx_count, g.rx->n = 2; g.rx->msg.msg_len = 200,		\
	  g.rx->n = 2; g.rx->msg.msg_len = 201)				\
	X(rx_count, g.rx->capacity[0] = g.rx->capacity[1] = UINT32_MAX,	\
	  g.rx->msg.msg_len = UINT32_MAX)				\
	X(typed, typed_to(POSITION_END - 1), typed_to(POSITION_END))	\
	X(typed_taken, g.rx->typed = S->typed, g.rx->typed = S->typed + 1) \
	X(typed_kept, NOTHING, g.rx->typed--)				\
	X(owed, NOTHING, g.ctrl->owed++)				\
	X(owed, g.ctrl->owed = 0, g.ctrl->owed = UINT32_C(1) << 31)	\
	X(client_given, NOTHING, S->client[15].id++)			\
	X(client_given, S->client[0].id = 115, S->client[0].id = 116)	\
	X(client_given, S->client[0].left = 115, S->client[0].left = 116) \
	X(client_given, S->client[15].left = 115, S->client[15].left = 116) \
	X(client_given, NOTHING, CONFIG.last_id--)			\
	X(budget, NOTHING, S->client[0].budget_us++)			\
	X(budget, g.client->budget_us = 0, g.client->budget_us = UINT64_MAX) \
	X(budget, S->client[GOOD_FREE].budget_us = UINT64_MAX,		\
	  S->client[15].budget_us++)					\
	X(mark_len, NOTHING, g.sent->mark_len++)			\
	X(mark_len, g.client->left = g.client->id;			\
	  g.sent->mark_len = UINT32_MAX, g.sent->mark_len = UINT32_MAX)	\
	X(send_len, g.sent->len = MARK_MAX; g.sent->msg.msg_len = 0,	\
	  g.sent->len = MARK_MAX - 1; g.sent->msg.msg_len = 0)		\
	X(send_count, NOTHING, g.sent->len--)				\
	X(send_count, NOTHING, g.sent->msg.msg_len = UINT32_MAX)	\
	X(send_start, g.sent->start = GOOD_HEAD;			\
	  g.sent->msg.msg_len = MARK_MAX, g.sent->start = GOOD_HEAD + 1) \
	X(send_start, S->client[GOOD_FREE].id = 0,			\
	  RECORD(15)->start = UINT64_MAX)				\
	X(send_start, NOTHING, RECORD(0)->start = UINT64_MAX)		\
	X(send_end, NOTHING, g.sent->start++)				\
	X(send_end, NOTHING, g.sent->len++; g.sent->msg.msg_len++)

/* One function for all, as a row has no name of its own. */
#define STEP(row, near, bad)						\
	if (n-- == 0) {							\
		if (spoil) {						\
			bad;						\
		} else {						\
			near;						\
		}							\
		return;							\
	}

static void apply(size_t n, bool spoil)
{
	CASES(STEP)
}

#define ROW(row, near, bad)	#row,
static const char *const rows[] = { CASES(ROW) };

static const char *verdict(size_t n, unsigned int copy, bool spoil)
{
	good_state_fill(&g, copy);
	apply(n, spoil);
	return state_check(g.s, g.size, &g.config);
}

static void each_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t n = i / 2;
		const char *says = verdict(n, i % 2, false);

		must(!says, "%s, case %zu: what is right is refused: %s",
		     rows[n], n, says);
		says = verdict(n, i % 2, true);
		must(says && !strcmp(says, rows[n]), "%s, case %zu: '%s'",
		     rows[n], n, says ? says : "good");
	}
}

static bool is_in(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void no_invariant_without_a_case(void **state)
{
	size_t n = 0;

	(void)state;
	for (; state_invariants[n]; n++)
		must(is_in(state_invariants[n], rows, ARRAY_LEN(rows)),
		     "%s has no case", state_invariants[n]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		must(is_in(rows[i], state_invariants, n), "%s is no invariant",
		     rows[i]);
}

/* What the supervisor makes. */
static void new_state(void **state)
{
	(void)state;
	good_state_fill(&g, 0);
	memset(&S->progress, 0,
	       GOOD_SIZE - offsetof(struct console_state, progress));
	CONFIG.last_id = CONFIG.wait_ms = 0;
	assert_null(state_check(S, GOOD_SIZE, &CONFIG));
}

/* Whatever stands there, the check itself survives it. */
static void random_states(void **state)
{
	struct rnd rnd = { 12 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		unsigned char *byte = (unsigned char *)S;

		good_state_fill(&g, rnd_below(&rnd, 2));
		for (unsigned int n = 1 + rnd_below(&rnd, 200); n; n--) {
			size_t at = rnd_below(&rnd, (uint32_t)sizeof(*S));

			/* past what the supervisor wrote */
			if (at >= offsetof(struct console_state, progress))
				byte[at] = (unsigned char)rnd_next(&rnd);
		}
		state_check(S, g.size, &CONFIG);
	}
}

static int setup(void **state)
{
	(void)state;
	g.s = malloc(GOOD_SIZE);
	return g.s ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(g.s);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(no_invariant_without_a_case),
		cmocka_unit_test(new_state),
		cmocka_unit_test(random_states),
	};

	return cmocka_run_group_tests_name("state-check", tests, setup,
					   teardown);
}
