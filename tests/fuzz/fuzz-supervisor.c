/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker that was taken over. The input is what it does: messages of any
 * kind, size and order, with fds of any kind; bytes of its log; what it writes
 * to its state while the supervisor reads it; its end. All of that is served
 * as common/ctl.h says, or is the end of the worker and one line in the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/state.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/some-fd.h"
#include "tests/fuzz/sup-clock.h"
#include "tests/fuzz/sup-log.h"
#include "tests/fuzz/sup-model.h"
#include "tests/fuzz/sup-worker.h"
#include "tests/fuzz/sup.h"

#define STEPS_MAX	200
#define WAIT_MAX	UINT64_C(200000000)	/* us, in a story */
#define FDS_MIN		61		/* a budget of few, for many consoles */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct input in;
static struct ctl_msg last;
static uint8_t first;
static uint64_t waited;

/* What it has, and what it can make. */
static int new_fd(uint8_t kind)
{
	const struct sup_worker *w = &sup.worker[SUP_TAKEN];

	switch (kind) {
	case 255:
		return fcntl(w->control, F_DUPFD_CLOEXEC, 3);
	case 254:
		return fcntl(w->log, F_DUPFD_CLOEXEC, 3);
	case 253:
		return fcntl(w->state, F_DUPFD_CLOEXEC, 3);
	default:
		return some_fd(kind);
	}
}

static void read_message(struct ctl_msg *msg)
{
	uint8_t type = input_u8(&in), kind = input_u8(&in);
	uint8_t index = input_u8(&in), id = input_u8(&in);

	*msg = (struct ctl_msg){
		.type = type < 16 ? CTL_READY + type : type,
		.kind = kind == 255 ? UINT32_MAX : kind,
		.index = index == 255 ? UINT32_MAX : index,
	};
	switch (id) {
	case 255:
		msg->id = UINT64_MAX;
		break;
	case 254:
		msg->id = model_id(kind, index);
		break;
	case 253:
		msg->id = model_ping();
		break;
	default:
		msg->id = id;
	}
	if (msg->type != CTL_COMMIT)
		return;
	msg->nplaces = input_u8(&in);
	for (unsigned int i = 0; i < msg->nplaces && i < PENDING_MAX; i++)
		input_bytes(&in, &msg->place[i], 3);
	if (msg->nplaces == 255)
		msg->nplaces = UINT32_MAX;
}

static void send_message(uint8_t how)
{
	char bytes[2 * sizeof(struct ctl_msg)] = { 0 };
	size_t len = sizeof(last);
	uint8_t nfds = 0, kind;
	int fd = -1;

	if (how & 4) {
		nfds = input_u8(&in);
		kind = input_u8(&in);
		fd = new_fd(kind);
		if (fd < 0)
			nfds = 0;
	}
	memcpy(bytes, &last, sizeof(last));
	switch (how & 3) {
	case 1:
		len -= input_u8(&in) % sizeof(last);
		break;
	case 2:
		len += input_u8(&in) % sizeof(last);
		break;
	case 3:
		len = 0;
		break;
	}
	for (unsigned int n = how & 8 ? 1 + input_u8(&in) : 1; n; n--)
		worker_sends(bytes, len, fd, nfds);
	fd_close(&fd);
}

static void say(void)
{
	uint8_t bytes[256];
	uint8_t len = input_u8(&in);

	input_bytes(&in, bytes, len);
	heard_says(bytes, len);
}

/* The same bytes again and again. */
static void flood(void)
{
	static char bytes[1 << 16];
	uint8_t pattern[16];
	unsigned int len = 1 + input_u8(&in) % 16;
	unsigned int n = input_u16(&in);

	input_bytes(&in, pattern, len);
	for (unsigned int i = 0; i < n; i++)
		bytes[i] = (char)pattern[i % len];
	heard_says(bytes, n);
}

/* With fds, on the stream that has none. */
static void say_with_fds(void)
{
	uint8_t n = input_u8(&in);
	int fd = new_fd(input_u8(&in));

	if (fd >= 0 && n && worker_sends_on(sup.worker[SUP_TAKEN].log, "x", 1,
					    fd, n))
		heard_no_more();
	fd_close(&fd);
}

static void scribble(void)
{
	static const uint64_t read[] = {
		offsetof(struct console_state, progress),
		offsetof(struct console_state, pulse),
		offsetof(struct console_state, refused_call),
	};
	uint8_t where = input_u8(&in);
	uint8_t reads = input_u8(&in);
	uint64_t value, at = where < 3 ? read[where] :
			     (uint64_t)input_u16(&in) * 8;

	input_bytes(&in, &value, sizeof(value));
	worker_scribbles(at, value, reads);
}

static void die(void)
{
	static const int codes[] = { CLD_EXITED, CLD_KILLED, CLD_DUMPED };
	int code = codes[input_u8(&in) % 3];
	uint8_t status = input_u8(&in);

	sup_die(code, code == CLD_EXITED ? status : 1 + status % 64);
}

static void let_time_pass(void)
{
	static const unsigned int units[] = { 100, 5000, 1000000, 10000000 };
	uint8_t what = input_u8(&in);
	uint64_t us = (uint64_t)units[what & 3] * (1 + (what >> 2));

	if (waited + us > WAIT_MAX)
		return;
	waited += us;
	sup_wait(us);
}

/*
 * Whoever has what was the last worker's goes on with it. Its log is read until
 * its end was seen, and not after that.
 */
static void use_stale_ends(uint8_t what)
{
	int fds[PENDING_MAX];

	for (unsigned int i = 0; i < PENDING_MAX; i++)
		fds[i] = sup.stale.state;
	if (what & 1)
		ctl_send(sup.stale.control, &last, fds,
			 fds[0] < 0 ? 0 : what % PENDING_MAX);
	else if (!ctl_send(sup.stale.log, &last, NULL, 0) &&
		 sup.worker[SUP_TAKEN].dead)
		heard_no_more();
}

static void fail_sends(void)
{
	static const int errors[] = { ETOOMANYREFS, ENOBUFS, ENOMEM, EAGAIN };
	uint8_t what = input_u8(&in);

	sup.failure = errors[what & 3];
	/* one that is told to wait comes at once: it may not wait for long */
	sup.failing = what >> 2 & (sup.failure == EAGAIN ? 15 : 63);
}

static void step(uint8_t op)
{
	switch (op % 20) {
	case 0: case 1: case 2:
		read_message(&last);
		send_message(op / 20);
		break;
	case 3:
		send_message(op / 20);
		break;
	case 4:
		worker_receives(64);
		break;
	case 5:
		worker_receives(input_u8(&in));
		break;
	case 6:
		say();
		break;
	case 7:
		flood();
		break;
	case 8:
		say_with_fds();
		break;
	case 9:
		scribble();
		break;
	case 10:
		die();
		break;
	case 11:
		let_time_pass();
		break;
	case 12:
		worker_hangs_up(op / 20);
		break;
	case 13:
		sup_connect(op / 20 & 1 ? FD_CLIENT : FD_FRONTEND);
		break;
	case 14:
		sup_disconnect(input_u8(&in));
		sup.hang_up_seen = op / 20 & 1;
		break;
	case 15:
		sup.slow = op / 20 & 1;
		break;
	case 16:
		if (op / 20 & 1)
			sup.lacking = input_u8(&in) % 16;
		else
			fail_sends();
		break;
	case 17:
		use_stale_ends(input_u8(&in));
		break;
	case 18:
		sup.worker[SUP_TAKEN].stuck = op / 20 & 1;
		if (!sup.worker[SUP_TAKEN].stuck)
			worker_unstick();
		break;
	case 19:
		if (op / 20 & 1)
			clock_signal(op / 20 & 2 ? SIGCONT : SIGTSTP);
		else if (sup_neighbour() && !sup.told && !sup.slow)
			heard_neighbour("among others");
		break;
	}
}

static void story(void)
{
	if (first & 8) {
		sup_connect(FD_FRONTEND);
		sup_connect(FD_CLIENT);
	}
	if (first & 16) {
		sup_pass();
		worker_receives(64);
		sup_pass();
	}
	for (unsigned int i = 0; i < STEPS_MAX && in.len && !sup.ended; i++) {
		uint8_t op = input_u8(&in);

		step(op);
		/* what comes again and again comes in one go */
		if (!sup.ended && !(op / 20 & 8))
			sup_pass();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	in = (struct input){ data, len };
	first = input_u8(&in);
	last = (struct ctl_msg){ .type = CTL_DISCARD };
	waited = 0;
	sup = (struct sup){ .keeps_ends = first & 32 };
	tty_init(&sup.s.tty);
	sup.options = (struct options){
		.socket_path = "s",
		.socket_count = first & 1 ? 1 : 2,
		.backend = first & 1 ? BACKEND_NESTED : BACKEND_NETWORK,
		.max_queue_size = 128,
		.scrollback_size = SUP_RING,
		.wait_ms = 2000,
		.escape = 0x1d,
	};
	log_init(first & 4 ? LOG_DEBUG : LOG_INFO, false);
	if (first & 1)
		sup.s.tty.fd = some_fd(27);
	sup.budget = first & 2 ? FDS_MIN : FDSTORE_PLACES;
	sup_run(story);
	return 0;
}
