/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_E2E_GUEST_STORM_H
#define TESTS_E2E_GUEST_STORM_H

/* "uml" or "qemu"; argv[1] of main(), if there is one, chooses by name. */
int guest_storm(const char *kind, int argc, char **argv);

#endif
