/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Log lines on stderr, one write(2) a line, cut at LOG_LINE_MAX bytes. A line
 * that stderr has no room for is dropped and counted: a stuck reader of our
 * log stops neither a guest nor a console.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX	1024

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* @crlf: end lines in CR LF, for a terminal in raw mode. */
void log_init(enum log_level level, bool crlf);

/*
 * For a process whose standard error is read by its supervisor: lines have
 * their level in front, and no name.
 */
void log_init_supervised(enum log_level level);

/*
 * The level of such a line, and takes it off; what says none is a warning: it
 * comes from a library that has no good news.
 */
enum log_level log_level_of(const char **line, size_t *len);

enum log_level log_get_level(void);
const char *log_level_name(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)	log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)	log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_write(LOG_DEBUG, __VA_ARGS__)

/*
 * At most LOG_LIMIT_BURST lines a call site in LOG_LIMIT_US microseconds, or as
 * many as the limit says.
 */
#define LOG_LIMIT_BURST	5
#define LOG_LIMIT_US	10000000

struct log_limit {
	uint64_t since;			/* monotonic microseconds */
	unsigned int count;
	unsigned int suppressed;
	unsigned int burst;		/* 0: LOG_LIMIT_BURST */
};

/*
 * True if the call site may log at @now. Sets *@suppressed to the number of
 * lines it kept back since it last did.
 */
bool log_limit_pass(struct log_limit *limit, uint64_t now,
		    unsigned int *suppressed);
void log_write_limited(struct log_limit *limit, enum log_level level,
		       const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* For everything that a guest, a front-end or a client can cause. */
#define log_limited(level, ...)						\
	do {								\
		static struct log_limit log_limit_;			\
		log_write_limited(&log_limit_, level, __VA_ARGS__);	\
	} while (0)

#endif
