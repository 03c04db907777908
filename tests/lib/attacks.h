/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What one who had taken a worker over would try. */
#ifndef TESTS_LIB_ATTACKS_H
#define TESTS_LIB_ATTACKS_H

#include <stdbool.h>
#include <sys/types.h>

/* What is within reach of a worker that nothing holds. */
struct targets {
	pid_t sibling;
	unsigned int port;
	int shm;
	char name[32];			/* of an abstract socket */
	char file[64];			/* this user may write it */
	char other[64];			/* and may make this one */
};

struct attack {
	const char *name;
	bool (*succeeds)(const struct targets *t);
};

/* The status of a process that ran a program of its choice. */
#define ATTACK_SUCCEEDED	99

extern const struct attack attacks[];
extern const unsigned int attack_count;

#endif
