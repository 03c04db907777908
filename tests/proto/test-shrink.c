/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * a front-end cuts the file that guest memory is in, while it is used.
 * Its own worker dies of SIGBUS, which the log says once a death; a clean
 * slate follows, and in the end the console is parked. Next door, and in the
 * supervisor, nothing changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/world.h"

#define MEMORY		(4 * 1024 * 1024)
#define SESSIONS	30
#define ROUNDS		200	/* of traffic, or until the connection ends */
#define DEATHS_MAX	30	/* far more than the policy lets happen */
#define GROWTH_KB	512
#define WORKER_FDS	3	/* pidfd, control, log */

/* Memory of another kind than guest_add_region() has, and the rings in it. */
static void guest_with_file(struct guest *g, int fd)
{
	void *map;

	must(fd >= 0 && ftruncate(fd, MEMORY) == 0, "file: errno %d",
	     errno);
	map = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "mmap: errno %d", errno);
	g->region[0] = (struct fe_region){
		.gpa = 0x100000, .size = MEMORY, .uva = 0x7f1200000000,
		.fd = fd,
	};
	g->ptr[0] = map;
	g->allocated[0] = 1;
	g->nregions = 1;
	for (unsigned int i = 0; i < RINGS; i++)
		gring_init(&g->ring[i], g, i, 64, 0, 4096);
}

static int plain_file(void)
{
	char name[] = "/tmp/vdc-test-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	unlink(name);
	return fd;
}

static int shared_memory(void)
{
	return memfd_create("guest memory", MFD_CLOEXEC);
}

/* As QEMU's memory-backend-memfd has it. */
static int sealed_memory(void)
{
	return memfd_create("guest memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/* Leaves the memory of one that is gone mapped: it may have been cut. */
static void forget_guest(struct guest *g)
{
	munmap(g->ptr[0], g->region[0].size);
	fd_close(&g->region[0].fd);
	g->nregions = 0;
	guest_destroy(g);
}

static void boot(struct world *w, int fd)
{
	struct guest *g = &w->guest[0];

	guest_with_file(g, fd);
	fe_qemu_realize(&w->fe[0], g, ~0ULL);
	fe_qemu_start(&w->fe[0], g, GUEST_FEATURES);
	guest_boot(g);
}

static void two_worlds(struct world *w)
{
	world_quiet_daemon(w, 2);
	world_qemu(w, 1, GUEST_FEATURES);
	world_client(w, 1, 1);
	world_check_console(w, 1, 1);
	w->workers_die = true;
}

struct cutter {
	struct guest *guest;
	atomic_bool stop;
};

/* Away and back again: what the worker meets is a matter of luck. */
static void *cut(void *arg)
{
	struct cutter *c = arg;
	const struct fe_region *r = &c->guest->region[0];

	while (!atomic_load(&c->stop)) {
		must(ftruncate(r->fd, 0) == 0, "ftruncate: errno %d", errno);
		must(ftruncate(r->fd, (off_t)r->size) == 0, "ftruncate");
	}
	return NULL;
}

/* Lines of the log about console 0 with @text in them. */
static unsigned int lines(const struct world *w, const char *text)
{
	char about[100];

	snprintf(about, sizeof(about), "console 0: %s", text);
	return daemon_log_count(&w->daemon, about);
}

static unsigned int deaths_by(const struct world *w, const char *how)
{
	unsigned int n = daemon_log_count(&w->daemon, how);

	must(n <= lines(w, "worker "), "next door: %s", how);
	return n;
}

/* One line for each, with its cause; a state that lost its memory has two. */
static unsigned int expect_only_these_deaths(const struct world *w)
{
	unsigned int bus = deaths_by(w, " was killed by SIGBUS after ");
	unsigned int state = deaths_by(w, " found its state invalid after ");

	must(bus > 0, "nobody met SIGBUS");
	must(bus + state == lines(w, "worker "),
	     "%u deaths, %u of SIGBUS, %u for the state",
	     lines(w, "worker "), bus, state);
	must(lines(w, "the state cannot be resumed: "
		   "a memory region cannot be mapped") == state,
	     "another state");
	return bus + state;
}

/*
 * Kicks and types while memory comes and goes, until the connection ends; the
 * guest's own rings are not looked at.
 */
static void use_what_is_cut(struct world *w)
{
	struct guest *g = &w->guest[0];
	struct cutter c = { .guest = g };
	uint64_t one = 1;
	pthread_t thread;

	must(pthread_create(&thread, NULL, cut, &c) == 0, "thread");
	for (unsigned int i = 0; i < ROUNDS; i++) {
		for (unsigned int r = 0; r < RINGS; r++)
			must(write(g->ring[r].kick, &one, 8) == 8, "kick");
		send(w->client[0].fd, "typed", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
		world_check_console(w, 1, 1);
		if (wait_fd(w->fe[0].fd, POLLIN | POLLHUP, wait_until(5)))
			break;
	}
	atomic_store(&c.stop, true);
	pthread_join(thread, NULL);
	must_threads();
}

static bool is_parked(const struct world *w)
{
	return daemon_log_count(&w->daemon, "console is parked") > 0;
}

/*
 * The supervisor has the fds it had, but for those of the worker that is not
 * there, and no more memory.
 */
static void expect_flat(const struct world *w, long fds, long rss)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (fds >= 0 && process_fds(w->daemon.pid) !=
	       fds - WORKER_FDS) {
		must(wait_left(deadline) > 0, "supervisor: %ld fds, then %ld",
		     fds, process_fds(w->daemon.pid));
		wait_pause();
	}
	printf("supervisor: %ld fds, %ld KiB, then %ld KiB\n", fds, rss,
	       process_rss_kb(w->daemon.pid));
	must(process_rss_kb(w->daemon.pid) <= rss + GROWTH_KB,
	     "supervisor: %ld KiB, then %ld", rss,
	     process_rss_kb(w->daemon.pid));
}

static void r_37_cut_again_and_again(void **state)
{
	struct world *w = *state;
	unsigned int n;
	long fds, rss;

	two_worlds(w);
	fds = process_fds_settled(w->daemon.pid);
	rss = process_rss_kb(w->daemon.pid);
	for (n = 0; n < SESSIONS && !is_parked(w); n++) {
		fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
		world_client(w, 0, 0);
		boot(w, n % 2 ? plain_file() : shared_memory());
		use_what_is_cut(w);
		fe_close(&w->fe[0]);
		tclient_close(&w->client[0]);
		forget_guest(&w->guest[0]);
	}
	must(is_parked(w), "not parked after %u sessions", n);
	printf("parked after %u sessions and %u deaths\n", n,
	       expect_only_these_deaths(w));
	must(lines(w, "worker ") <= DEATHS_MAX, "too many deaths");
	expect_flat(w, fds, rss);
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	world_check_console(w, 1, 1);
	world_end(w);
}

/* All of it, or only where the next bytes of output are. */
static void cut_and_print(struct world *w, off_t left)
{
	struct guest *g = &w->guest[0];
	struct gbuf buf = { g->region[0].gpa + g->region[0].size - 4096, 64,
			    false };

	gring_add(&g->ring[TX], &buf, 1);
	gring_publish(&g->ring[TX]);
	must(ftruncate(g->region[0].fd, left) == 0, "ftruncate");
	must(write(g->ring[TX].kick, &(uint64_t){ 1 }, 8) == 8, "kick");
}

static void r_37_one_cut_one_line(void **state)
{
	struct world *w = *state;

	two_worlds(w);
	for (unsigned int n = 1; n <= 2; n++) {
		fe_open_again(&w->fe[0], daemon_sock(&w->daemon, 0));
		boot(w, n == 2 ? plain_file() : shared_memory());
		cut_and_print(w, n == 2 ? 0 : MEMORY / 2);
		fe_expect_end(&w->fe[0]);
		daemon_log_wait(&w->daemon, "console 0: front-end detached", n);
		must(expect_only_these_deaths(w) == 2 * n,
		     "more than one death for each cut and state");
		must(deaths_by(w, "SIGBUS") == n, "%u cuts", n);
		fe_close(&w->fe[0]);
		forget_guest(&w->guest[0]);
		world_check_console(w, 1, 1);
	}
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

/* Nobody can cut it, and it is served. */
static void r_37_sealed(void **state)
{
	struct world *w = *state;
	int fd;

	two_worlds(w);
	w->workers_die = false;
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fd = sealed_memory();
	boot(w, fd);
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
		   F_SEAL_SEAL) == 0, "seals: errno %d", errno);
	must(ftruncate(fd, 0) < 0 && errno == EPERM, "it is cut");
	world_client(w, 0, 0);
	world_check_console(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_37_cut_again_and_again),
		WORLD_TEST(r_37_one_cut_one_line),
		WORLD_TEST(r_37_sealed),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
