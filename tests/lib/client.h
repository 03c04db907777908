/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Someone at a console's TCP port.
 */
#ifndef TESTS_LIB_CLIENT_H
#define TESTS_LIB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tclient {
	int fd;				/* non-blocking; -1: not connected */
	uint64_t received;
};

/* @receive_buffer: bytes of SO_RCVBUF, 0 for what the system gives. */
void tclient_open(struct tclient *c, unsigned int port, int receive_buffer);
void tclient_close(struct tclient *c);

/* Its own, by which the daemon's log names it. */
unsigned int tclient_port(const struct tclient *c);

/* Closes so that the peer gets a reset. */
void tclient_reset(struct tclient *c);

/* No more input from here; output is still wanted. */
void tclient_half_close(struct tclient *c);

/* All of it, or the test fails. */
void tclient_send(struct tclient *c, const void *data, size_t len);
void tclient_type(struct tclient *c, const char *text);

/* As much as goes without waiting; returns the bytes sent. */
size_t tclient_send_some(struct tclient *c, const void *data, size_t len);

/* As much as is there; 0 when nothing is, -1 at the end of the stream. */
long tclient_read_some(struct tclient *c, void *data, size_t size);

/* Exactly these bytes come next. */
void tclient_expect(struct tclient *c, const void *data, size_t len);
void tclient_expect_text(struct tclient *c, const char *text);

/* The next @len bytes are those of the pattern from @at on. */
void tclient_expect_pattern(struct tclient *c, uint64_t at, size_t len);

/* Nothing comes for @ms. */
void tclient_expect_quiet(struct tclient *c, unsigned int ms);

/* The daemon closes the connection; what comes before that is dropped. */
void tclient_expect_end(struct tclient *c);

/* Reads until nothing comes for @ms; returns the bytes, all but @size lost. */
size_t tclient_read_quiet(struct tclient *c, void *data, size_t size,
			  unsigned int ms);

/*
 * Reads up to and with @text; @data, of @size bytes, gets what came, with a
 * final zero. Returns the bytes.
 */
size_t tclient_read_to(struct tclient *c, const char *text, char *data,
		       size_t size);

#endif
