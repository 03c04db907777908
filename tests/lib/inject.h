/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Has a live process of the daemon, whichever, make a system call of our
 * choice, as one would who had taken it over. A process of its own traces them
 * all from the start, as nobody may attach to them later; it knows the
 * registers of x86-64 only.
 */
#ifndef TESTS_LIB_INJECT_H
#define TESTS_LIB_INJECT_H

#include <stdbool.h>
#include <sys/types.h>

#define INJECT_DATA	256		/* bytes */
#define INJECT_ADDRESS	0x6a11000000000000UL
/* An argument, or a word of the data: the address of the data plus @offset. */
#define INJECT_AT(offset)	(INJECT_ADDRESS + (offset))

struct inject_call {
	long nr;
	unsigned long arg[6];
};

/* How it ended: with a value (or -errno), or the process by a signal. */
struct inject_result {
	int signal;
	long value;
};

struct inject;

/*
 * The daemon that is started next will do as it is told. @data, INJECT_DATA
 * bytes, is written to each process's stack as its program starts: it lets
 * nobody look into it later.
 */
struct inject *inject_new(const void *data);

/* The daemon has started. False if nobody may trace here. */
bool inject_works(const struct inject *in);

/*
 * @pid waits for something: it makes the call, and goes back to that. Returns
 * when the call is over.
 */
struct inject_result inject_call(struct inject *in, pid_t pid,
				 const struct inject_call *call);

void inject_free(struct inject *in);

#endif
