/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/vis.h"

#include <string.h>

/* A socket's path fits, whatever is in it. */
#define ONCE_MAX	512

const char *vis(char *out, size_t out_size, const void *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *in = bytes;
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] >= 0x20 && in[i] < 0x7f && in[i] != '\\') {
			if (at + 1 >= out_size)
				break;
			out[at++] = (char)in[i];
		} else {
			if (at + 4 >= out_size)
				break;
			out[at++] = '\\';
			out[at++] = 'x';
			out[at++] = hex[in[i] >> 4];
			out[at++] = hex[in[i] & 15];
		}
	}
	out[at] = '\0';
	return out;
}

const char *vis_once(const char *text)
{
	static char out[ONCE_MAX];

	return vis(out, sizeof(out), text, strlen(text));
}
