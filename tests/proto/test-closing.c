/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A front-end leaves the supervisor file descriptors whose last close() takes
 * as long as it likes. Its neighbour's worker dies then, and is back as soon
 * as ever.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/mono.h"
#include "tests/lib/slow.h"
#include "tests/lib/world.h"

#define KILLS		5
#define LIMIT_MS	2000		/* usually it takes less than 100 */

static int teardown(void **state)
{
	slow_end();
	return world_teardown(state);
}

static void two_quiet_consoles(struct world *w)
{
	world_quiet_daemon(w, 2);
	world_qemu(w, 0, GUEST_FEATURES);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 1, 1);
	world_check_console(w, 1, 1);
}

static void expect_neighbour_resumes(struct world *w)
{
	uint64_t most = 0;

	w->workers_die = true;
	for (unsigned int i = 0; i < KILLS; i++) {
		uint64_t since = mono_us();

		w->worker[1] = daemon_kill_worker(&w->daemon, 1, SIGKILL);
		world_check_console(w, 1, 1);
		if (mono_us() - since > most)
			most = mono_us() - since;
	}
	printf("the neighbour was away for %.1f ms at most\n",
	       (double)most / 1e3);
	must(most < LIMIT_MS * 1000, "the neighbour was away for %u ms",
	     (unsigned int)(most / 1000));
}

static void send_slow(struct world *w, struct fe_msg m)
{
	int fd = m.fds[0];

	fe_ack(&w->fe[0], m);
	close(fd);
}

/* As every kind of fd that the store keeps; then the front-end goes. */
static void of_a_session(void **state)
{
	struct world *w = *state;
	struct fe_msg backend = fe_msg(FE_SET_BACKEND_REQ_FD);

	two_quiet_consoles(w);
	send_slow(w, fe_msg_fd(FE_SET_VRING_CALL, 1, slow_socket()));
	send_slow(w, fe_msg_fd(FE_SET_VRING_KICK, 1, slow_socket()));
	backend.fds[0] = slow_socket();
	backend.nfds = 1;
	send_slow(w, backend);
	fe_close(&w->fe[0]);
	daemon_log_wait(&w->daemon, "console 0: front-end detached", 1);
	expect_neighbour_resumes(w);
	world_end(w);
}

/* One takes the other's place. */
static void replaced(void **state)
{
	struct world *w = *state;

	two_quiet_consoles(w);
	send_slow(w, fe_msg_fd(FE_SET_VRING_CALL, 1, slow_socket()));
	send_slow(w, fe_msg_fd(FE_SET_VRING_CALL, 1, slow_socket()));
	send_slow(w, fe_msg_fd(FE_SET_VRING_CALL, 1, slow_socket()));
	expect_neighbour_resumes(w);
	world_end(w);
}

/* In a connection that is refused, where nobody ever reads it. */
static void refused(void **state)
{
	struct world *w = *state;
	struct fe_msg m;
	struct frontend fe;

	two_quiet_consoles(w);
	for (unsigned int i = 0; i < 2; i++) {
		int slow = slow_socket();

		/* It is there before anyone can refuse it. */
		process_stop(w->daemon.pid);
		fe_open(&fe, daemon_sock(&w->daemon, 0));
		m = fe_msg_fd(FE_SET_VRING_CALL, 1, slow);
		fe_write(&fe, &m, FE_HEADER, m.fds, m.nfds);
		/* The last close is not to be ours. */
		close(slow);
		kill(w->daemon.pid, SIGCONT);
		fe_close(&fe);
	}
	expect_neighbour_resumes(w);
	world_end(w);
}

/* In a connection that is served, behind what the worker does not read yet. */
static void unread(void **state)
{
	struct world *w = *state;
	struct fe_msg get = fe_msg(FE_GET_FEATURES);
	struct fe_msg m = fe_msg_fd(FE_SET_VRING_CALL, 1,
				    slow_socket());

	two_quiet_consoles(w);
	/* framing is lost here, and the connection closed */
	get.flags = 0;
	process_stop(w->worker[0]);
	fe_send(&w->fe[0], &get);
	fe_write(&w->fe[0], &m, FE_HEADER, m.fds, m.nfds);
	close(m.fds[0]);
	kill(w->worker[0], SIGCONT);
	daemon_log_wait(&w->daemon, "console 0: front-end detached", 1);
	expect_neighbour_resumes(w);
	world_end(w);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, world_setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(of_a_session),
		TEST(replaced),
		TEST(refused),
		TEST(unread),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("closing", tests, NULL, NULL);
}
