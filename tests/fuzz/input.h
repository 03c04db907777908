/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A fuzz input, consumed from its start. At its end all reads give zeros.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *data;
	size_t len;
};

/* Copies up to @len bytes, zeros after the input's end. */
static inline void input_bytes(struct input *in, void *to, size_t len)
{
	size_t n = len < in->len ? len : in->len;

	memset(to, 0, len);
	if (n > 0)
		memcpy(to, in->data, n);
	in->data += n;
	in->len -= n;
}

static inline uint8_t input_u8(struct input *in)
{
	uint8_t value;

	input_bytes(in, &value, 1);
	return value;
}

/* Little-endian. */
static inline uint16_t input_u16(struct input *in)
{
	uint8_t byte[2];

	input_bytes(in, byte, 2);
	return (uint16_t)(byte[0] | byte[1] << 8);
}

/* Ends the run as a finding unless @cond holds. */
#define fuzz_check(cond, ...)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not so: %s: ",		\
				__FILE__, __LINE__, #cond);		\
			fprintf(stderr, __VA_ARGS__);			\
			fputc('\n', stderr);				\
			abort();					\
		}							\
	} while (0)

#endif
