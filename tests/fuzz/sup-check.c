/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Looks over the supervisor's shoulder, and compares with the model. */
#include <errno.h>
#include <string.h>

#include "supervisor/fdstore.h"
#include "supervisor/worker.h"
#include "supervisor/worker_end.h"
#include "supervisor/worker_msg.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sup-clock.h"
#include "tests/fuzz/sup-log.h"
#include "tests/fuzz/sup-model.h"
#include "tests/fuzz/sup.h"

#define HANG_UP_US	1000000		/* from its end of the socket to its own */
#define DEATHS_MAX	6		/* within DEATHS_US, then it is parked */
#define DEATHS_US	10000000

int __real_ctl_recv_all(int socket, struct ctl_msg *msg, int *fds,
			unsigned int *nfds);
int __wrap_ctl_recv_all(int socket, struct ctl_msg *msg, int *fds,
			unsigned int *nfds);
int __real_worker_msg_handle(struct console *c, const struct ctl_msg *msg,
			     int *fds, unsigned int nfds);
int __wrap_worker_msg_handle(struct console *c, const struct ctl_msg *msg,
			     int *fds, unsigned int nfds);
int __real_fdstore_set(struct fdstore *store, enum fd_kind kind,
		       unsigned int index, uint64_t id, int fd);
int __wrap_fdstore_set(struct fdstore *store, enum fd_kind kind,
		       unsigned int index, uint64_t id, int fd);
int __real_fdstore_drop(struct fdstore *store, enum fd_kind kind,
			unsigned int index, uint64_t id);
int __wrap_fdstore_drop(struct fdstore *store, enum fd_kind kind,
			unsigned int index, uint64_t id);
void __real_worker_ping(struct console *c);
void __wrap_worker_ping(struct console *c);
void __real_worker_hangs(struct console *c);
void __wrap_worker_hangs(struct console *c);
struct restart_step __real_restart_next(struct restart_history *history,
					const struct restart_death *death);
struct restart_step __wrap_restart_next(struct restart_history *history,
					const struct restart_death *death);
void __real_worker_ended(struct console *c, const siginfo_t *info);
void __wrap_worker_ended(struct console *c, const siginfo_t *info);

/* What the supervisor has to make of the next packet. */
static int verdict(const struct packet *p)
{
	if (!p->len)
		return -EPIPE;
	if (p->len != sizeof(struct ctl_msg) || p->nfds > PENDING_MAX)
		return -EPROTO;
	return 0;
}

int __wrap_ctl_recv_all(int socket, struct ctl_msg *msg, int *fds,
			unsigned int *nfds)
{
	int err = __real_ctl_recv_all(socket, msg, fds, nfds);
	struct packet *p = &model.packet[model.first];
	bool is_acked;

	if (!sup.inside || socket != sup_taken()->worker.control)
		return err;
	fuzz_check(!model.over, "a condemned worker is heard");
	if (model.hangs_up && (err == -ECONNRESET ||
			       (err == -EPIPE && !model.count))) {
		model.ends_by = clock_now() + HANG_UP_US;
		return err;
	}
	if (!model.count) {
		fuzz_check(err == -EAGAIN, "nothing was sent: %d", err);
		return err;
	}
	model.first = (model.first + 1) % PACKETS_MAX;
	model.count--;
	fuzz_check(err == verdict(p) && *nfds == p->nfds,
		   "%zu bytes, %u fds: %d, %u fds", p->len, p->nfds, err,
		   *nfds);
	if (err == -EPIPE)
		model.ends_by = clock_now() + HANG_UP_US;
	if (err == -EPROTO)
		model_condemn();
	if (err)
		return err;
	fuzz_check(!memcmp(p->bytes, msg, sizeof(*msg)), "another message");
	is_acked = msg->type == CTL_PUT || msg->type == CTL_COMMIT;
	if (is_acked && model.ack_owed)
		model_condemn();
	return 0;
}

static void check_store(void)
{
	const struct console *c = sup_taken();

	for (int k = 0; k < FD_KINDS; k++)
		for (unsigned int i = 0; i < PENDING_MAX; i++) {
			const struct place *p = &model.place[k][i];
			uint64_t id = 0;
			int fd = fdstore_get(&c->store, (enum fd_kind)k, i,
					     &id);

			fuzz_check(fd == p->fd && (fd < 0 || id == p->id),
				   "%s %u: fd %d, %d expected",
				   fd_kind_name((enum fd_kind)k), i, fd, p->fd);
		}
	fuzz_check(c->store.count == model_held() && model_held() <= c->store.budget,
		   "%u fds, %u expected", c->store.count, model_held());
}

int __wrap_worker_msg_handle(struct console *c, const struct ctl_msg *msg,
			     int *fds, unsigned int nfds)
{
	int expected, err;

	if (c != sup_taken())
		return __real_worker_msg_handle(c, msg, fds, nfds);
	expected = model_foretell(msg, fds, nfds);
	err = __real_worker_msg_handle(c, msg, fds, nfds);
	fuzz_check(err == expected, "message %u, %u fds: %d", msg->type, nfds,
		   err);
	if (err)
		model_condemn();
	check_store();
	return err;
}

int __wrap_fdstore_set(struct fdstore *store, enum fd_kind kind,
		       unsigned int index, uint64_t id, int fd)
{
	int err = __real_fdstore_set(store, kind, index, id, fd);

	if (!err && store == &sup_taken()->store) {
		fuzz_check(model.place[kind][index].fd < 0, "place is taken");
		model.place[kind][index] = (struct place){ fd, id, false };
	}
	return err;
}

void __wrap_worker_ping(struct console *c)
{
	if (c == sup_taken()) {
		fuzz_check(model.phase == SERVES && !model.asked,
			   "asked in phase %d", model.phase);
		model.asked = true;
		model.ping++;
	}
	__real_worker_ping(c);
}

void __wrap_worker_hangs(struct console *c)
{
	fuzz_check(c == sup_taken(), "the neighbour hangs");
	fuzz_check(model.asked, "it was not asked");
	model.over = true;
	__real_worker_hangs(c);
}

/* It ended the conversation and went on; its time is over, or just so. */
static void time_out(bool condemned)
{
	uint64_t now = clock_now();

	if (model.ends_by && !model.over && !sup.told &&
	    (now > model.ends_by || (now == model.ends_by && condemned)))
		model_condemn();
}

/* A clean slate ends connections; what came through one ends with it. */
int __wrap_fdstore_drop(struct fdstore *store, enum fd_kind kind,
			unsigned int index, uint64_t id)
{
	if (model.reaped && store == &sup_taken()->store) {
		fuzz_check(kind == FD_FRONTEND || kind == FD_CLIENT,
			   "kind %d is dropped", kind);
		model_drop(&(struct ctl_msg){ .kind = kind, .index = index,
					      .id = id });
	}
	return __real_fdstore_drop(store, kind, index, id);
}

/* What a death counts as is not for the worker to choose, once it serves. */
static void check_cause(const siginfo_t *info, enum cause cause)
{
	bool own = info->si_code == CLD_EXITED;

	fuzz_check(cause != CAUSE_ASKED && (cause != CAUSE_KILLED || !own),
		   "status %d is cause %d", info->si_status, cause);
	fuzz_check(cause == CAUSE_CORRUPT || cause == CAUSE_HUNG ||
		   cause == CAUSE_STATE || !model.over,
		   "a worker that is killed for its deeds: cause %d", cause);
	fuzz_check(model.phase != SERVES || (cause != CAUSE_NOT_STARTED &&
					     cause != CAUSE_CANNOT_RUN),
		   "one that served: cause %d", cause);
}

/* However it dies, it does not do so too often. */
struct restart_step __wrap_restart_next(struct restart_history *history,
					const struct restart_death *death)
{
	uint64_t windows = 1 + (clock_now() - CLOCK_START) / DEATHS_US;

	if (model.end) {
		check_cause(model.end, death->cause);
		model.end = NULL;
		model.deaths += death->cause != CAUSE_KILLED &&
				death->cause != CAUSE_NOT_STARTED;
		fuzz_check(model.deaths <= DEATHS_MAX * windows,
			   "%u deaths", model.deaths);
	}
	return __real_restart_next(history, death);
}

void __wrap_worker_ended(struct console *c, const siginfo_t *info)
{
	fuzz_check(c == sup_taken() || sup.told, "the neighbour died");
	if (c == sup_taken()) {
		time_out(c->worker.condemned);
		model.end = info;
		model.reaped = true;
	}
	__real_worker_ended(c, info);
	model.reaped = false;
	check_store();
}

void model_check(void)
{
	const struct worker *w = &sup_taken()->worker;
	const struct sup_worker *taken = &sup.worker[SUP_TAKEN];

	check_store();
	if (w->pidfd >= 0)
		time_out(w->condemned);
	fuzz_check(heard_condemned() == model.condemned,
		   "%u lines about %u killed workers", heard_condemned(),
		   model.condemned);
	if (w->pidfd < 0)
		return;
	fuzz_check(w->condemned == model.over, "condemned: %d", w->condemned);
	fuzz_check(!w->condemned || taken->dead || taken->killed,
		   "a condemned worker lives");
	fuzz_check(w->ack_owed == model.ack_owed, "an ack is owed: %d",
		   w->ack_owed);
	fuzz_check(w->state == (model.phase == SERVES ? WORKER_READY :
				model.phase == STARTED ? WORKER_STARTED :
				WORKER_STARTING),
		   "state %d in phase %d", w->state, model.phase);
}
