/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_SERVE_H
#define SUPERVISOR_SERVE_H

#include "supervisor/options.h"

/*
 * The daemon, from what can fail without a trace to its orderly end. Returns
 * the exit status; an error is logged.
 */
int serve(const struct options *options);

#endif
