/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Worker code that dies at each place there is: at every STATE_POINT(), before
 * and after each call that moves bytes or tells the supervisor something. A
 * run is a whole story of a guest, its clients and its front-end, and ends with
 * a look at every byte; it is told again for each place, and for each pair of
 * a place and one soon after it in the worker that follows.
 */
#ifndef TESTS_DEATHS_DEATHS_H
#define TESTS_DEATHS_DEATHS_H

struct story {
	const char *name;
	/* Calls deaths_may_come() once all is set up; fuzz_check() fails it. */
	void (*tell)(void);
	unsigned int places;		/* to die at, at least */
	unsigned int second;		/* places in the worker after that */
};

/* From here on the worker dies, if this telling is to have a death. */
void deaths_may_come(void);
/* No more: what is still due has to come. */
void deaths_are_over(void);

/* For main(): argv[1], if there is one, chooses stories by name. */
int deaths_tell(const struct story *story, unsigned int n, int argc,
		char **argv);

#endif
