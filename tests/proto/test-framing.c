/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/world.h"

#define BURSTS	1000
#define CUTS	12

/* NEED_REPLY is set on all of these; fe_call() looks at the flags. */
static void t_25_reply_flags(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	static const uint32_t own_reply[] = {
		FE_GET_FEATURES, FE_GET_PROTOCOL_FEATURES, FE_GET_QUEUE_NUM,
		FE_GET_MAX_MEM_SLOTS, FE_GET_STATUS,
	};

	world_simple(w);
	for (unsigned int i = 0; i < sizeof(own_reply) / 4; i++) {
		struct fe_msg m = fe_msg(own_reply[i]);

		m.flags |= FE_NEED_REPLY;
		fe_call(fe, m);
		/* An ack on top of the reply would come before this one. */
		fe_get(fe, own_reply[(i + 1) % 5]);
	}
	fe_ok(fe, fe_msg(FE_SET_OWNER));
	fe_ok(fe, fe_msg_u64(FE_SET_FEATURES, fe->features));
	fe_ok(fe, fe_msg_u64(FE_SET_PROTOCOL_FEATURES, fe->protocol));
	fe_ok(fe, fe_msg_u64(FE_SET_STATUS, STATUS_FEATURES_OK));
	fe_ok(fe, fe_msg_fd(FE_SET_VRING_CALL, TX, w->guest[0].ring[TX].call));
	fe_refused(fe, fe_msg(FE_UNKNOWN));
	world_check_console(w, 0, 0);
	world_end(w);
}

/* No REPLY_ACK: the flag alone gets no answer. */
static void need_reply_not_negotiated(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct fe_msg m = fe_msg(FE_SET_OWNER);

	world_quiet_daemon(w, 1);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	m.flags |= FE_NEED_REPLY;
	fe_tell(fe, m);
	fe_barrier(fe);
	guest_like_qemu(&w->guest[0], 64);
	fe_qemu_realize(fe, &w->guest[0], OFFERED_PROTOCOL & ~P_REPLY_ACK &
			~P_BACKEND_REQ);
	fe_qemu_start(fe, &w->guest[0], GUEST_FEATURES);
	fe_tell(fe, m);
	fe_barrier(fe);
	guest_boot(&w->guest[0]);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* New call fds for both data rings, sent as the cuts say. */
static void new_calls(struct world *w, const size_t *cut, unsigned int ncuts)
{
	struct guest *g = &w->guest[0];
	struct fe_msg m[2];

	for (unsigned int i = 0; i < 2; i++) {
		fd_close(&g->ring[i].call);
		g->ring[i].call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		m[i] = fe_msg_fd(FE_SET_VRING_CALL, i, g->ring[i].call);
	}
	fe_send_cut(&w->fe[0], m, 2, cut, ncuts);
}

static void t_26_fds_of_coalesced_messages(void **state)
{
	struct world *w = *state;
	size_t cut[2 * (FE_HEADER + 8)];

	world_simple(w);
	/* Stopped: both messages are there before it looks at the first. */
	for (unsigned int i = 0; i < 20; i++) {
		kill(w->worker[0], SIGSTOP);
		new_calls(w, NULL, 0);
		kill(w->worker[0], SIGCONT);
		fe_barrier(&w->fe[0]);
		world_check_console(w, 0, 0);
	}
	for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++)
		cut[i] = i;
	new_calls(w, cut, sizeof(cut) / sizeof(*cut));
	fe_barrier(&w->fe[0]);
	world_check_console(w, 0, 0);
	world_end(w);
}

/*
 * Each of these may carry an fd, the first does not: the second's must not be
 * taken for it. Every other time the first is wrong without one.
 */
static void t_26_fd_of_the_next_message(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct gring *tx = &w->guest[0].ring[TX];
	struct fe_msg m[3], reply;

	world_simple(w);
	for (unsigned int i = 0; i < 20; i++) {
		bool wrong = i % 2 != 0;

		fd_close(&tx->kick);
		tx->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		m[0] = fe_msg_fd(FE_SET_VRING_CALL, wrong ? RX : TX | FE_NOFD,
				 -1);
		m[1] = fe_msg_fd(FE_SET_VRING_KICK, TX, tx->kick);
		m[2] = fe_msg_fd(FE_SET_VRING_CALL, TX, tx->call);
		for (unsigned int j = 0; j < 3; j++)
			m[j].flags |= FE_NEED_REPLY;
		kill(w->worker[0], SIGSTOP);
		fe_send_cut(fe, m, 3, NULL, 0);
		kill(w->worker[0], SIGCONT);
		for (unsigned int j = 0; j < 3; j++) {
			must(fe_recv(fe, &reply) &&
			     reply.request == m[j].request, "no ack");
			must((fe_msg_get_u64(&reply, 0) != 0) ==
			     (wrong && j == 0), "message %u: ack %llu", j,
			     (unsigned long long)fe_msg_get_u64(&reply, 0));
		}
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

static int by_value(const void *a, const void *b)
{
	return *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

/* One ring anew with a kick and call of its own, in random pieces. */
static void burst(struct world *w, enum ring_role role)
{
	struct gring *r = &w->guest[0].ring[role];
	unsigned int ncuts = (unsigned int)rand() % CUTS;
	struct fe_msg m[5];
	size_t cut[CUTS];

	fd_close(&r->kick);
	fd_close(&r->call);
	r->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m[0] = fe_msg_state(FE_SET_VRING_NUM, role, r->num);
	m[1] = fe_msg_state(FE_SET_VRING_BASE, role, r->used_idx);
	m[2] = fe_ring_addr(r);
	m[3] = fe_msg_fd(FE_SET_VRING_KICK, role, r->kick);
	m[4] = fe_msg_fd(FE_SET_VRING_CALL, role, r->call);
	for (unsigned int i = 0; i < ncuts; i++)
		cut[i] = (size_t)rand() % (5 * FE_HEADER + 4 * 8 + 40);
	qsort(cut, ncuts, sizeof(*cut), by_value);
	fe_send_cut(&w->fe[0], m, 5, cut, ncuts);
}

static void bursts_in_any_pieces(void **state)
{
	struct world *w = *state;

	world_simple(w);
	srand(1);
	for (unsigned int i = 0; i < BURSTS; i++) {
		bool stop = rand() % 8 == 0;

		if (stop)
			kill(w->worker[0], SIGSTOP);
		burst(w, TX);
		if (rand() % 2 == 0)
			burst(w, RX);
		if (stop)
			kill(w->worker[0], SIGCONT);
		/* a ring in use is set back only while its guest is quiet */
		fe_barrier(&w->fe[0]);
		world_check_console(w, 0, 0);
	}
	world_end(w);
}

/* Every message of a whole session byte by byte, replies included. */
static void dribble(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct guest *g = &w->guest[0];
	struct fe_msg *m = calloc(16, sizeof(*m));
	unsigned int n = 0;
	size_t cut[2048];

	must(m != NULL, "out of memory");
	for (size_t i = 0; i < 2048; i++)
		cut[i] = i;
	world_quiet_daemon(w, 1);
	guest_like_qemu(g, 64);
	fe_open(fe, daemon_sock(&w->daemon, 0));
	g->nrings = 2;
	for (unsigned int i = 0; i < 2; i++)
		gring_fds_like_qemu(&g->ring[i]);
	m[n++] = fe_msg(FE_SET_OWNER);
	m[n++] = fe_msg_u64(FE_SET_FEATURES, F_VERSION_1 | F_PROTOCOL);
	m[n++] = fe_msg_table(g->region, g->nregions);
	for (unsigned int i = 0; i < 2; i++) {
		struct gring *r = &g->ring[i];

		m[n++] = fe_msg_state(FE_SET_VRING_NUM, i, r->num);
		m[n++] = fe_msg_state(FE_SET_VRING_BASE, i, 0);
		m[n++] = fe_ring_addr(r);
		m[n++] = fe_msg_fd(FE_SET_VRING_KICK, i, r->kick);
		m[n++] = fe_msg_fd(FE_SET_VRING_CALL, i, r->call);
		m[n++] = fe_msg_state(FE_SET_VRING_ENABLE, i, 1);
	}
	fe_send_cut(fe, m, n, cut, 2048);
	free(m);
	fe_barrier(fe);
	guest_boot(g);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_25_reply_flags),
		WORLD_TEST(need_reply_not_negotiated),
		WORLD_TEST(t_26_fds_of_coalesced_messages),
		WORLD_TEST(t_26_fd_of_the_next_message),
		WORLD_TEST(bursts_in_any_pieces),
		WORLD_TEST(dribble),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
