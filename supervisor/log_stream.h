/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker's standard error: a stream whose lines become lines of our log. What
 * comes out of it is not trusted. No line can pass for another console's, none
 * has a byte in it that a terminal acts on, and of too many the rest waits.
 *
 * It is a Unix socket: who writes to a pipe holds its lock meanwhile, and can
 * do so for ever, from memory that never comes; a read would wait for that.
 */
#ifndef SUPERVISOR_LOG_STREAM_H
#define SUPERVISOR_LOG_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"

/* Lines of one console in LOG_LIMIT_US microseconds. */
#define LOG_STREAM_LINES	200

/* Of one console, whose workers come and go. */
struct log_quota {
	uint64_t since;			/* monotonic microseconds */
	unsigned int lines;
};

struct log_stream {
	int fd;				/* ours to read, or -1 */
	bool ended;			/* nothing more will be heard */
	size_t len;
	char line[LOG_LINE_MAX];	/* what has come of one, @len bytes */
};

/*
 * Returns the end for the worker, which is the caller's to close, or -errno.
 * Neither end blocks.
 */
int log_stream_open(struct log_stream *p);

/*
 * Logs what has come, of @console, or of none if that is -1; not all of it if
 * it comes in very small pieces. Returns the microseconds until there may be
 * more, 0 if @quota is not used up, or -EPIPE when nobody holds the other end
 * any more, or who does has sent fds.
 */
int64_t log_stream_read(struct log_stream *p, struct log_quota *quota,
		      int console);

/* Logs what is left, as far as @quota goes, and has our end closed. */
void log_stream_close(struct log_stream *p, struct log_quota *quota,
		      int console);

#endif
