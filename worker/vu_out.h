/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef WORKER_VU_OUT_H
#define WORKER_VU_OUT_H

#include "worker/vu.h"

/*
 * Sends what is left of the session's reply, whoever sent the rest. Returns 0
 * when nothing is left, -EAGAIN when the front-end has to read first, or
 * -errno.
 */
int vu_out_flush(struct vu *vu);

#endif
