/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/obedient.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/state.h"
#include "supervisor/cause.h"

static struct console_state *shared;

static _Noreturn void loop(void)
{
	for (;;)
		atomic_signal_fence(memory_order_seq_cst);
}

static void pong(uint64_t id)
{
	const struct ctl_msg m = { .type = CTL_PONG, .id = id };

	ctl_send(WORKER_FD_CONTROL, &m, NULL, 0);
}

static void obey(int fd)
{
	const struct ctl_msg nonsense = { .type = 12345 };
	char text[32];
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(WORKER_EXIT_FAILED);
	switch (byte) {
	case OBEDIENT_PID:
		snprintf(text, sizeof(text), "%d", (int)getpid());
		send(fd, text, strlen(text), 0);
		break;
	case OBEDIENT_PROGRESS:
		atomic_fetch_add(&shared->progress, 1);
		break;
	case OBEDIENT_NONSENSE:
		ctl_send(WORKER_FD_CONTROL, &nonsense, NULL, 0);
		break;
	case OBEDIENT_HANG_UP:
		close(WORKER_FD_CONTROL);
		for (;;)
			pause();
	case OBEDIENT_WORK:
		atomic_fetch_add(&shared->pulse, 1);
		loop();
	case OBEDIENT_LOOP:
		loop();
	case OBEDIENT_END:
		_exit(WORKER_EXIT_ASKED);
	case OBEDIENT_BAD_STATE:
		_exit(WORKER_EXIT_STATE);
	case OBEDIENT_LIE:
		_exit(CAUSE_EXIT_EXEC_LATER);
	case OBEDIENT_FAIL:
		_exit(WORKER_EXIT_FAILED);
	default:
		signal(byte, SIG_DFL);
		raise(byte);
	}
}

int obedient_worker(const char *order)
{
	const struct ctl_msg is_ready = { .type = CTL_READY };
	struct pollfd p[2] = { { WORKER_FD_CONTROL, POLLIN, 0 },
			       { -1, POLLIN, 0 } };
	int status, client = -1;

	if (sscanf(order, "socket=exit %d", &status) == 1)
		return status;
	if (!strcmp(order, "socket=loop"))
		loop();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED, WORKER_FD_STATE, 0);
	if (shared == MAP_FAILED || shared->magic != STATE_MAGIC)
		return WORKER_EXIT_STATE;
	while (poll(p, 2, -1) > 0) {
		int fds[PENDING_MAX];
		unsigned int nfds;
		struct ctl_msg msg;

		if (p[1].revents)
			obey(client);
		if (ctl_recv(WORKER_FD_CONTROL, &msg, fds, &nfds))
			continue;
		if (msg.type == CTL_FD && msg.kind == FD_CLIENT)
			client = fds[0];
		if (msg.type == CTL_PING)
			pong(msg.id);
		if (msg.type == CTL_START) {
			pong(0);
			ctl_send(WORKER_FD_CONTROL, &is_ready, NULL, 0);
		}
		if (msg.type == CTL_STOP)
			return WORKER_EXIT_ASKED;
		if (msg.type == CTL_START || msg.type == CTL_FD)
			p[1].fd = client;
	}
	return WORKER_EXIT_FAILED;
}

bool obedient_asked(int argc, char *const *argv)
{
	return argc == 3 && !strncmp(argv[1], "console=", 8);
}
