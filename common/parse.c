/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/parse.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static int digits(const char *text, size_t len, unsigned int base,
		  uint64_t *out)
{
	uint64_t value = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)text[i] - '0';

		if (digit >= base)
			return -EINVAL;
		if (value > (UINT64_MAX - digit) / base)
			return -ERANGE;
		value = value * base + digit;
	}
	*out = value;
	return 0;
}

int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;
	int err = digits(text, strlen(text), 10, &value);

	if (err)
		return err;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	size_t len = strlen(text);
	unsigned int shift = 0;
	uint64_t value;
	int err;

	switch (len ? text[len - 1] : '\0') {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	}
	err = digits(text, shift ? len - 1 : len, 10, &value);
	if (err)
		return err;
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	value <<= shift;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int parse_mode(const char *text, unsigned int *out)
{
	uint64_t value;
	int err = digits(text, strlen(text), 8, &value);

	if (err)
		return err;
	if (value > 0777)
		return -ERANGE;
	*out = (unsigned int)value;
	return 0;
}
