/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/fe-setup.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "tests/lib/must.h"

/* QEMU acks all it knows the number of, blindly. */
#define QEMU_KNOWS	((1ULL << 20) - 1)
#define UML_KNOWS	(P_REPLY_ACK | P_BACKEND_REQ | P_CONFIG | P_INBAND)
#define QEMU_CONFIG	12

void fe_set_backend_channel(struct frontend *fe)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0,
	     "socketpair: errno %d", errno);
	fd_close(&fe->backend);
	fe->backend = pair[0];
	fe_ok(fe, fe_msg_fd(FE_SET_BACKEND_REQ_FD, 0, pair[1]));
	fd_close(&pair[1]);
}

/* Asks for an ack where it can be had. */
static void ok(struct frontend *fe, struct fe_msg m)
{
	if ((fe->protocol & P_REPLY_ACK) != 0)
		fe_ok(fe, m);
	else
		fe_tell(fe, m);
}

static void between(const struct frontend *fe)
{
	if (fe->between != NULL)
		fe->between(fe->between_arg);
}

void fe_enable(struct frontend *fe, uint32_t index, bool on)
{
	ok(fe, fe_msg_state(FE_SET_VRING_ENABLE, index, on));
}

struct fe_msg fe_ring_addr(const struct gring *r)
{
	const struct guest *g = r->guest;

	return fe_msg_addr(r->index, guest_uva(g, r->desc_gpa),
			   guest_uva(g, r->avail_gpa),
			   guest_uva(g, r->used_gpa));
}

void fe_qemu_realize(struct frontend *fe, struct guest *g, uint64_t protocol)
{
	uint64_t offered = fe_get(fe, FE_GET_FEATURES);

	must((offered & F_PROTOCOL) != 0, "bit 30 is not offered");
	offered = fe_get(fe, FE_GET_PROTOCOL_FEATURES);
	must((offered & OFFERED_PROTOCOL) == OFFERED_PROTOCOL,
	     "protocol features offered: 0x%llx", (unsigned long long)offered);
	fe->protocol = offered & QEMU_KNOWS & protocol;
	fe_tell(fe, fe_msg_u64(FE_SET_PROTOCOL_FEATURES, fe->protocol));
	if ((fe->protocol & P_MQ) != 0)
		must(fe_get(fe, FE_GET_QUEUE_NUM) == RINGS, "queue number");
	if ((fe->protocol & P_MEM_SLOTS) != 0)
		must(fe_get(fe, FE_GET_MAX_MEM_SLOTS) == 32, "memory slots");
	if ((fe->protocol & P_BACKEND_REQ) != 0)
		fe_set_backend_channel(fe);
	fe_tell(fe, fe_msg(FE_SET_OWNER));
	offered = fe_get(fe, FE_GET_FEATURES);
	must((offered & F_VERSION_1) != 0, "VERSION_1 is not offered");
	for (unsigned int i = 0; i < RINGS; i++) {
		between(fe);
		gring_fds_like_qemu(&g->ring[i]);
		ok(fe, fe_msg_fd(FE_SET_VRING_CALL, i, g->ring[i].call));
		ok(fe, fe_msg_fd(FE_SET_VRING_ERR, i, g->ring[i].err));
	}
	if ((fe->protocol & P_CONFIG) != 0)
		fe_call(fe, fe_msg_config(FE_GET_CONFIG, 0, QEMU_CONFIG, 0,
					  NULL));
}

static void qemu_memory(struct frontend *fe, struct guest *g)
{
	if ((fe->protocol & P_MEM_SLOTS) == 0) {
		ok(fe, fe_msg_table(g->region, g->nregions));
		return;
	}
	for (unsigned int i = 0; i < g->nregions && !fe->memory_known; i++)
		ok(fe, fe_msg_region(FE_ADD_MEM_REG, &g->region[i]));
	fe->memory_known = true;
}

void fe_start_ring(struct frontend *fe, struct gring *r, uint16_t base)
{
	fe_tell(fe, fe_msg_state(FE_SET_VRING_NUM, r->index, r->num));
	fe_tell(fe, fe_msg_state(FE_SET_VRING_BASE, r->index, base));
	fe_tell(fe, fe_ring_addr(r));
	ok(fe, fe_msg_fd(FE_SET_VRING_KICK, r->index, r->kick));
	ok(fe, fe_msg_fd(FE_SET_VRING_CALL, r->index, r->call));
}

static void take_features(struct frontend *fe, struct guest *g,
			  uint64_t features)
{
	g->features = features;
	g->nrings = (features & F_MULTIPORT) != 0 ? RINGS : 2;
	for (unsigned int i = 0; i < RINGS; i++)
		g->ring[i].event_idx = (features & F_EVENT_IDX) != 0;
	fe->features = features | F_PROTOCOL;
}

void fe_qemu_start(struct frontend *fe, struct guest *g, uint64_t features)
{
	take_features(fe, g, features);
	fe_tell(fe, fe_msg_u64(FE_SET_FEATURES, fe->features));
	if ((fe->protocol & P_STATUS) != 0) {
		uint64_t status = fe_get(fe, FE_GET_STATUS);

		fe_tell(fe, fe_msg_u64(FE_SET_STATUS,
				       status | STATUS_FEATURES_OK));
	}
	qemu_memory(fe, g);
	for (unsigned int i = 0; i < g->nrings; i++) {
		between(fe);
		fe_start_ring(fe, &g->ring[i], g->ring[i].used_idx);
	}
	between(fe);
	for (unsigned int i = 0; i < RINGS; i++)
		fe_enable(fe, i, true);
	between(fe);
	for (unsigned int i = 0; i < g->nrings; i++)
		ok(fe, fe_msg_fd(FE_SET_VRING_CALL, i, g->ring[i].call));
	fe_barrier(fe);
}

uint16_t fe_stop_ring(struct frontend *fe, const struct gring *r)
{
	struct fe_msg reply = fe_call(fe, fe_msg_state(FE_GET_VRING_BASE,
						       r->index, 0));

	must(reply.size == 8 && fe_msg_get_u32(&reply, 0) == r->index,
	     "GET_VRING_BASE answers with ring %u", fe_msg_get_u32(&reply, 0));
	must(fe_msg_get_u32(&reply, 4) <= 0xffff, "base 0x%x",
	     fe_msg_get_u32(&reply, 4));
	return (uint16_t)fe_msg_get_u32(&reply, 4);
}

void fe_qemu_stop(struct frontend *fe, struct guest *g)
{
	for (unsigned int i = 0; i < RINGS; i++)
		fe_enable(fe, i, false);
	if ((fe->protocol & P_REPLY_ACK) == 0)
		fe_barrier(fe);
	for (unsigned int i = 0; i < g->nrings; i++) {
		uint16_t base = fe_stop_ring(fe, &g->ring[i]);

		must(base == gring_device_idx(&g->ring[i]),
		     "ring %u stops at %u, its used index is %u", i, base,
		     gring_device_idx(&g->ring[i]));
	}
}

void fe_uml_connect(struct frontend *fe)
{
	fe_tell(fe, fe_msg(FE_SET_OWNER));
	fe_get(fe, FE_GET_FEATURES);
	fe->protocol = fe_get(fe, FE_GET_PROTOCOL_FEATURES) & UML_KNOWS;
	must((fe->protocol & P_INBAND) == 0, "INBAND is offered");
	fe_tell(fe, fe_msg_u64(FE_SET_PROTOCOL_FEATURES, fe->protocol));
	fe_set_backend_channel(fe);
}

void fe_uml_probe(struct frontend *fe, struct guest *g, uint64_t features)
{
	struct fe_msg table;

	/* The driver reads max_nr_ports; UML asks for all up to its end. */
	fe_call(fe, fe_msg_config(FE_GET_CONFIG, 0, 8, 0, NULL));
	take_features(fe, g, features);
	ok(fe, fe_msg_u64(FE_SET_FEATURES, fe->features));
	table = fe_msg_table(g->region, g->nregions);
	table.size = 72;
	ok(fe, table);
	for (unsigned int i = 0; i < g->nrings; i++) {
		struct gring *r = &g->ring[i];

		between(fe);
		gring_fds_like_uml(r);
		ok(fe, fe_msg_fd(FE_SET_VRING_CALL, i, r->call_peer));
		/* The daemon's end is its own from here on. */
		fd_close(&r->call_peer);
		ok(fe, fe_msg_state(FE_SET_VRING_NUM, i, r->num));
		ok(fe, fe_msg_state(FE_SET_VRING_BASE, i, 0));
		ok(fe, fe_ring_addr(r));
	}
	for (unsigned int i = 0; i < g->nrings; i++) {
		between(fe);
		ok(fe, fe_msg_fd(FE_SET_VRING_KICK, i, g->ring[i].kick));
		ok(fe, fe_msg_state(FE_SET_VRING_ENABLE, i, 1));
	}
}

void fe_uml_del_vqs(struct frontend *fe, struct guest *g)
{
	for (unsigned int i = g->nrings; i-- > 0;)
		ok(fe, fe_msg_state(FE_SET_VRING_ENABLE, i, 0));
	fe_barrier(fe);
}
