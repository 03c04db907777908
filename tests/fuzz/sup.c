/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/sup.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/attach.h"
#include "supervisor/tcp_peer.h"
#include "supervisor/worker.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sup-clock.h"
#include "tests/fuzz/sup-fds.h"
#include "tests/fuzz/sup-log.h"
#include "tests/fuzz/sup-model.h"
#include "tests/fuzz/sup-worker.h"

#define PASSES_MAX	64		/* after which nothing moves any more */
#define PATIENCE_US	200000		/* closing takes no longer */

int __wrap_event_base_dispatch(struct event_base *base);
bool __wrap_tcp_peer_closed(const struct tcp_ends *ends);
int __wrap_raise(int sig);

struct sup sup;

static void (*tell)(void);
static struct fdstore before;		/* the neighbour's, at the start */
static int listener[2] = { -1, -1 };

struct console *sup_taken(void)
{
	return &sup.s.table.console[SUP_TAKEN];
}

struct console *sup_neighbour(void)
{
	return sup.s.table.count > 1 ? &sup.s.table.console[SUP_NEIGHBOUR] :
				       NULL;
}

bool __wrap_tcp_peer_closed(const struct tcp_ends *ends)
{
	(void)ends;
	return sup.hang_up_seen;
}

/* The terminal's stop key stops nobody here. */
int __wrap_raise(int sig)
{
	fuzz_check(sig == SIGTSTP, "signal %d", sig);
	return 0;
}

static void check_neighbour(void)
{
	const struct console *c = sup_neighbour();
	const struct sup_worker *w = &sup.worker[SUP_NEIGHBOUR];

	if (!c || sup.told || !before.count)
		return;
	fuzz_check(c->worker.state == WORKER_READY && !c->worker.condemned &&
		   c->worker.pid == w->pid && !w->dead,
		   "the neighbour's worker is in state %d", c->worker.state);
	fuzz_check(!memcmp(&c->store, &before, sizeof(before)),
		   "the neighbour's fds are others");
	for (unsigned int i = 0; i < FDSTORE_PLACES; i++)
		if (before.place[i].fd >= 0)
			fuzz_check(fcntl(before.place[i].fd, F_GETFD) >= 0,
				   "the neighbour's fd %u is closed", i);
}

static void one_pass(void)
{
	sup.receives = 0;
	sup.inside = true;
	event_base_loop(sup.s.base, EVLOOP_NONBLOCK);
	sup.inside = false;
	if (event_base_got_break(sup.s.base)) {
		fuzz_check(sup.told, "nobody told it to end");
		sup.ended = true;
	}
	workers_serve();
	if (!sup.slow)
		fds_settle();
}

void sup_pass(void)
{
	unsigned int passes = 0;

	do {
		sup.moved = 0;
		one_pass();
		fuzz_check(++passes < PASSES_MAX, "it never comes to rest");
	} while (sup.moved && !sup.ended);
	model_check();
	fds_check();
	heard_check();
	check_neighbour();
}

void sup_wait(uint64_t us)
{
	uint64_t end = clock_now() + us;

	if (us > PATIENCE_US) {
		sup.slow = false;
		worker_unstick();
		fds_settle();
	}
	while (!sup.ended && clock_next(end))
		sup_pass();
}

static int connection(void)
{
	int pair[2];

	fuzz_check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			       SOCK_NONBLOCK, 0, pair), "errno %d", errno);
	if (sup.peers < 64)
		sup.peer[sup.peers++] = pair[0];
	else
		fd_close(&pair[0]);
	return pair[1];
}

static void connect_to(struct console *c, enum fd_kind kind)
{
	const struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = connection();

	sup.inside = true;
	if (kind == FD_FRONTEND)
		attach_frontend(c, fd);
	else
		attach_client(c, fd, &from);
	sup.inside = false;
}

void sup_connect(enum fd_kind kind)
{
	if (!fdstore_is_behind(&sup_taken()->store))
		connect_to(sup_taken(), kind);
}

void sup_disconnect(unsigned int which)
{
	if (sup.peers)
		shutdown(sup.peer[which % 128 % sup.peers],
			 which & 128 ? SHUT_RDWR : SHUT_WR);
}

/* The neighbour has all it needs, and then nothing changes that. */
static void settle_in(void)
{
	struct console *c = sup_neighbour();

	if (sup.s.tty.fd >= 0)
		fuzz_check(!attach_terminal(sup_taken(), connection(),
					    connection()), "terminal");
	sup_pass();
	if (!c)
		return;
	connect_to(c, FD_FRONTEND);
	connect_to(c, FD_CLIENT);
	sup_pass();
	fuzz_check(c->worker.state == WORKER_READY, "state %d",
		   c->worker.state);
	before = c->store;
}

/* What came before was no harm: it is served as ever. */
static void serve_neighbour(void)
{
	const struct ctl_msg put = { .type = CTL_PUT, .id = 1 };
	const struct ctl_msg commit = {
		.type = CTL_COMMIT, .id = 1, .nplaces = 1,
		.place = { { FD_KICK, 0, 0, 0 } },
	};
	struct console *c = sup_neighbour();
	int control = sup.worker[SUP_NEIGHBOUR].control;
	uint64_t id;

	if (!c || sup.told)
		return;
	before.count = 0;
	sup.acks = 0;
	fuzz_check(!ctl_send(control, &put, &control, 1), "put");
	sup_pass();
	fuzz_check(sup.acks == 1 && !sup.ack_error, "put: %d", sup.ack_error);
	fuzz_check(!ctl_send(control, &commit, NULL, 0), "commit");
	sup_pass();
	fuzz_check(sup.acks == 2 && !sup.ack_error &&
		   fdstore_get(&c->store, FD_KICK, 0, &id) >= 0,
		   "commit: %d", sup.ack_error);
	heard_neighbour("all is well");
}

/* Instead of the loop. */
int __wrap_event_base_dispatch(struct event_base *base)
{
	sup.inside = false;
	settle_in();
	tell();
	sup.slow = false;
	/* what came in one go is there as well */
	if (!sup.ended)
		sup_pass();
	sup_wait(PATIENCE_US + 1);
	/* 700 ms after it is told to end it does, whatever its workers do */
	if (sup.told && !sup.ended)
		sup_wait(700000);
	fuzz_check(sup.ended == sup.told, "it goes on");
	serve_neighbour();
	event_base_loopbreak(base);
	return 0;
}

static void listen_on(int *fd)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };

	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fuzz_check(*fd >= 0 && !bind(*fd, (const void *)&any,
				     sizeof(sa_family_t)) && !listen(*fd, 1),
		   "errno %d", errno);
}

/* Once a process. */
static void prepare(void)
{
	struct rlimit limit;

	if (listener[0] >= 0)
		return;
	signal(SIGPIPE, SIG_IGN);
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < SUP_FDS &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < SUP_FDS ? limit.rlim_max :
							    SUP_FDS;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	listen_on(&listener[0]);
	listen_on(&listener[1]);
}

static void close_console(struct console *c)
{
	worker_clear(c);
	fdstore_clear(&c->store);
	fd_close(&c->waiting_frontend);
	fd_close(&c->state);
}

void sup_run(void (*story)(void))
{
	struct supervisor *s = &sup.s;
	unsigned int consoles = sup.options.socket_count;

	prepare();
	tell = story;
	before.count = 0;
	clock_start();
	fds_start();
	model_start();
	heard_start();
	workers_start();
	s->options = &sup.options;
	fuzz_check(!console_table_init(&s->table, s, s->options, sup.budget),
		   "out of memory");
	for (unsigned int i = 0; i < consoles; i++)
		s->table.console[i].frontend_listener = listener[i];
	sup.inside = true;
	fuzz_check(!supervise(s), "it cannot serve");
	sup.inside = true;
	for (unsigned int i = 0; i < consoles; i++)
		close_console(&s->table.console[i]);
	sup.inside = false;
	clock_stop();
	event_base_free(s->base);
	free(s->jobctl);
	workers_stop();
	fd_close_all(sup.peer, sup.peers);
	fds_stop();
	free(s->table.console);
	fd_close(&s->tty.fd);
	fd_close(&s->tty.in);
	fd_close(&s->tty.out);
}
