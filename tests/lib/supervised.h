/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A supervisor's consoles and its loop, within a test: no listeners, and no
 * workers but those that the test starts.
 */
#ifndef TESTS_LIB_SUPERVISED_H
#define TESTS_LIB_SUPERVISED_H

#include <netinet/in.h>

#include "supervisor/supervise.h"

#define SUPERVISED_MAX	8

struct supervised {
	struct options options;
	struct supervisor supervisor;
	struct console console[SUPERVISED_MAX];
};

/* Where clients come from that never were at a listener. */
extern const struct sockaddr_in nobody;

void supervised_open(struct supervised *s, unsigned int consoles);

/*
 * Console 0 has a front-end and a worker that is ready, as far as the
 * supervisor knows. Returns the worker's end of its control socket, or -1.
 */
int supervised_serving(struct supervised *s);
void supervised_close(struct supervised *s);

/* Lets the loop do what can be done by now. */
void supervised_run(struct supervised *s);

#endif
