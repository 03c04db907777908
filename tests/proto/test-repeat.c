/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * each message that is served, again and again, good ones and bad ones:
 * worker and supervisor have what they had before, in fds, maps and memory.
 *
 * VDC_REPEAT (2000) says how often; the promise is about 100000.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/mono.h"
#include "supervisor/closer.h"
#include "tests/lib/unit.h"
#include "tests/lib/world.h"

#define REPEAT		2000
#define WARM_UP		200
#define HANG_S		3600

/* What an allocator keeps; a leak of a byte each time would be more. */
#define SLACK_KB	(64 + repeat() / 1024)

static const struct {
	const char *name;
	uint32_t request;
	bool answers;			/* by itself, not with an ack */
} served[] = {
#define ASK(name)	{ #name, FE_##name, true }
#define TELL(name)	{ #name, FE_##name, false }
	ASK(GET_FEATURES), TELL(SET_FEATURES), TELL(SET_OWNER),
	TELL(SET_MEM_TABLE), TELL(SET_VRING_NUM), TELL(SET_VRING_ADDR),
	TELL(SET_VRING_BASE), ASK(GET_VRING_BASE), TELL(SET_VRING_KICK),
	TELL(SET_VRING_CALL), TELL(SET_VRING_ERR),
	ASK(GET_PROTOCOL_FEATURES), TELL(SET_PROTOCOL_FEATURES),
	ASK(GET_QUEUE_NUM), TELL(SET_VRING_ENABLE), TELL(SET_BACKEND_REQ_FD),
	ASK(GET_CONFIG), TELL(SET_CONFIG), ASK(GET_MAX_MEM_SLOTS),
	TELL(ADD_MEM_REG), TELL(REM_MEM_REG), TELL(SET_STATUS),
	ASK(GET_STATUS), TELL(RESET_OWNER), TELL(RESET_DEVICE),
};

static unsigned int repeat(void)
{
	const char *n = getenv("VDC_REPEAT");

	return n != NULL ? (unsigned int)atoi(n) : REPEAT;
}

static struct fe_msg with_fd(struct fe_msg m, int fd)
{
	m.fds[m.nfds++] = fd;
	return m;
}

/* As a well-behaved front-end would send it the @i-th time. */
static struct fe_msg good(const struct world *w, uint32_t request,
			  unsigned int i)
{
	static const char text[] = "x\0\0";
	const struct guest *g = &w->guest[0];
	const struct gring *r = &g->ring[i / 4 % RINGS];
	struct fe_region more = g->region[0];

	more.gpa = 0x40000000;
	more.uva = 0x7e0000000000;
	switch (request) {
	case FE_SET_FEATURES:
		return fe_msg_u64(request, w->fe[0].features);
	case FE_SET_PROTOCOL_FEATURES:
		return fe_msg_u64(request, w->fe[0].protocol);
	case FE_SET_STATUS:
		return fe_msg_u64(request, STATUS_FEATURES_OK);
	case FE_SET_MEM_TABLE:
		return fe_msg_table(g->region, g->nregions);
	case FE_SET_VRING_NUM:
		return fe_msg_state(request, r->index, i & 64 ? 32 : 64);
	case FE_SET_VRING_BASE:
	case FE_GET_VRING_BASE:
		return fe_msg_state(request, r->index, 0);
	case FE_SET_VRING_ENABLE:
		return fe_msg_state(request, r->index, i >> 4 & 1);
	case FE_SET_VRING_ADDR:
		return fe_ring_addr(r);
	case FE_SET_VRING_KICK:
		return fe_msg_fd(request, r->index, r->kick);
	case FE_SET_VRING_CALL:
		return fe_msg_fd(request, r->index, r->call);
	case FE_SET_VRING_ERR:
		return fe_msg_fd(request, r->index, r->err);
	case FE_SET_BACKEND_REQ_FD:
		return with_fd(fe_msg(request), r->err);
	case FE_GET_CONFIG:
		return fe_msg_config(request, 0, 12, 0, NULL);
	case FE_SET_CONFIG:
		return fe_msg_config(request, 8, 4, 0, text);
	case FE_ADD_MEM_REG:
	case FE_REM_MEM_REG:
		return fe_msg_region(request, &more);
	default:
		return fe_msg(request);
	}
}

/* Every other one is bad in one of two ways. Returns whether it is good. */
static bool spoil(const struct world *w, struct fe_msg *m, unsigned int i)
{
	if (i % 4 == 1 && m->size > 0 && m->request != FE_GET_CONFIG)
		m->size--;
	else if (i % 4 == 1)
		*m = with_fd(*m, w->guest[0].ring[0].kick);
	else if (i % 4 == 3)
		*m = with_fd(with_fd(*m, w->guest[0].ring[0].kick),
			     w->guest[0].ring[1].kick);
	else
		return true;
	return false;
}

static void send_once(struct world *w, size_t which, unsigned int i)
{
	struct frontend *fe = &w->fe[0];
	uint32_t request = served[which].request;
	struct fe_msg m, reply;
	bool is_good;

	/* These two come in pairs: the other of each is good as well. */
	if (request == FE_ADD_MEM_REG && i % 4 == 2)
		request = FE_REM_MEM_REG;
	if (request == FE_REM_MEM_REG && i % 4 == 0)
		request = FE_ADD_MEM_REG;
	m = good(w, request, i);
	is_good = spoil(w, &m, i);
	if (!served[which].answers) {
		must((fe_ack(fe, m) == 0) == is_good, "%s, the %uth, is %s",
		     served[which].name, i, is_good ? "refused" : "accepted");
		return;
	}
	reply = fe_call(fe, m);
	must((reply.size > 0) == is_good, "%s, the %uth: an answer of %u bytes",
	     served[which].name, i, reply.size);
}

/* What one process has; -1 for what only root may know. */
struct has {
	long fds, slots, maps, vm_kb, rss_kb;
};

static struct has look(pid_t pid)
{
	return (struct has){
		.fds = process_fds(pid),
		.slots = process_fd_slots(pid),
		.maps = process_maps(pid),
		.vm_kb = process_vm_kb(pid),
		.rss_kb = process_rss_kb(pid),
	};
}

/* Once what is on its way to be closed is. */
static struct has settled(pid_t pid)
{
	process_fds_settled(pid);
	return look(pid);
}

static void show(const char *who, const struct has *was, const struct has *is)
{
	printf("%s: %ld fds, then %ld; %ld fd slots, %ld; %ld maps, %ld; %ld KiB, %ld; resident %ld KiB, %ld\n",
	       who, was->fds, is->fds, was->slots, is->slots, was->maps,
	       is->maps, was->vm_kb, is->vm_kb, was->rss_kb, is->rss_kb);
}

/* Slots are a power of two of the fds that were ever open: @slots at most. */
static void expect_same(const char *who, const struct has *was, pid_t pid,
			long slots)
{
	struct has is = settled(pid);

	show(who, was, &is);
	must(is.fds == was->fds && is.slots <= slots, "%s: fds", who);
	must(is.maps == was->maps, "%s: maps", who);
#ifndef VDC_SANITIZERS
	must(is.vm_kb <= was->vm_kb + SLACK_KB, "%s: memory", who);
	must(is.rss_kb <= was->rss_kb + SLACK_KB, "%s: memory", who);
#endif
}

static void r_02_msg_repeat(void **state)
{
	struct world *w = *state;
	struct has worker, supervisor;
	uint64_t since;

	alarm(HANG_S);
	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	for (size_t m = 0; m < ARRAY_LEN(served); m++)
		for (unsigned int i = 0; i < WARM_UP; i++)
			send_once(w, m, i);
	worker = settled(w->worker[0]);
	supervisor = settled(w->daemon.pid);
	since = mono_us();
	for (size_t m = 0; m < ARRAY_LEN(served); m++)
		for (unsigned int i = 0; i < repeat(); i++)
			send_once(w, m, i);
	printf("%zu messages, %u times each, in %.1f s\n", ARRAY_LEN(served),
	       repeat(), (double)(mono_us() - since) / 1e6);
	expect_same("worker", &worker, w->worker[0], worker.slots);
	expect_same("supervisor", &supervisor, w->daemon.pid,
		    2 * CLOSER_BEHIND_MAX);
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_02_msg_repeat),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("repeat", tests, NULL, NULL);
}
