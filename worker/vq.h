/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One ring at work: a vring with its kick, call and err fds on the event loop.
 * Runs only while started, enabled, mapped and not broken; otherwise it does
 * not touch guest memory. Sees no payload.
 */
#ifndef WORKER_VQ_H
#define WORKER_VQ_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/loop.h"
#include "worker/vring.h"

struct vq {
	struct vring vr;
	unsigned int index;
	uint64_t gen;			/* generation of the running ring */
	bool mapped;			/* vr is, in the memory of now */
	bool running;
	int kick;			/* -1: none; borrowed by nobody */
	int call;
	int err;
	bool poll;			/* no kick fd by wish: look at times */
	unsigned int poll_us;		/* until the next look */
	uint16_t poll_used;		/* used index at the last one */
	bool call_is_socket;
	struct event *kick_ev;		/* while running */
	struct event_base *base;
	void (*ready)(void *arg, unsigned int index);
	void *arg;
};

/* @ready is called whenever the driver kicked, or may have. */
void vq_init(struct vq *vq, unsigned int index, struct event_base *base,
	     void (*ready)(void *arg, unsigned int index), void *arg);

/* Each takes over @fd, -1 for none, and closes the one before. */
void vq_set_kick(struct vq *vq, int fd, bool poll);
void vq_set_call(struct vq *vq, int fd);
void vq_set_err(struct vq *vq, int fd);

/*
 * Is @fd of a kind that can notify: an eventfd, a pipe, a socket? And can
 * kicks be read from it without ever blocking? Return 0 or -errno.
 */
int vq_check_notifier(int fd);
int vq_check_kick(int fd);

void vq_run(struct vq *vq, uint64_t gen);
void vq_stop(struct vq *vq);

/* Interrupts the driver if it wants to be for used index @used. */
void vq_notify(struct vq *vq, uint16_t used);

/* Interrupts the driver in any case. */
void vq_call(struct vq *vq);

/* Tells the front-end that the ring is broken; it is stopped. */
void vq_signal_err(struct vq *vq);

#endif
