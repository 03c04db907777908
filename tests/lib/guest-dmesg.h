/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_GUEST_DMESG_H
#define TESTS_LIB_GUEST_DMESG_H

#include "tests/lib/client.h"

/*
 * All that the guest's kernel said so far, read at the shell: it knows of no
 * stall, and of no trouble with a device.
 */
void guest_dmesg_check(struct tclient *c);

#endif
