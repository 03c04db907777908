/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/machine.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/fuzz/input.h"
#include "worker/control.h"
#include "worker/handover.h"
#include "worker/state_check.h"

static struct console console;
static struct handover handover;

struct console *machine_console(void)
{
	return &console;
}

/* One call for all of them: this runs for every input. */
static void look_at_fds(bool open[MACHINE_FDS])
{
	struct pollfd p[MACHINE_FDS];

	for (int fd = 0; fd < MACHINE_FDS; fd++)
		p[fd] = (struct pollfd){ .fd = fd };
	fuzz_check(poll(p, MACHINE_FDS, 0) >= 0, "poll");
	for (int fd = 0; fd < MACHINE_FDS; fd++)
		open[fd] = !(p[fd].revents & POLLNVAL);
}

static bool in_store(int fd)
{
	for (unsigned int i = 0; i < FDSTORE_PLACES; i++)
		if (overseer.store.place[i].fd == fd)
			return true;
	return false;
}

/* What a call had open just when it died, and nobody else knows of. */
static void close_lost(struct machine *m)
{
	bool open[MACHINE_FDS];

	look_at_fds(open);
	for (int fd = 0; fd < MACHINE_FDS; fd++)
		if (open[fd] && !m->open_at_call[fd] && !in_store(fd))
			close(fd);
	look_at_fds(m->open_at_call);
}

static void check_fds(const struct machine *m)
{
	bool open[MACHINE_FDS];

	look_at_fds(open);
	for (int fd = 0; fd < MACHINE_FDS; fd++)
		fuzz_check(open[fd] == m->open_before[fd],
			   "fd %d is left open", fd);
}

/* What the end of a process does: no word to anyone. */
static void bury(struct machine *m)
{
	struct vu *vu = &console.vu;

	overseer.alive = false;
	loop_event_free(&console.again_ev);
	loop_event_free(&console.hold_ev);
	loop_event_free(&vu->read_ev);
	loop_event_free(&vu->write_ev);
	fd_close(&vu->fd);
	fd_close(&vu->backend);
	fd_close_all(vu->pending, vu->npending);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		vq_stop(&vu->vq[i]);
		vq_set_kick(&vu->vq[i], -1, false);
		vq_set_call(&vu->vq[i], -1);
		vq_set_err(&vu->vq[i], -1);
	}
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &console.clients.client[i];

		loop_event_free(&client->in_ev);
		loop_event_free(&client->out_ev);
		fd_close(&client->in);
		/* a socket is one for both */
		if (client->terminal)
			fd_close(&client->out);
	}
	for (unsigned int kind = 0; kind < FD_KINDS; kind++)
		fd_close_all(handover.fd[kind], MEM_SLOTS_MAX);
	if (vu->gmem_changed)
		gmem_release(&vu->next_gmem, &vu->gmem);
	gmem_release(&vu->gmem, NULL);
	event_base_free(m->base);
	m->base = NULL;
	m->up = false;
}

/* As worker/main.c does it. */
static void come_up(struct machine *m, uintptr_t arg)
{
	const char *error;

	(void)arg;
	m->base = loop_new();
	fuzz_check(m->base, "no event base");
	memset(handover.fd, -1, sizeof(handover.fd));
	console_init(&console, m->state, &m->config, m->base);
	m->up = true;
	m->config.last_id = m->next_id;
	error = state_check(m->state, MACHINE_STATE, &m->config);
	fuzz_check(!error || !m->sound, "state: %s", error);
	if (!error) {
		handover_receive(&handover);
		error = handover_resume(&handover, &console);
		fuzz_check(!error || !overseer.trusted, "resume: %s", error);
	}
	if (error)
		bury(m);
}

static void guarded(struct machine *m,
		    void (*call)(struct machine *, uintptr_t), uintptr_t arg)
{
	overseer.alive = true;
	call(m, arg);
	overseer.alive = false;
}

void machine_call(struct machine *m,
		  void (*call)(struct machine *m, uintptr_t arg),
		  uintptr_t arg)
{
	static volatile bool died;

	if (!m->up && call != come_up)
		return;
	died = false;
	look_at_fds(m->open_at_call);
	if (setjmp(overseer_death)) {
		died = true;
		bury(m);
		close_lost(m);
		overseer_new_worker();
		if (m->between) {
			m->between(m);
			look_at_fds(m->open_at_call);
		}
	}
	if (died)
		guarded(m, come_up, 0);
	else
		guarded(m, call, arg);
	/* it exited, and left the rest to that */
	if (!m->up)
		close_lost(m);
}

static void blank_state(struct machine *m)
{
	memset(m->state, 0, MACHINE_STATE);
	m->state->magic = STATE_MAGIC;
	m->state->version = STATE_VERSION;
	m->state->size = sizeof(*m->state);
	m->state->ring_size = MACHINE_RING;
	m->sound = overseer.trusted = true;
}

void machine_start(struct machine *m, const struct worker_config *config)
{
	signal(SIGPIPE, SIG_IGN);
	*m = (struct machine){ .config = *config, .frontend = -1 };
	look_at_fds(m->open_before);
	memset(m->client, -1, sizeof(m->client));
	overseer_reset();
	/* of the exact size, so that a sanitizer sees an access past its end */
	m->state = malloc(MACHINE_STATE);
	fuzz_check(m->state, "out of memory");
	blank_state(m);
	machine_call(m, come_up, 0);
}

void machine_stop(struct machine *m)
{
	if (m->up)
		bury(m);
	fd_close(&m->frontend);
	fd_close_all(m->client, CLIENTS_MAX);
	fdstore_clear(&overseer.store);
	fuzz_check(overseer.maps == 0, "%d mappings left", overseer.maps);
	check_fds(m);
	free(m->state);
}

static bool stored(enum fd_kind kind, unsigned int index)
{
	uint64_t id;

	return fdstore_get(&overseer.store, kind, index, &id) >= 0;
}

void machine_check_store(const struct machine *m)
{
	const struct state_session *s = STATE_CURRENT(&m->state->session);

	if (!m->up || !overseer.trusted)
		return;
	for (unsigned int i = 0; i < MEM_SLOTS_MAX; i++)
		fuzz_check(stored(FD_MEM, i) == !!s->region[i].size,
			   "memory slot %u of %llu bytes", i,
			   (unsigned long long)s->region[i].size);
	for (unsigned int i = 0; i < CONSOLE_RINGS; i++) {
		const struct vq *vq = &console.vu.vq[i];
		bool kick = s->ring[i].kick == NOTIFIER_FD;
		bool call = s->ring[i].call == NOTIFIER_FD;

		fuzz_check(stored(FD_CALL, i) == call &&
			   (vq->call >= 0) == call, "call fd of ring %u", i);
		/* one that cannot be read is given up here, not in the store */
		fuzz_check(stored(FD_KICK, i) == kick &&
			   ((vq->kick >= 0) == kick || vq->poll),
			   "kick fd of ring %u", i);
	}
}

static void turns(struct machine *m, uintptr_t n)
{
	while (n-- && event_base_loop(m->base, EVLOOP_NONBLOCK) == 0)
		;
}

void machine_run(struct machine *m, unsigned int n)
{
	machine_call(m, turns, n);
}

void machine_replace(struct machine *m)
{
	if (!m->up)
		return;
	bury(m);
	overseer_new_worker();
	machine_call(m, come_up, 0);
}

static void flush(struct machine *m, uintptr_t arg)
{
	(void)m, (void)arg;
	console_flush(&console);
}

void machine_end(struct machine *m)
{
	machine_call(m, flush, 0);
	machine_replace(m);
}

static void set_paused(struct machine *m, uintptr_t paused)
{
	(void)m;
	clients_pause(&console.clients, paused);
}

void machine_pause(struct machine *m, bool paused)
{
	machine_call(m, set_paused, paused);
}

void machine_reset(struct machine *m)
{
	uint64_t id;

	blank_state(m);
	if (fdstore_get(&overseer.store, FD_FRONTEND, 0, &id) >= 0)
		fdstore_drop(&overseer.store, FD_FRONTEND, 0, id);
	overseer_new_worker();
	m->config.reset = 1;
	machine_call(m, come_up, 0);
	m->config.reset = 0;
}

/* A fresh socket pair: one end in the store, as the supervisor accepts it. */
static int accept_one(struct machine *m, enum fd_kind kind,
		      unsigned int index, int *ours)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       sv) < 0)
		return -1;
	if (fdstore_set(&overseer.store, kind, index, m->next_id + 1, sv[1])) {
		fd_close_all(sv, 2);
		return -1;
	}
	m->next_id++;
	/* small, so that a reader who does not read is soon in the way */
	if (kind == FD_CLIENT || m->narrow)
		setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &(int){ 1 },
			   sizeof(int));
	fd_close(ours);
	*ours = sv[0];
	return 0;
}

/* CTL_FD for what is not handed over yet, as worker/main.c takes it. */
static void take_new(struct machine *m, uintptr_t arg)
{
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds;

	(void)m, (void)arg;
	while (control_next(&msg, fds, &nfds, 0)) {
		if (msg.type != CTL_FD)
			continue;
		if (msg.kind == FD_FRONTEND) {
			if (console.vu.fd < 0)
				vu_attach(&console.vu, msg.id,
					  fd_take(&fds[0]));
		} else {
			clients_attach(&console.clients, msg.kind, msg.index,
				       msg.id, fd_take(&fds[0]));
			console_service(&console);
		}
		fd_close_all(fds, nfds);
	}
}

void machine_connect(struct machine *m)
{
	if (!accept_one(m, FD_FRONTEND, 0, &m->frontend))
		machine_call(m, take_new, 0);
}

void machine_disconnect(struct machine *m)
{
	fd_close(&m->frontend);
}

void machine_offer(struct machine *m, unsigned int slot)
{
	accept_one(m, FD_CLIENT, slot, &m->client[slot]);
}

void machine_attach(struct machine *m, unsigned int slot)
{
	if (!accept_one(m, FD_CLIENT, slot, &m->client[slot]))
		machine_call(m, take_new, 0);
}

void machine_terminal(struct machine *m, int in, int out)
{
	struct fdstore *store = &overseer.store;
	uint64_t id = m->next_id + 1;

	if (stored(FD_CLIENT, 0) || stored(FD_TERM_IN, 0) ||
	    stored(FD_TERM_OUT, 0) || in < 0 || out < 0 ||
	    fdstore_set(store, FD_TERM_OUT, 0, id, out)) {
		fd_close(&in);
		fd_close(&out);
		return;
	}
	m->next_id = id;
	if (fdstore_set(store, FD_TERM_IN, 0, id, in))
		fd_close(&in);
	machine_call(m, take_new, 0);
}

/* Both of its fds are one socket. */
static void socket_terminal(struct machine *m)
{
	int sv[2];

	if (stored(FD_CLIENT, 0) || stored(FD_TERM_IN, 0) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       sv) < 0)
		return;
	setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int));
	fd_close(&m->client[0]);
	m->client[0] = sv[0];
	machine_terminal(m, dup(sv[1]), sv[1]);
}

void machine_detach(struct machine *m, unsigned int slot)
{
	fd_close(&m->client[slot]);
}

void machine_client(struct machine *m, uint8_t what)
{
	unsigned int slot = what >> 4;
	char bytes[256];

	switch (what & 7) {
	case 0: case 1:
		if (!slot && what & 8)
			socket_terminal(m);
		else if (slot || !stored(FD_TERM_IN, 0))
			machine_attach(m, slot);
		break;
	case 2:
		machine_detach(m, slot);
		break;
	case 3:
		shutdown(m->client[slot], SHUT_WR);
		break;
	case 4:
		shutdown(m->client[slot], SHUT_RD);
		break;
	case 5:
		recv(m->client[slot], bytes, sizeof(bytes), MSG_DONTWAIT);
		break;
	default:
		memset(bytes, 'x', sizeof(bytes));
		bytes[sizeof(bytes) - 1] = 'y';
		send(m->client[slot], bytes, what & 8 ? 256 : 5,
		     MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}
