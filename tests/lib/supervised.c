/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/supervised.h"

#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/attach.h"
#include "supervisor/half_closed.h"
#include "supervisor/spawn.h"
#include "supervisor/turn.h"
#include "supervisor/worker.h"
#include "supervisor/worker_link.h"
#include "tests/lib/must.h"

/* What one pass sends another one receives. */
#define PASSES	4

const struct sockaddr_in nobody;

static void open_console(struct supervised *s, unsigned int index)
{
	struct console *c = &s->console[index];

	*c = (struct console){
		.index = index,
		.supervisor = &s->supervisor,
		.waiting_frontend = -1,
		.state = -1,
		.plan = STATE_FRESH,
		.worker = { .pidfd = -1, .control = -1, .log = { .fd = -1 } },
	};
	strcpy(c->socket.path, "none");
	fdstore_init(&c->store, 0, FDSTORE_PLACES);
	must(!worker_init(c) && !link_init(c) && !half_closed_init(c) &&
	     !turn_init(c, s->supervisor.base), "out of memory");
}

/* Once a process; what its parent left open is in the way. */
static void reserve_fds(void)
{
	static bool done;

	if (done)
		return;
	close_range(STDERR_FILENO + 1, ~0U, 0);
	must(!spawn_reserve(), "/dev/null");
	done = true;
}

void supervised_open(struct supervised *s, unsigned int consoles)
{
	reserve_fds();
	s->options = (struct options){
		.max_queue_size = 128,
		.scrollback_size = 65536,
		.overflow = OVERFLOW_WAIT,
		.wait_ms = 2000,
		.notices = true,
		.escape = 0x1d,
	};
	s->supervisor = (struct supervisor){
		.options = &s->options,
		.table = { s->console, consoles },
		.program = open("/proc/self/exe", O_PATH | O_CLOEXEC),
		.null = open("/dev/null", O_RDWR | O_CLOEXEC),
		.filter = open("/dev/null", O_RDWR | O_CLOEXEC),
		.base = event_base_new(),
	};
	tty_init(&s->supervisor.tty);
	for (unsigned int i = 0; i < consoles; i++)
		open_console(s, i);
}

static void close_console(struct console *c)
{
	siginfo_t info;

	worker_kill(c);
	if (c->worker.pidfd >= 0)
		waitid(P_PIDFD, (id_t)c->worker.pidfd, &info, WEXITED);
	worker_clear(c);
	fdstore_clear(&c->store);
	fd_close(&c->waiting_frontend);
	fd_close(&c->state);
	event_free(c->worker_timer);
	event_free(c->log_timer);
	event_free(c->retry_timer);
	event_free(c->half_closed_timer);
	event_free(c->turn_timer);
}

int supervised_serving(struct supervised *s)
{
	struct console *console = s->console;
	int pair[2];

	supervised_open(s, 1);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0, pair))
		return -1;
	attach_frontend(console, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
					0));
	console->worker.state = WORKER_STARTING;
	if (link_open(console, pair[0]) || worker_ready(console))
		return -1;
	return pair[1];
}

void supervised_close(struct supervised *s)
{
	for (unsigned int i = 0; i < s->supervisor.table.count; i++)
		close_console(&s->console[i]);
	event_base_free(s->supervisor.base);
	fd_close(&s->supervisor.program);
	fd_close(&s->supervisor.null);
	fd_close(&s->supervisor.filter);
}

void supervised_run(struct supervised *s)
{
	unsigned int passes = 0;
	struct event_base *base = s->supervisor.base;

	do
		event_base_loop(base, EVLOOP_NONBLOCK);
	while (++passes < PASSES && !event_base_got_break(base));
}
