/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A state that has everything in it is accepted; with each single thing wrong
 * it is not.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "worker/ctrl.h"
#include "worker/state_check.h"

#define RING	UINT64_C(4096)
#define SIZE	(STATE_RING_OFFSET + RING)

static struct console_state *s;

/* The current copies, whichever those are. */
static struct state_session *session;
static struct state_vu_in_record *in;
static struct state_vu_out_record *out;
static struct state_tx *tx;
static struct state_rx *rx;
static struct state_ctrl *ctrl;
static struct state_client *client;
static struct state_send *sent;
static size_t size;

static void put_header_size(uint32_t payload)
{
	memcpy(s->vu_in.buf + 8, &payload, sizeof(payload));
}

static void fill_session(void)
{
	session->conn = 3;
	session->seq = 40;
	session->next_gen = 9;
	session->says = 5;
	session->say_len = SAY_MAX;
	session->reply_len = VU_REPLY_MAX;
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		session->region[i] = (struct state_region){
			.gpa = i * 0x10000, .size = 0x10000,
			.uva = 0x7f0000000000 + i * 0x10000,
		};
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++)
		session->ring[i] = (struct state_ring){
			.gen = 9 - i, .num = 32768u >> (5 * i), .started = 1,
			.kick = NOTIFIER_NOFD, .call = NOTIFIER_NOFD,
		};
	session->nplaces = PENDING_MAX;
	for (unsigned int i = 0; i < PENDING_MAX; i++)
		session->place[i] = (struct ctl_place){
			.kind = FD_MEM, .index = (uint8_t)i,
			.fd = (uint8_t)(31 - i),
		};
	session->place[7] = (struct ctl_place){ FD_KICK, 3, 31, 0 };
	session->place[8] = (struct ctl_place){ FD_CALL, 3, CTL_NO_FD, 0 };
	session->place[9] = (struct ctl_place){ FD_BACKEND, 0, 0, 0 };
}

static void fill_clients(void)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct state_client *c = &s->client[i];
		struct state_send *send = STATE_CURRENT(&c->send);

		c->id = 100 + i;
		c->left = 99 + i;
		send->mark_len = i % 2 ? MARK_MAX : 0;
		send->start = 10000 - 50;
		send->len = send->mark_len + 60;
		send->msg.msg_len = send->mark_len + 50;
	}
	s->client[4].id = 0;
	client = &s->client[3];
	sent = STATE_CURRENT(&client->send);
}

/* Everything at its limit, in copy @copy; the other copy is rubbish. */
static void good_state(unsigned int copy)
{
	memset(s, 0, SIZE);
	s->session.current = s->vu_in.current = s->vu_out.current = copy;
	s->tx.current = s->rx.current = s->ctrl.current = copy;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		s->client[i].send.current = copy;
		memset(STATE_OTHER(&s->client[i].send), 0xff,
		       sizeof(struct state_send));
	}
	memset(STATE_OTHER(&s->session), 0xff, sizeof(*session));
	memset(STATE_OTHER(&s->vu_in), 0xff, sizeof(*in));
	memset(STATE_OTHER(&s->vu_out), 0xff, sizeof(*out));
	memset(STATE_OTHER(&s->tx), 0xff, sizeof(*tx));
	memset(STATE_OTHER(&s->rx), 0xff, sizeof(*rx));
	memset(STATE_OTHER(&s->ctrl), 0xff, sizeof(*ctrl));
	session = STATE_CURRENT(&s->session);
	in = STATE_CURRENT(&s->vu_in);
	out = STATE_CURRENT(&s->vu_out);
	tx = STATE_CURRENT(&s->tx);
	rx = STATE_CURRENT(&s->rx);
	ctrl = STATE_CURRENT(&s->ctrl);

	s->magic = STATE_MAGIC;
	s->version = STATE_VERSION;
	s->size = sizeof(*s);
	s->ring_size = RING;
	size = SIZE;
	fill_session();
	put_header_size(VU_PAYLOAD_MAX);
	in->at = 4000;
	in->len = sizeof(s->vu_in.buf) - 4000;
	in->msg.msg_len = in->len;
	out->at = 12;
	out->len = VU_REPLY_MAX - 12;
	out->msg.msg_len = out->len;
	tx->head = 10000;
	tx->said = 4;
	s->tail = 10000 - RING;
	s->backlog = 10000;
	rx->n = RX_CHAINS_MAX;
	rx->kind = RX_RECEIVE;
	for (unsigned int i = 0; i < RX_CHAINS_MAX; i++)
		rx->capacity[i] = 100;
	rx->msg.msg_len = 1600;
	rx->typed = 1000;
	s->typed = 1000 + TYPED_MAX;
	ctrl->owed = CTRL_OWED_ALL;
	fill_clients();
}

/*
 * Name, what state_check() says, what is done to a good state. NULL: it is
 * still good.
 */
#define CASES(X)							\
	X(nothing, NULL, (void)0)					\
	X(magic, "header", s->magic++)					\
	X(version, "header", s->version++)				\
	X(own_size, "header", s->size--)				\
	X(no_ring, "header", s->ring_size = 0; size = STATE_RING_OFFSET) \
	X(ring_larger, "header", s->ring_size++)			\
	X(ring_smaller, "header", s->ring_size--)			\
	X(file_smaller, "header", size--)				\
	X(file_larger, "header", size++)				\
	X(file_tiny, "header", size = STATE_RING_OFFSET - 1)		\
	X(file_empty, "header", size = 0)				\
	X(switch_session, "switches", s->session.current += 2)		\
	X(switch_in, "switches", s->vu_in.current += 2)			\
	X(switch_out, "switches", s->vu_out.current += 2)		\
	X(switch_tx, "switches", s->tx.current += 2)			\
	X(switch_rx, "switches", s->rx.current += 2)			\
	X(switch_ctrl, "switches", s->ctrl.current += 2)		\
	X(switch_first, "switches", s->client[0].send.current += 2)	\
	X(switch_last, "switches", s->client[15].send.current += 2)	\
	X(switch_free, "switches", s->client[4].send.current = UINT32_MAX) \
	X(say_long, "session", session->say_len++)			\
	X(reply_long, "session", session->reply_len++)			\
	X(reply_to_nothing, "session", session->seq = 0;		\
	  session->nplaces = 0)						\
	X(places_of_nothing, "session", session->seq = 0;		\
	  session->reply_len = 0)					\
	X(nothing_yet, NULL, session->seq = 0; session->reply_len = 0;	\
	  session->nplaces = 0)						\
	X(region_wraps, "session", session->region[31].gpa = UINT64_MAX) \
	X(region_first, "session", session->region[0].offset = UINT64_MAX) \
	X(region_overlaps, "session", session->region[0].size++)	\
	X(region_uva, "session", session->region[31].uva -= 1)		\
	X(region_offset, "session", session->region[5].offset = -0xffffULL) \
	X(region_empty, NULL, session->region[9].size = 0;		\
	  session->region[9].gpa = 1)					\
	X(num_odd, "session", session->ring[2].num = 3)			\
	X(num_large, "session", session->ring[3].num = 65536)		\
	X(num_none, NULL, session->ring[3].num = 0)			\
	X(kick, "session", session->ring[0].kick++)			\
	X(call, "session", session->ring[3].call = 0xff)		\
	X(gen, "session", session->ring[0].gen++)			\
	X(places_many, "session", session->nplaces++)			\
	X(places_many_likely, "session", session->nplaces++;		\
	  session->reply_len = FD_MEM)					\
	X(place_kind_client, "session", session->place[0].kind = FD_CLIENT) \
	X(place_kind_frontend, "session",				\
	  session->place[31].kind = FD_FRONTEND)			\
	X(place_kind_pending, "session", session->place[3].kind = FD_PENDING) \
	X(place_kind_term, "session", session->place[3].kind = FD_TERM_IN) \
	X(place_kind_none, "session", session->place[3].kind = 0xff)	\
	X(place_index_mem, "session", session->place[31].index = 32)	\
	X(place_index_kick, "session", session->place[7].index = 4)	\
	X(place_index_call, "session", session->place[8].index = 4)	\
	X(place_index_backend, "session", session->place[9].index = 1)	\
	X(place_fd, "session", session->place[7].fd = PENDING_MAX)	\
	X(place_fd_high, "session", session->place[7].fd = CTL_NO_FD - 1) \
	X(place_unused, NULL, session->nplaces = 31;			\
	  session->place[31].kind = 0xff)				\
	X(in_at, "messages", in->at = sizeof(s->vu_in.buf) + 1;		\
	  in->len = 0; in->msg.msg_len = 0)				\
	X(in_len, "messages", in->len++)				\
	X(in_len_wraps, "messages", in->len = UINT32_MAX)		\
	X(in_count, "messages", in->len--)				\
	X(in_past_message, "messages", put_header_size(VU_PAYLOAD_MAX - 1)) \
	X(in_far_past_message, "messages", put_header_size(0))		\
	X(in_payload, "messages", put_header_size(UINT32_MAX))		\
	X(in_header_only, NULL, put_header_size(UINT32_MAX);		\
	  in->at = 0; in->len = 12; in->msg.msg_len = 12)		\
	X(in_one_too_many, "messages", put_header_size(0);		\
	  in->at = 0; in->len = 13; in->msg.msg_len = 13)		\
	X(in_at_end, NULL, in->at = sizeof(s->vu_in.buf); in->len = 0;	\
	  in->msg.msg_len = 0)						\
	X(out_at_end, NULL, out->at = VU_REPLY_MAX; out->len = 0;	\
	  out->msg.msg_len = 0)						\
	X(out_at, "messages", out->at = VU_REPLY_MAX + 1; out->len = 0;	\
	  out->msg.msg_len = 0)						\
	X(out_len, "messages", out->len++)				\
	X(out_count, "messages", out->len--)				\
	X(head_behind, "output", tx->head = s->tail - 1)		\
	X(head_far, "output", tx->head++)				\
	X(tail_far, "output", s->tail--)				\
	X(tail_ahead, "output", s->tail = 10001)			\
	X(head_wraps, "output", tx->head = UINT64_MAX - 5;		\
	  s->tail = tx->head)						\
	X(head_last, NULL, tx->head = UINT64_MAX / 2;			\
	  s->tail = tx->head - RING)					\
	X(head_past_last, "output", tx->head = UINT64_MAX / 2 + 1;	\
	  s->tail = tx->head - RING)					\
	X(backlog, "output", s->backlog++)				\
	X(said_ahead, "output", tx->said = 6)				\
	X(said_behind, "output", tx->said = 3)				\
	X(said, NULL, tx->said = 5)					\
	X(chains, "input", rx->n++)					\
	X(rx_kind, "input", rx->kind = 2)				\
	X(rx_return, NULL, rx->kind = RX_RETURN)			\
	X(rx_unused_chain, "input", rx->n = 2; rx->msg.msg_len = 201)	\
	X(rx_count, "input", rx->msg.msg_len++)				\
	X(rx_capacity, "input", rx->capacity[15]--)			\
	X(rx_capacity_wraps, NULL, rx->capacity[0] = UINT32_MAX;	\
	  rx->capacity[1] = UINT32_MAX)					\
	X(typed_ahead, "input", rx->typed = s->typed + 1)		\
	X(typed_far, "input", s->typed++)				\
	X(owed, "control", ctrl->owed++)				\
	X(owed_high, "control", ctrl->owed = UINT32_C(1) << 31)		\
	X(mark_long, "clients", sent->mark_len++; sent->len++)		\
	X(mark_past_len, "clients", sent->len = sent->mark_len - 1;	\
	  sent->msg.msg_len = 0)					\
	X(sent_more, "clients", sent->len = sent->msg.msg_len - 1)	\
	X(start_ahead, "clients", sent->start = 10001;			\
	  sent->msg.msg_len = 0)					\
	X(sent_ahead, "clients", sent->start++)				\
	X(sent_mark_only, NULL, sent->start = 10000;			\
	  sent->msg.msg_len = sent->mark_len)				\
	X(client_left, NULL, client->left = client->id;			\
	  sent->mark_len = UINT32_MAX)					\
	X(last_client, "clients", \
	  STATE_CURRENT(&s->client[15].send)->start = UINT64_MAX)		\
	X(first_client, "clients", \
	  STATE_CURRENT(&s->client[0].send)->start = UINT64_MAX)		\
	X(mark_only, NULL, sent->len = sent->mark_len;			\
	  sent->msg.msg_len = 0)					\
	X(all_sent, NULL, sent->start -= 10; sent->msg.msg_len = sent->len) \
	X(client_free, NULL, client->id = 0; client->left = 7;		\
	  sent->mark_len = UINT32_MAX)

#define FUNCTION(name, says, what)	\
	static void name##_case(void) { what; }
CASES(FUNCTION)

#define ROW(name, says, what)	{ #name, says, name##_case },
static const struct {
	const char *name;
	const char *says;
	void (*apply)(void);
} cases[] = { CASES(ROW) };

static void each_invariant(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		size_t k = i % ARRAY_LEN(cases);
		const char *says;

		good_state(i < ARRAY_LEN(cases) ? 0 : 1);
		cases[k].apply();
		says = state_check(s, size);
		must(!says == !cases[k].says &&
		     (!says || !strcmp(says, cases[k].says)),
		     "%s: '%s', not '%s'", cases[k].name,
		     says ? says : "good",
		     cases[k].says ? cases[k].says : "good");
	}
}

/* What the supervisor makes. */
static void new_state(void **state)
{
	(void)state;
	memset(s, 0, SIZE);
	s->magic = STATE_MAGIC;
	s->version = STATE_VERSION;
	s->size = sizeof(*s);
	s->ring_size = RING;
	assert_null(state_check(s, SIZE));
}

/* Ids that nobody was given yet would turn away whoever gets them. */
static void foreign_ids(void **state)
{
	_Atomic uint64_t *const ids[] = {
		&s->client[0].id, &s->client[15].id, &s->client[7].id,
		&s->client[0].left, &s->client[15].left,
	};

	(void)state;
	good_state(1);
	session->conn = session->ended = 115;
	assert_true(state_check_ids(s, 115));
	assert_false(state_check_ids(s, 114));
	session->conn = 116;
	assert_false(state_check_ids(s, 115));
	session->conn = 3;
	session->ended = 116;
	assert_false(state_check_ids(s, 115));
	session->ended = 0;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		uint64_t was = *ids[i];

		*ids[i] = 116;
		must(!state_check_ids(s, 115), "id %zu", i);
		*ids[i] = was;
		must(state_check_ids(s, 115), "id %zu", i);
	}
}

/* Whatever stands there, the check itself survives it. */
static void random_states(void **state)
{
	struct rnd rnd = { 12 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		unsigned char *byte = (unsigned char *)s;

		good_state(rnd_below(&rnd, 2));
		for (unsigned int n = 1 + rnd_below(&rnd, 200); n; n--) {
			size_t at = rnd_below(&rnd, (uint32_t)sizeof(*s));

			/* past what the supervisor wrote */
			if (at >= offsetof(struct console_state, progress))
				byte[at] = (unsigned char)rnd_next(&rnd);
		}
		state_check(s, size);
	}
}

static void ids(void **state)
{
	(void)state;
	good_state(0);
	assert_true(state_check_ids(s, UINT64_MAX));
	s->client[3].left = 900;
	assert_true(state_check_ids(s, 900));
	assert_false(state_check_ids(s, 899));
	s->client[3].left = 0;
	s->client[3].id = 900;
	assert_false(state_check_ids(s, 899));
	s->client[3].id = 0;
	STATE_CURRENT(&s->session)->ended = 900;
	assert_false(state_check_ids(s, 899));
	STATE_CURRENT(&s->session)->ended = 0;
	STATE_CURRENT(&s->session)->conn = 900;
	assert_false(state_check_ids(s, 899));
}

static int setup(void **state)
{
	(void)state;
	s = malloc(SIZE);
	return s ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(s);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_invariant),
		cmocka_unit_test(new_state),
		cmocka_unit_test(foreign_ids),
		cmocka_unit_test(random_states),
		cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests_name("state-check", tests, setup,
					   teardown);
}
