/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fds in flight are counted for all processes of a user. While others of the
 * daemon's user keep more of them there than a worker may send, workers start,
 * die and are followed by others as ever; fds are handed over afterwards.
 */
#include <signal.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "tests/lib/ordinary.h"
#include "tests/lib/world.h"

/* Who looks at the next worker that is ready has waited for its proof. */
static void expect_answers(struct world *w)
{
	fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_close(&w->fe[0]);
}

static void starts_and_restarts(void **state)
{
	struct world *w = *state;
	struct frontend others;
	int ends[2], fds[FE_FDS_MAX];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0,
	     "no socket pair");
	fe_init(&others);
	others.fd = ends[0];
	for (unsigned int i = 0; i < FE_FDS_MAX; i++)
		fds[i] = ends[0];
	fe_write(&others, "x", 1, fds, FE_FDS_MAX);
	w->workers_die = true;
	world_quiet_daemon(w, 1);
	expect_answers(w);
	must(process_fds_max(w->worker[0]) < FE_FDS_MAX,
	     "a worker may send %u fds", FE_FDS_MAX);
	daemon_kill_worker(&w->daemon, 0, SIGKILL);
	expect_answers(w);
	fd_close(&ends[1]);
	fe_close(&others);
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
	must(daemon_log_count(&w->daemon, "error") == 0, "not as ever");
}

static int begin(void **state)
{
	(void)state;
	/* Root is let past the limit. */
	return become_ordinary();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(starts_and_restarts),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("others' fds", tests, begin, NULL);
}
