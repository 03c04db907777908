/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * T-27: after any number of sessions that end in any way, worker and
 * supervisor hold the fds they began with.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/lib/world.h"

#define SESSIONS	10000
#define CLIENTS		1000
#define WARM_UP		200
#define SETTLED		200		/* looks in a row */
#define KINDS		9
#define MANY_FDS	40

struct leaks {
	struct frontend fe;
	struct guest guest;
	int fd;
};

static struct fe_msg with_fds(struct fe_msg m, int fd, unsigned int n)
{
	for (m.nfds = 0; m.nfds < n;)
		m.fds[m.nfds++] = fd;
	return m;
}

/* The header and a part of the payload; the rest never comes. */
static void send_part(struct frontend *fe, struct fe_msg m, size_t len)
{
	fe_write(fe, &m, len, m.fds, m.nfds);
}

static void whole_session(struct leaks *l)
{
	struct guest *g = &l->guest;

	for (unsigned int i = 0; i < RINGS; i++)
		gring_reset(&g->ring[i], 0);
	fe_qemu_realize(&l->fe, g, ~0ULL);
	fe_qemu_start(&l->fe, g, GUEST_FEATURES);
	guest_boot(g);
}

static void session(struct leaks *l, unsigned int kind)
{
	struct guest *g = &l->guest;
	struct frontend *fe = &l->fe;
	struct fe_msg table = fe_msg_table(g->region, g->nregions);
	struct fe_msg unknown = fe_msg(FE_UNKNOWN);

	switch (kind) {
	case 0:
		break;
	case 1:
		fe_tell(fe, with_fds(unknown, l->fd, 3));
		fe_barrier(fe);
		break;
	case 2:
		unknown.size = FE_PAYLOAD_MAX + 1;
		send_part(fe, with_fds(unknown, l->fd, 2), FE_HEADER);
		fe_expect_end(fe);
		break;
	case 3:
		/* More than there is room for, in one message. */
		fe_tell(fe, with_fds(unknown, l->fd, MANY_FDS));
		break;
	case 4:
		whole_session(l);
		break;
	case 5:
		send_part(fe, with_fds(unknown, l->fd, 1), 5);
		break;
	case 6:
		send_part(fe, table, FE_HEADER + 20);
		break;
	case 7:
		fe_tell(fe, with_fds(table, l->fd, 8));
		fe_tell(fe, fe_msg_fd(FE_SET_VRING_KICK, 77, l->fd));
		fe_tell(fe, with_fds(fe_msg_u64(FE_SET_VRING_CALL, 1), l->fd,
				     2));
		fe_tell(fe, fe_msg_fd(FE_SET_VRING_CALL, 1 | FE_NOFD, l->fd));
		break;
	case 8:
		fe_tell(fe, table);
		fe_tell(fe, table);
		fe_tell(fe, with_fds(fe_msg(FE_SET_OWNER), l->fd, 4));
		break;
	}
}

/* Only root may count the fds of what is not dumpable; all may read a log. */
struct count {
	long worker;
	long supervisor;
	unsigned int attached;
};

static struct count count(const struct world *w)
{
	const struct daemon *d = &w->daemon;

	return (struct count){
		.worker = process_fds(w->worker[0]),
		.supervisor = process_fds(d->pid),
		.attached = daemon_log_count(d, " attached") -
			    daemon_log_count(d, "are attached") -
			    daemon_log_count(d, " detached"),
	};
}

static bool is_same(const struct count *a, const struct count *b)
{
	return a->worker == b->worker && a->supervisor == b->supervisor &&
	       a->attached == b->attached;
}

/* What is on its way to be closed is not counted: it has stayed the same. */
static struct count settled_count(const struct world *w)
{
	uint64_t deadline = wait_until(WAIT_MS);
	struct count last = count(w);

	for (unsigned int same = 0; same < SETTLED;) {
		struct count now;

		must(wait_left(deadline) > 0, "fds come and go");
		wait_pause();
		now = count(w);
		same = is_same(&now, &last) ? same + 1 : 0;
		last = now;
	}
	return last;
}

static void expect_count(const struct world *w, const struct count *before)
{
	uint64_t deadline = wait_until(WAIT_MS);

	for (;;) {
		struct count now = count(w);

		if (is_same(&now, before))
			return;
		must(wait_left(deadline) > 0,
		     "worker: %ld fds, then %ld; supervisor: %ld, then %ld; "
		     "%u peers, then %u", before->worker, now.worker,
		     before->supervisor, now.supervisor, before->attached,
		     now.attached);
		wait_pause();
	}
}

/* The log leaves out nobody who comes or goes. */
static void counting_daemon(struct world *w)
{
	world_daemon(w, 1, DAEMON_OPTIONS("--notices", "off", "--log-level",
					  "debug"));
}

static void t_27_fds_after_many_sessions(void **state)
{
	struct world *w = *state;
	const char *sock;
	struct leaks l = { .fd = eventfd(0, EFD_CLOEXEC) };
	struct count before = { 0 };
	long slots = 0, mapped = 0;

	counting_daemon(w);
	sock = daemon_sock(&w->daemon, 0);
	guest_init(&l.guest);
	guest_like_qemu(&l.guest, 8);
	for (unsigned int i = 0; i < SESSIONS; i++) {
		fe_open_again(&l.fe, sock);
		session(&l, i % KINDS);
		fe_close(&l.fe);
		if (i != WARM_UP)
			continue;
		fe_open_again(&l.fe, sock);
		before = settled_count(w);
		slots = process_fd_slots(w->worker[0]);
		mapped = process_vm_kb(w->worker[0]);
		fe_close(&l.fe);
	}
	fe_open_again(&l.fe, sock);
	expect_count(w, &before);
	must(process_fd_slots(w->worker[0]) == slots, "more fd slots");
	must(process_vm_kb(w->worker[0]) < mapped + 32 * 1024,
	     "guest memory stays mapped: %ld KiB, then %ld", mapped,
	     process_vm_kb(w->worker[0]));
	whole_session(&l);
	fe_close(&l.fe);
	guest_destroy(&l.guest);
	close(l.fd);
	world_end(w);
}

/*
 * They are let in by turns: whoever waits when all that were in are gone again
 * is before this one. It may find no place, and comes again.
 */
static void await_all_let_in(const struct world *w)
{
	uint64_t deadline = wait_until(WAIT_MS);
	struct tclient c = { .fd = -1 };
	char line[64];

	do {
		must(wait_left(deadline) > 0, "not let in");
		tclient_close(&c);
		tclient_open(&c, w->daemon.port, 0);
		snprintf(line, sizeof(line), "client 127.0.0.1:%u attached",
			 tclient_port(&c));
		while (daemon_log_count(&w->daemon, line) == 0 &&
		       !wait_fd(c.fd, POLLIN, wait_until(1)))
			must(wait_left(deadline) > 0, "not looked at");
	} while (daemon_log_count(&w->daemon, line) == 0);
	tclient_close(&c);
}

/* The same for clients, of a guest that reads. */
static void fds_after_many_clients(void **state)
{
	struct world *w = *state;
	char drop[4096];
	struct count before;

	counting_daemon(w);
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
	world_check_console(w, 0, 0);
	before = settled_count(w);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct tclient c;

		tclient_open(&c, w->daemon.port, 0);
		if (i % 3 == 0)
			tclient_send_some(&c, "x", 1);
		if (i % 2 == 0)
			tclient_reset(&c);
		else
			tclient_close(&c);
		while (guest_read(&w->guest[0], drop, sizeof(drop), 0) > 0)
			;
	}
	while (guest_read(&w->guest[0], drop, sizeof(drop), 100) > 0)
		;
	await_all_let_in(w);
	expect_count(w, &before);
	/* now nobody is left who could type */
	while (guest_read(&w->guest[0], drop, sizeof(drop), 0) > 0)
		;
	world_check_console(w, 0, 0);
	world_end(w);
}

/* And of none at all: nobody reads, nobody prints. */
static void fds_after_clients_without_a_guest(void **state)
{
	struct world *w = *state;
	struct count before;

	counting_daemon(w);
	/* Its worker runs, that is all that is needed. */
	fe_open(&w->fe[0], daemon_sock(&w->daemon, 0));
	fe_barrier(&w->fe[0]);
	before = settled_count(w);
	world_client(w, 0, 0);
	before.attached++;
	if (before.worker >= 0) {
		before.worker++;
		before.supervisor++;
	}
	expect_count(w, &before);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct tclient c;

		tclient_open(&c, w->daemon.port, 0);
		if (i % 2 == 0)
			tclient_reset(&c);
		else
			tclient_close(&c);
		if (i % 10 == 0)
			expect_count(w, &before);
	}
	await_all_let_in(w);
	expect_count(w, &before);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(t_27_fds_after_many_sessions),
		WORLD_TEST(fds_after_many_clients),
		WORLD_TEST(fds_after_clients_without_a_guest),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("leaks", tests, NULL, NULL);
}
