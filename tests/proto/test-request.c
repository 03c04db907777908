/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mono.h"
#include "tests/lib/world.h"

/* A watch on an fd that was sent: true once no one holds it any more. */
static bool all_closed(int writer)
{
	struct pollfd p = { .fd = writer };

	return poll(&p, 1, WAIT_MS) == 1 && (p.revents & POLLERR) != 0;
}

static void t_12_unused_ring_indexes(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	int fd = eventfd(0, EFD_CLOEXEC);

	world_simple(w);
	for (uint32_t i = RINGS; i < 256; i++) {
		fe_ok(fe, fe_msg_state(FE_SET_VRING_ENABLE, i, 1));
		fe_ok(fe, fe_msg_fd(FE_SET_VRING_CALL, i, fd));
		fe_ok(fe, fe_msg_fd(FE_SET_VRING_ERR, i, fd));
		fe_ok(fe, fe_msg_fd(FE_SET_VRING_CALL, i | FE_NOFD, -1));
		fe_ok(fe, fe_msg_state(FE_SET_VRING_ENABLE, i, 0));
	}
	fe_ok(fe, fe_msg_fd(FE_SET_VRING_KICK, 255, fd));
	fe_ok(fe, fe_msg_state(FE_SET_VRING_NUM, 255, 64));
	fe_ok(fe, fe_msg_state(FE_SET_VRING_BASE, 255, 0));
	for (uint32_t i = 8; i < 32; i++)
		fe_refused(fe, fe_msg_state(FE_SET_VRING_ENABLE, 1U << i, 1));
	close(fd);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Index 0x100 + n must not be taken for n. */
static void t_49_wide_index(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	for (uint32_t i = 0; i < RINGS; i++) {
		uint32_t wide = 0x100 + i;
		struct fe_msg addr = fe_ring_addr(&w->guest[0].ring[i]);

		fe_refused(fe, fe_msg_state(FE_SET_VRING_ENABLE, wide, 0));
		fe_refused(fe, fe_msg_state(FE_SET_VRING_NUM, wide, 2));
		fe_refused(fe, fe_msg_state(FE_SET_VRING_BASE, wide, 77));
		fe_msg_put_u32(&addr, 0, wide);
		fe_refused(fe, addr);
		fe_call(fe, fe_msg_state(FE_GET_VRING_BASE, wide, 0));
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

static void unknown_requests(void **state)
{
	static const uint32_t unknown[] = { 0, 45, 200, 0x7fffffff, ~0U };
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	for (unsigned int i = 0; i < sizeof(unknown) / 4; i++) {
		struct fe_msg m = fe_msg(unknown[i]);

		must(fe_ack(fe, m) == 1, "ack of unknown request %u",
		     unknown[i]);
		fe_tell(fe, m);
		m.size = FE_PAYLOAD_MAX;
		must(fe_ack(fe, m) == 1, "ack of unknown request %u",
		     unknown[i]);
		fe_tell(fe, m);
		fe_barrier(fe);
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

/* They are closed, the request is answered, the session goes on. */
static void fds_nobody_asked_for(void **state)
{
	static const uint32_t request[] = {
		FE_SET_OWNER, FE_UNKNOWN, FE_SET_STATUS, FE_SET_VRING_ENABLE,
	};
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	for (unsigned int i = 0; i < sizeof(request) / 4; i++) {
		struct fe_msg m = fe_msg_state(request[i], 1, 1);
		int pipes[2];

		must(pipe2(pipes, O_CLOEXEC) == 0, "pipe");
		m.fds[m.nfds++] = pipes[0];
		fe_refused(fe, m);
		fe_tell(fe, m);
		close(pipes[0]);
		fe_barrier(fe);
		must(all_closed(pipes[1]), "request %u: an fd stays open",
		     request[i]);
		close(pipes[1]);
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

/*
 * What has hurt others most is not there to be got wrong: in-flight tables,
 * dirty logs, post-copy, channels of the back-end. Neither offered nor served,
 * whatever comes with it.
 */
static void r_07_inflight_is_not_offered(void **state)
{
	static const struct {
		uint32_t first, last;
	} request[] = {
		{ 0, 0 }, { FE_SET_LOG_BASE, 7 }, { 19, 20 }, { 22, 23 },
		{ 26, 33 }, { 35, 35 }, { 41, 300 },
	};
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	int fd = eventfd(0, EFD_CLOEXEC);

	world_simple(w);
	must((fe_get(fe, FE_GET_PROTOCOL_FEATURES) & ~OFFERED_PROTOCOL) == 0,
	     "protocol features offered: 0x%llx",
	     (unsigned long long)fe_get(fe, FE_GET_PROTOCOL_FEATURES));
	must((fe_get(fe, FE_GET_FEATURES) & F_LOG_ALL) == 0, "LOG_ALL");
	for (size_t i = 0; i < sizeof(request) / sizeof(*request); i++)
		for (uint32_t r = request[i].first; r <= request[i].last; r++) {
			struct fe_msg m = fe_msg_region(r, &w->guest[0]
							.region[0]);

			fe_refused(fe, fe_msg(r));
			m.fds[0] = fd;
			fe_refused(fe, m);
			/* num_queues and queue_size lie, the size does not */
			fe_msg_put_u64(&m, 16, ~0ULL);
			fe_refused(fe, m);
		}
	close(fd);
	world_check_console(w, 0, 0);
	world_end(w);
}

static void payload_too_long(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	struct fe_msg m = fe_msg(FE_UNKNOWN);

	world_simple(w);
	m.size = FE_PAYLOAD_MAX + 1;
	fe_write(fe, &m, FE_HEADER, NULL, 0);
	fe_expect_end(fe);
	fe_close(fe);
	/* Only the session ended. */
	guest_destroy(&w->guest[0]);
	fe_open_again(fe, daemon_sock(&w->daemon, 0));
	guest_like_qemu(&w->guest[0], 64);
	fe_qemu_realize(fe, &w->guest[0], ~0ULL);
	fe_qemu_start(fe, &w->guest[0], GUEST_FEATURES);
	guest_boot(&w->guest[0]);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Too short for what the request needs: refused, nothing else. */
static void payload_too_short(void **state)
{
	static const uint32_t request[] = {
		FE_SET_FEATURES, FE_SET_MEM_TABLE, FE_SET_VRING_NUM,
		FE_SET_VRING_ADDR, FE_SET_VRING_BASE, FE_SET_VRING_KICK,
		FE_SET_VRING_CALL, FE_SET_VRING_ENABLE, FE_SET_CONFIG,
		FE_SET_STATUS, FE_ADD_MEM_REG, FE_REM_MEM_REG,
	};
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	for (unsigned int i = 0; i < sizeof(request) / 4; i++) {
		struct fe_msg m = fe_msg(request[i]);

		for (m.size = 0; m.size < 8; m.size++)
			fe_refused(fe, m);
	}
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Connected, silent or stuck in a header: no busy loop, and a quick end. */
static void t_43_silent_peer(void **state)
{
	struct world *w = *state;
	struct fe_msg m = fe_msg(FE_GET_FEATURES);
	long worker, supervisor;
	uint64_t before;

	world_quiet_daemon(w, 2);
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_open(&w->fe[1], daemon_sock(&w->daemon, 1));
	fe_write(&w->fe[1], &m, FE_HEADER - 1, NULL, 0);
	wait_time(50);
	worker = process_cpu_ms(w->worker[1]);
	supervisor = process_cpu_ms(w->daemon.pid);
	wait_time(500);
	worker = process_cpu_ms(w->worker[1]) - worker;
	supervisor = process_cpu_ms(w->daemon.pid) - supervisor;
	must(worker < 100 && supervisor < 100,
	     "worker used %ld ms, supervisor %ld ms of 500", worker,
	     supervisor);
	fe_write(&w->fe[1], (char *)&m + FE_HEADER - 1, 1, NULL, 0);
	must(fe_recv(&w->fe[1], &m) && m.request == FE_GET_FEATURES,
	     "no answer");
	fe_write(&w->fe[1], &m, FE_HEADER - 1, NULL, 0);
	before = mono_us();
	daemon_stop(&w->daemon, 1000);
	must(mono_us() - before < 1000000, "the end takes %llu us",
	     (unsigned long long)(mono_us() - before));
}

/*
 * INBAND without its two companions ends a connection only where INBAND is
 * offered, and it is not.
 */
static void t_48_inband_is_not_offered(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	must((fe_get(fe, FE_GET_PROTOCOL_FEATURES) & P_INBAND) == 0,
	     "INBAND is offered");
	fe_refused(fe, fe_msg_u64(FE_SET_PROTOCOL_FEATURES,
				  P_INBAND | P_REPLY_ACK | P_BACKEND_REQ));
	world_check_console(w, 0, 0);
	world_end(w);
}

static void t_48_inband_alone_ends_the_connection(void **state)
{
	static const uint64_t wanting[] = { 0, P_REPLY_ACK, P_BACKEND_REQ };
	struct world *w = *state;

	world_quiet_daemon(w, 1);
	for (size_t i = 0; i < sizeof(wanting) / sizeof(*wanting); i++) {
		struct frontend *fe = &w->fe[0];

		fe_open(fe, daemon_sock(&w->daemon, 0));
		fe_tell(fe, fe_msg_u64(FE_SET_PROTOCOL_FEATURES,
				       P_INBAND | wanting[i]));
		fe_expect_end(fe);
		fe_close(fe);
	}
	world_end(w);
}

static void features_never_offered(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];
	uint64_t offered;

	world_simple(w);
	offered = fe_get(fe, FE_GET_FEATURES);
	must((offered & OFFERED_FEATURES) == OFFERED_FEATURES,
	     "features offered: 0x%llx", (unsigned long long)offered);
	for (unsigned int bit = 0; bit < 64; bit++)
		if ((offered & 1ULL << bit) == 0)
			fe_refused(fe, fe_msg_u64(FE_SET_FEATURES,
						  fe->features | 1ULL << bit));
	world_check_console(w, 0, 0);
	world_end(w);
}

/* QEMU acks no more than FEATURES_OK and never reads it back. */
static void t_40_status_without_driver_ok(void **state)
{
	struct world *w = *state;
	struct frontend *fe = &w->fe[0];

	world_simple(w);
	must(fe_get(fe, FE_GET_STATUS) == STATUS_FEATURES_OK, "status");
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_12_unused_ring_indexes),
		WORLD_TEST(t_49_wide_index),
		WORLD_TEST(unknown_requests),
		WORLD_TEST(fds_nobody_asked_for),
		WORLD_TEST(r_07_inflight_is_not_offered),
		WORLD_TEST(payload_too_long),
		WORLD_TEST(payload_too_short),
		WORLD_TEST(t_43_silent_peer),
		WORLD_TEST(t_48_inband_is_not_offered),
		WORLD_TEST(t_48_inband_alone_ends_the_connection),
		WORLD_TEST(features_never_offered),
		WORLD_TEST(t_40_status_without_driver_ok),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
