/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ctl.h"
#include "common/fd.h"
#include "common/userns.h"
#include "supervisor/cause.h"
#include "supervisor/log_stream.h"
#include "supervisor/spawn.h"
#include "supervisor/statefd.h"
#include "supervisor/worker_end.h"

#define TRY_MS		10000

static int send_config(const struct supervisor *s, int control)
{
	struct ctl_msg msg = { .type = CTL_CONFIG };

	msg.config = (struct worker_config){
		.contract = WORKER_CONTRACT,
		.sandbox = s->options->sandbox,
		.trial = 1,
		.log_level = log_get_level(),
	};
	return ctl_send(control, &msg, NULL, 0);
}

/* Returns 0 or -errno; then @info says how the worker ended. */
static int await_end(int pidfd, siginfo_t *info)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, TRY_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (waitid(P_PIDFD, (id_t)pidfd, info, WEXITED))
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

static int run(struct supervisor *s, const int *control, int log, int state,
	       siginfo_t *info)
{
	const struct spawn spawn = {
		.program = s->program, .null = s->null, .log = log,
		.control = control[1], .state = state,
		.filter = s->filter, .proof = s->proof,
		.namespaces = s->namespaces,
	};
	int pidfd = -1;
	int err = send_config(s, control[0]);
	pid_t pid;

	if (err)
		return err;
	pid = spawn_worker(&spawn, &pidfd);
	if (pid < 0)
		return pid;
	err = await_end(pidfd, info);
	fd_close(&pidfd);
	return err;
}

static int try_once(struct supervisor *s, int state, siginfo_t *info)
{
	struct log_quota quota = { 0 };
	struct log_stream said = { .fd = -1 };
	int control[2];
	int log, err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0, control))
		return -errno;
	log = log_stream_open(&said);
	err = log < 0 ? log : run(s, control, log, state, info);
	fd_close(&log);
	fd_close_all(control, 2);
	log_stream_close(&said, &quota, -1);
	return err;
}

static bool has_no_namespaces(int err, const siginfo_t *info)
{
	return err == -EPERM || err == -EACCES || err == -ENOSPC ||
	       err == -EUSERS || err == -EINVAL || err == -ENOSYS ||
	       (!err && info->si_code == CLD_EXITED &&
		info->si_status == CAUSE_EXIT_MAPS);
}

static int judge(int err, const siginfo_t *info, int state)
{
	char text[96];

	if (err) {
		log_error("sandbox: a worker cannot be tried: %s",
			  strerror(-err));
		return err;
	}
	if (info->si_code == CLD_EXITED && info->si_status == WORKER_EXIT_ASKED)
		return 0;
	/* It has said itself which layer does not hold. */
	if (info->si_code != CLD_EXITED || info->si_status != WORKER_EXIT_JAIL)
		log_error("sandbox: a worker on trial %s",
			  worker_end_text(info, state, text,
					  sizeof(text)));
	return -EPERM;
}

static int try_with(struct supervisor *s, int state)
{
	siginfo_t info = { .si_pid = 0 };
	char by[160];
	int err;

	s->namespaces = true;
	err = try_once(s, state, &info);
	if (!has_no_namespaces(err, &info))
		return judge(err, &info, state);
	err = err ? err : -EPERM;
	userns_forbidden_by(err, by, sizeof(by));
	if (s->options->sandbox == SANDBOX_STRICT) {
		log_error("sandbox: user and pid namespace: %s, forbidden by %s; --sandbox=best-effort goes on without them",
			  strerror(-err), by);
		return err;
	}
	log_warn("sandbox: workers run without user and pid namespace: %s, forbidden by %s",
		 strerror(-err), by);
	s->namespaces = false;
	err = try_once(s, state, &info);
	return judge(err, &info, state);
}

int sandbox_try(struct supervisor *s)
{
	int state = statefd_new(s->options->scrollback_size);
	int err;

	if (state < 0) {
		log_error("sandbox: memory for a trial: %s", strerror(-state));
		return state;
	}
	err = try_with(s, state);
	close(state);
	return err;
}
