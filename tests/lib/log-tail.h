/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a daemon writes to its log from now on, line by line. */
#ifndef TESTS_LIB_LOG_TAIL_H
#define TESTS_LIB_LOG_TAIL_H

#include <stddef.h>

struct log_tail {
	int fd;
	int watch;			/* readable when there is more */
	char buf[4096];
	size_t at, end;
	char line[512];
	size_t len;
};

void log_tail_open(struct log_tail *t, const char *path);
void log_tail_close(struct log_tail *t);

/* The next whole line, cut to what there is room for; NULL: none yet. */
const char *log_tail_next(struct log_tail *t);

/* Until @n more lines have contained @text. */
void log_tail_wait(struct log_tail *t, const char *text, unsigned int n);

#endif
