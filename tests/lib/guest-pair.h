/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Two real guests of one daemon, each with a client at its shell. They boot
 * once for all tests, and anew after a test that failed.
 */
#ifndef TESTS_LIB_GUEST_PAIR_H
#define TESTS_LIB_GUEST_PAIR_H

#include <sys/types.h>

#include "tests/lib/client.h"
#include "tests/lib/daemon.h"
#include "tests/lib/real-guest.h"

#define PAIR	2

struct guest_pair {
	struct daemon daemon;
	struct real_guest guest[PAIR];
	struct tclient client[PAIR];	/* at the prompt between two tests */
	pid_t worker[PAIR];
	char boot[PAIR][1024];		/* what the guest said up to there */
};

/* To be called first in a test. */
struct guest_pair *guest_pair(const char *kind);

/* Called last by a test that left everything as it found it. */
void guest_pair_content(struct guest_pair *pair);

/* Kills what runs; for a failure's sake none of it has to. */
void guest_pair_destroy(void);

/* For a failed test. */
void guest_pair_show_logs(void);

#endif
