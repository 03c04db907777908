/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * fds of every kind in each place where a front-end sends one. Each has
 * its outcome, written down here; none makes the worker or the supervisor
 * wait, and a console that was sent one is served when it is sent another.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mono.h"
#include "tests/lib/unit.h"
#include "tests/lib/world.h"
#include "tests/proto/odd-fds.h"

#define PROMPT_US	1000000		/* an answer; usually under 1 ms */
#define CALLS		2000
#define BLOCK_ROUNDS	200
#define HUNG		"did not answer and was killed"

static uint64_t longest;

/* Every answer comes at once, whatever was sent. */
static bool is_taken(struct world *w, const struct fe_msg m)
{
	uint64_t since = mono_us();
	bool taken = fe_ack(&w->fe[0], m) == 0;

	since = mono_us() - since;
	must(since < PROMPT_US, "request %u takes %llu us", m.request,
	     (unsigned long long)since);
	if (since > longest)
		longest = since;
	return taken;
}

static void expect(const struct odd_kind *kind, const char *place, char want,
		   bool taken)
{
	must(want == '-' || (want == 'T') == taken, "%s as %s fd is %s",
	     kind->name, place, taken ? "taken" : "refused");
}

/* Traffic in both directions that needs no fd to be of use. */
static void use(struct world *w)
{
	struct guest *g = &w->guest[0];
	char drop[4096];

	for (unsigned int n = 0; n < 20; n++) {
		for (unsigned int i = 0; i < 2; i++)
			g->ring[i].silent = true;
		gring_add_own(&g->ring[TX], 10, false);
		gring_arm(&g->ring[TX]);
		gring_kick_anyway(&g->ring[TX]);
		tclient_send_some(&w->client[0], "typed", 5);
		fe_barrier(&w->fe[0]);
		tclient_read_some(&w->client[0], drop, sizeof(drop));
	}
	world_check_console(w, 1, 1);
}

/* err is signalled for both. */
static void break_rings(struct world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct gring *r = &w->guest[0].ring[i];

		r->avail[1] += 1000;
		must(write(r->kick, &(uint64_t){ 1 }, 8) == 8, "kick");
	}
	fe_barrier(&w->fe[0]);
}

/* The rings start anew with fds of the usual kind, and all is well. */
static void mend(struct world *w)
{
	struct guest *g = &w->guest[0];

	for (unsigned int i = 0; i < RINGS; i++)
		fe_stop_ring(&w->fe[0], &g->ring[i]);
	for (unsigned int i = 0; i < RINGS; i++) {
		gring_reset(&g->ring[i], 0);
		g->ring[i].silent = false;
		gring_fds_like_qemu(&g->ring[i]);
		fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_ERR, i,
					   g->ring[i].err));
	}
	fe_qemu_start(&w->fe[0], g, GUEST_FEATURES);
	guest_boot(g);
	world_drop_old(w, 0, 0);
	world_check_console(w, 0, 0);
}

static struct world *start(void **state)
{
	struct world *w = *state;

	world_quiet_daemon(w, 2);
	world_qemu(w, 0, GUEST_FEATURES);
	world_qemu(w, 1, GUEST_FEATURES);
	for (unsigned int i = 0; i < 2; i++) {
		world_client(w, i, i);
		world_check_console(w, i, i);
	}
	longest = 0;
	return w;
}

static void end(struct world *w)
{
	printf("%u kinds, the slowest answer after %.1f ms\n",
	       odd_nkinds, (double)longest / 1e3);
	must(daemon_log_count(&w->daemon, HUNG) == 0, "someone hung");
	world_check_console(w, 1, 1);
	world_end(w);
}

static void r_38_as_notifiers(void **state)
{
	static const struct {
		const char *name;
		uint32_t request;
	} place[] = {
		{ "kick", FE_SET_VRING_KICK }, { "call", FE_SET_VRING_CALL },
		{ "err", FE_SET_VRING_ERR },
	};
	struct world *w = start(state);

	for (unsigned int k = 0; k < odd_nkinds; k++) {
		const char want[] = { odd_kinds[k].kick, odd_kinds[k].call,
				      odd_kinds[k].err };

		for (unsigned int p = 0; p < ARRAY_LEN(place); p++) {
			int fd = odd_kinds[k].make();

			must(fd >= 0, "%s: errno %d", odd_kinds[k].name, errno);
			for (unsigned int i = 0; i < 2; i++)
				expect(&odd_kinds[k], place[p].name, want[p],
				       is_taken(w, fe_msg_fd(place[p].request,
							     i, fd)));
			use(w);
			if (p == 2)
				break_rings(w);
			close(fd);
			fd_close(&odd_other);
			mend(w);
		}
	}
	end(w);
}

/* As one region more, by itself and in a table; what is taken goes again. */
static void r_38_as_memory(void **state)
{
	struct world *w = start(state);
	struct guest *g = &w->guest[0];
	struct fe_region table[3] = { g->region[0], g->region[1] };

	for (unsigned int k = 0; k < odd_nkinds; k++) {
		struct fe_region r = {
			.gpa = 0x40000000, .size = 65536, .offset = 4096,
			.uva = 0x7e0000000000, .fd = odd_kinds[k].make(),
		};

		expect(&odd_kinds[k], "memory", odd_kinds[k].mem,
		       is_taken(w, fe_msg_region(FE_ADD_MEM_REG, &r)));
		table[2] = r;
		expect(&odd_kinds[k], "memory in a table", odd_kinds[k].mem,
		       is_taken(w, fe_msg_table(table, 3)));
		fe_ok(&w->fe[0], fe_msg_table(table, 2));
		fe_refused(&w->fe[0], fe_msg_region(FE_REM_MEM_REG, &r));
		world_check_console(w, 0, 0);
		close(r.fd);
		fd_close(&odd_other);
	}
	end(w);
}

/* It is kept, never read, and in nobody's way. */
static void r_38_as_backend_channel(void **state)
{
	struct world *w = start(state);

	for (unsigned int k = 0; k < odd_nkinds; k++) {
		int fd = odd_kinds[k].make();

		must(is_taken(w, fe_msg_fd(FE_SET_BACKEND_REQ_FD, 0, fd)),
		     "%s as backend channel is refused", odd_kinds[k].name);
		close(fd);
		fd_close(&odd_other);
		world_check_console(w, 0, 0);
	}
	end(w);
}

struct filler {
	int read, write;	/* non-blocking, unlike what the worker has */
	atomic_bool stop;
};

/* Room for the look before a write, none for the write: someday it is so. */
static void *fill_and_empty(void *arg)
{
	struct filler *f = arg;
	static char page[4096];

	while (!atomic_load(&f->stop)) {
		if (write(f->write, page, sizeof(page)) < 0)
			sched_yield();
		if (read(f->read, page, sizeof(page)) < 0)
			sched_yield();
	}
	while (write(f->write, page, 1) == 1)
		;
	return NULL;
}

/* Many calls while the thread runs; leaves the pipe full. */
static void call_into_pipe(struct world *w, struct filler *f)
{
	struct gring *tx = &w->guest[0].ring[TX];
	pthread_t thread;

	atomic_store(&f->stop, false);
	must(pthread_create(&thread, NULL, fill_and_empty, f) == 0, "thread");
	for (unsigned int i = 0; i < CALLS; i++) {
		gring_arm(tx);
		guest_print_collect(&w->guest[0]);
		if (tx->nfree > 0)
			gring_add_own(tx, 1, false);
		gring_kick_anyway(tx);
	}
	atomic_store(&f->stop, true);
	pthread_join(thread, NULL);
}

/* The answer comes, at the latest from the next worker. */
static void wait_for_answer(struct world *w)
{
	struct fe_msg reply;
	uint64_t since;

	fe_tell(&w->fe[0], fe_msg(FE_GET_FEATURES));
	do {
		since = mono_us();
		world_check_console(w, 1, 1);
		since = mono_us() - since;
		must(since < PROMPT_US, "next door: %llu us",
		     (unsigned long long)since);
	} while (!wait_fd(w->fe[0].fd, POLLIN, wait_until(20)));
	must(fe_recv(&w->fe[0], &reply), "the connection ended");
}

/*
 * Whoever shares a blocking call fd can make a write to it wait for ever. The
 * watchdog ends that worker, and the next one goes on.
 */
static void r_38_call_that_blocks(void **state)
{
	struct world *w = start(state);
	struct filler f = { 0 };
	unsigned int n = 0;
	int fd;

	w->workers_die = true;
	fd = odd_pipe_to_write();
	must(fcntl(fd, F_SETPIPE_SZ, 4096) == 4096, "pipe");
	fe_ok(&w->fe[0], fe_msg_fd(FE_SET_VRING_CALL, TX, fd));
	f.write = odd_reopen(fd, O_WRONLY | O_NONBLOCK);
	f.read = odd_reopen(odd_other, O_RDONLY | O_NONBLOCK);
	odd_other = -1;
	w->guest[0].ring[TX].silent = true;
	while (n < BLOCK_ROUNDS && daemon_log_count(&w->daemon, HUNG) == 0) {
		call_into_pipe(w, &f);
		wait_for_answer(w);
		n++;
	}
	printf("%u rounds, %u times ended by the watchdog\n", n,
	       daemon_log_count(&w->daemon, HUNG));
	must(daemon_log_count(&w->daemon, HUNG) ==
	     daemon_log_count(&w->daemon, "console 0: worker"),
	     "another death");
	mend(w);
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	fd_close(&f.read);
	fd_close(&f.write);
	world_end(w);
}

/* Connects, has the daemon keep its own end, and is gone. */
static void hold_itself(const char *path, bool in_a_queue)
{
	struct frontend fe;
	int ends[2], fd;

	fe_open_again(&fe, path);
	fd = fe.fd;
	if (in_a_queue) {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socket");
		fe.fd = ends[0];
		fe_write(&fe, "", 1, &fd, 1);
		fe.fd = fd;
		fd = ends[1];
	}
	fe_tell(&fe, fe_msg_fd(FE_SET_BACKEND_REQ_FD, 0, fd));
	fe_barrier(&fe);
	_exit(0);
}

/*
 * Nobody sees the end of such a connection; the next front-end is served all
 * the same. As long as its process is there, it is not thrown out.
 */
static void r_38_own_end_of_the_connection(void **state)
{
	struct world *w = *state;
	struct frontend second;
	int status;

	world_quiet_daemon(w, 1);
	for (unsigned int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0)
			hold_itself(daemon_sock(&w->daemon, 0), i % 2);
		must(waitpid(pid, &status, 0) == pid && status == 0,
		     "wait status 0x%x", status);
		fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
		daemon_log_wait(&w->daemon, "front-end detached", 2 * i + 1);
		fe_open(&second, daemon_sock(&w->daemon, 0));
		fe_expect_end(&second);
		fe_close(&second);
		fe_barrier(&w->fe[0]);
		fe_close(&w->fe[0]);
	}
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_38_as_notifiers),
		WORLD_TEST(r_38_as_memory),
		WORLD_TEST(r_38_as_backend_channel),
		WORLD_TEST(r_38_call_that_blocks),
		WORLD_TEST(r_38_own_end_of_the_connection),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("odd fds", tests, NULL, NULL);
}
