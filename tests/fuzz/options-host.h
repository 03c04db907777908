/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The system that a command line is for, played by wrapped calls: its users
 * root, nobody, daemon and me, its group kvm, and who starts the daemon.
 */
#ifndef TESTS_FUZZ_OPTIONS_HOST_H
#define TESTS_FUZZ_OPTIONS_HOST_H

#include <stdbool.h>

#include "supervisor/options.h"

/* root starts it, or me. */
void options_host_root(bool root);

/*
 * Guests are not served as root, nobody becomes whom he may not be, and what
 * is refused is logged in one line that names the option.
 */
void options_host_check(const struct options *o);

#endif
