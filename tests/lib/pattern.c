/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/pattern.h"

#include "tests/lib/must.h"

static uint8_t pattern_byte(uint64_t at)
{
	return (uint8_t)((at * 2654435761U) >> 11 ^ at);
}

void pattern_fill(void *buf, uint64_t at, size_t len)
{
	uint8_t *byte = buf;

	for (size_t i = 0; i < len; i++)
		byte[i] = pattern_byte(at + i);
}

void pattern_check(const void *buf, uint64_t at, size_t len, const char *who)
{
	const uint8_t *byte = buf;

	for (size_t i = 0; i < len; i++)
		must(byte[i] == pattern_byte(at + i),
		     "%s: byte %llu is 0x%02x, not 0x%02x", who,
		     (unsigned long long)(at + i), byte[i],
		     pattern_byte(at + i));
}
