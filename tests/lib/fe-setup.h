/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What real front-ends send, in their order: QEMU's vhost-user-test-device and
 * User-Mode Linux's virtio_uml.
 */
#ifndef TESTS_LIB_FE_SETUP_H
#define TESTS_LIB_FE_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/frontend.h"
#include "tests/lib/guest.h"

/* At least what the device promises to offer. */
#define OFFERED_FEATURES	(F_MULTIPORT | F_EMERG_WRITE | F_INDIRECT | \
				 F_EVENT_IDX | F_PROTOCOL | F_VERSION_1)
#define OFFERED_PROTOCOL	(P_MQ | P_REPLY_ACK | P_BACKEND_REQ | \
				 P_CONFIG | P_RESET_DEVICE | P_MEM_SLOTS | \
				 P_STATUS)

/* A new backend channel; the daemon's old one is replaced. */
void fe_set_backend_channel(struct frontend *fe);

/* QEMU's realize. @protocol: what it may ack of what is offered. */
void fe_qemu_realize(struct frontend *fe, struct guest *g, uint64_t protocol);

/* DRIVER_OK: the features the guest took, memory, rings, enable. */
void fe_qemu_start(struct frontend *fe, struct guest *g, uint64_t features);

/* Reset, VM stop, unplug. Checks each base against the guest's ring. */
void fe_qemu_stop(struct frontend *fe, struct guest *g);

/* UML: connect, probe and the start of all rings; then del_vqs. */
void fe_uml_connect(struct frontend *fe);
void fe_uml_probe(struct frontend *fe, struct guest *g, uint64_t features);
void fe_uml_del_vqs(struct frontend *fe, struct guest *g);

/* One ring's NUM, BASE, ADDR, KICK, CALL as QEMU orders them. */
void fe_start_ring(struct frontend *fe, struct gring *r, uint16_t base);
struct fe_msg fe_ring_addr(const struct gring *r);
uint16_t fe_stop_ring(struct frontend *fe, const struct gring *r);
void fe_enable(struct frontend *fe, uint32_t index, bool on);

#endif
