/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Runs a program that is to end by itself, and sees to it that nothing it
 * started is left.
 */
#ifndef TESTS_LIB_COMMAND_H
#define TESTS_LIB_COMMAND_H

struct command {
	int status;			/* wait status */
	char out[8192];			/* the start of what it wrote */
	char err[8192];
};

/* @argv[0] is a path; standard input is /dev/null. */
void command_run(struct command *c, const char *const *argv);

unsigned int command_lines(const char *text);

/*
 * Orphans of what this process starts become its own children, from now on;
 * command_no_orphans() fails the test if any is still there after @ms.
 */
void command_adopt_orphans(void);
void command_no_orphans(unsigned int ms);

#endif
