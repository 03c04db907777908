/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Workers without a process, and what the kernel is asked about them. */
#ifndef TESTS_FUZZ_SUP_WORKER_H
#define TESTS_FUZZ_SUP_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ctl.h"
#include "tests/fuzz/sup.h"

void workers_start(void);

/* The neighbour's worker answers what it was asked. */
void workers_serve(void);

/*
 * The one that was taken over sends @len bytes, and @nfds times @fd with them;
 * it receives up to @n messages, and comes up if one is the start. What is sent
 * on another socket than its control socket is nothing that is answered: false
 * if it cannot be sent.
 */
void worker_sends(const void *bytes, size_t len, int fd, unsigned int nfds);
bool worker_sends_on(int socket, const void *bytes, size_t len, int fd,
		     unsigned int nfds);
void worker_receives(unsigned int n);

/* It closes its end of the control socket, or shuts it down. */
void worker_hangs_up(unsigned int how);

/* It writes @value at @at of its state: now, or before the @reads-th read. */
void worker_scribbles(uint64_t at, uint64_t value, unsigned int reads);

/* It is dead from here on, and nobody has been told. */
void worker_dies(struct sup_worker *w, int code, int status);

/* A kill that had no effect has it now. */
void worker_unstick(void);

/* No worker is left, and none has an end of anything. */
void workers_stop(void);

#endif
