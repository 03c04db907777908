/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a guest prints while its worker is killed, and a check of what a client
 * gets of it. Each eight bytes say which they are; all have bit 7 set, so that
 * what the daemon puts between them is told apart. A guest that starts anew
 * begins the next epoch: EPOCH_BYTE, then the pattern from its start.
 */
#ifndef TESTS_LIB_MARK_STREAM_H
#define TESTS_LIB_MARK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EPOCH_BYTE	'E'
#define EPOCHS_KEPT	1024

/* How much of an epoch was printed when the guest lost its device. */
struct epoch_end {
	uint64_t least;
	uint64_t most;
};

/* Shared by all who read the same guest. */
struct epochs {
	uint64_t now;
	struct epoch_end end[EPOCHS_KEPT];
};

struct mark_stream {
	const struct epochs *epochs;
	uint64_t epoch;
	uint64_t pos;			/* next byte of the epoch */
	uint64_t skipped;		/* bytes, by the marks */
	uint64_t ends;			/* notices of a front-end's end */
	uint64_t said;			/* letters of emergency writes */
	bool located;			/* false: starts anywhere */
	uint8_t head[24];		/* what is to be located */
	unsigned int nhead;
	char mark[128];
	unsigned int mark_len;
};

void mark_fill(void *buf, uint64_t epoch, uint64_t at, size_t len);

/* Emergency writes are the letters from a to z, over and over. */
char mark_said(uint64_t n);

/* @anywhere: the stream is joined in its middle, and finds out where. */
void mark_begin(struct mark_stream *s, const struct epochs *epochs,
		bool anywhere);

/* The next @len bytes a client got; fails the test at the first wrong one. */
void mark_check(struct mark_stream *s, const void *buf, size_t len);

/* The guest starts anew; @end is what it knows of the epoch that is over. */
void epochs_next(struct epochs *epochs, struct epoch_end end);

#endif
