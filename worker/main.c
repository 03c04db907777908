/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "worker/console.h"
#include "worker/control.h"
#include "worker/fault.h"
#include "worker/handover.h"
#include "worker/jail.h"
#include "worker/proof.h"
#include "worker/state_check.h"

#ifdef VDC_SANITIZERS
/*
 * The jail leaves no way to look for leaks, and a death by signal has to stay
 * one: the supervisor goes by it.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:handle_segv=0:handle_sigbus=0";
}
#endif

static struct worker_config config;

static void check_started_by_supervisor(void)
{
	int type;
	socklen_t len = sizeof(type);

	if (getsockopt(WORKER_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) ==
		    0 && type == SOCK_SEQPACKET)
		return;
	fputs("vhost-device-console-worker is started by vhost-device-console; see vhost-device-console(8)\n",
	      stderr);
	exit(WORKER_EXIT_CONTRACT);
}

static void receive_config(void)
{
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds;

	control_next(&msg, fds, &nfds, 1);
	fd_close_all(fds, nfds);
	if (msg.type != CTL_CONFIG || msg.config.contract != WORKER_CONTRACT) {
		log_error("worker and supervisor are of different versions");
		exit(WORKER_EXIT_CONTRACT);
	}
	config = msg.config;
	log_init_supervised(config.log_level);
}

static struct console_state *map_state(size_t *size)
{
	struct stat st;
	void *map;

	if (fstat(WORKER_FD_STATE, &st) < 0 ||
	    (size_t)st.st_size < STATE_RING_OFFSET) {
		log_error("the state has no room for a state");
		exit(WORKER_EXIT_STATE);
	}
	*size = (size_t)st.st_size;
	map = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   WORKER_FD_STATE, 0);
	if (map == MAP_FAILED) {
		log_error("mapping the state: %s", strerror(errno));
		exit(WORKER_EXIT_FAILED);
	}
	madvise(map, *size, MADV_DONTDUMP);
	close(WORKER_FD_STATE);
	return map;
}

static void stop(struct console *console)
{
	console_flush(console);
	_Exit(WORKER_EXIT_ASKED);
}

static void take_fd(struct console *console, const struct ctl_msg *msg,
		    int *fd)
{
	switch (msg->kind) {
	case FD_FRONTEND:
		if (console->vu.fd < 0)
			vu_attach(&console->vu, msg->id, fd_take(fd));
		return;
	case FD_CLIENT:
	case FD_TERM_IN:
	case FD_TERM_OUT:
		if (msg->index < CLIENTS_MAX)
			clients_attach(&console->clients, msg->kind,
				       msg->index, msg->id, fd_take(fd));
		console_service(console);
		return;
	}
}

static void handle(struct console *console, const struct ctl_msg *msg,
		   int *fds, unsigned int nfds)
{
	switch (msg->type) {
	case CTL_FD:
		if (nfds == 1)
			take_fd(console, msg, &fds[0]);
		break;
	case CTL_PAUSE:
		clients_pause(&console->clients, true);
		control_paused();
		break;
	case CTL_CONTINUE:
		clients_pause(&console->clients, false);
		break;
	case CTL_PING:
		control_pong(msg->id);
		break;
	case CTL_STOP:
		stop(console);
	}
	fd_close_all(fds, nfds);
}

static void control_cb(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_msg msg;
	int fds[PENDING_MAX];
	unsigned int nfds;

	(void)fd, (void)what;
	while (control_next(&msg, fds, &nfds, 0))
		handle(arg, &msg, fds, nfds);
}

/*
 * Control messages may have come while a callback, or the resume, waited for
 * an ack: no event tells of those.
 */
static void serve(struct event_base *base, struct console *console)
{
	do {
		if (control_has_deferred())
			control_cb(WORKER_FD_CONTROL, EV_READ, console);
	} while (event_base_loop(base, EVLOOP_ONCE) == 0);
}

int main(void)
{
	static struct console console;
	static struct handover handover;
	struct console_state *state;
	struct event_base *base;
	const char *error;
	size_t size;

	check_started_by_supervisor();
	log_init_supervised(LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	fault_init();
	receive_config();
	state = map_state(&size);
	base = loop_new();
	if (!base) {
		log_error("event loop: %s", strerror(errno));
		return WORKER_EXIT_FAILED;
	}
	if (proof_prepare(state)) {
		log_error("out of descriptors or memory");
		return WORKER_EXIT_FAILED;
	}
	jail_enter(config.sandbox, config.trial);
	if (config.trial)
		_Exit(WORKER_EXIT_ASKED);

	handover_receive(&handover);
	error = state_check(state, size, &config);
	if (!error) {
		console_init(&console, state, &config, base);
		event_add(loop_event(base, WORKER_FD_CONTROL,
				     EV_READ | EV_PERSIST, control_cb,
				     &console), NULL);
		error = handover_resume(&handover, &console);
	}
	if (error) {
		log_error("the state cannot be resumed: %s", error);
		_Exit(WORKER_EXIT_STATE);
	}
	control_ready();
	serve(base, &console);
	return WORKER_EXIT_FAILED;
}
