/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "common/vis.h"
#include "tests/lib/unit.h"

static void shows(const char *bytes, size_t len, const char *want)
{
	char out[256];

	assert_ptr_equal(vis(out, sizeof(out), bytes, len), out);
	assert_string_equal(out, want);
}

static void text(void **state)
{
	(void)state;
	shows("", 0, "");
	shows("login: ", 7, "login: ");
	shows(" ~", 2, " ~");
	shows("a\nb\r\n", 5, "a\\x0ab\\x0d\\x0a");
	shows("\0", 1, "\\x00");
	shows("\\", 1, "\\x5c");
	shows("\\x0a", 4, "\\x5cx0a");
	shows("\x1b[2J", 4, "\\x1b[2J");
	shows("\x7f\x80\xff", 3, "\\x7f\\x80\\xff");
	shows("\xc3\xa9", 2, "\\xc3\\xa9");
	shows("%s%n", 4, "%s%n");
}

static void once(void **state)
{
	char text[1024];

	(void)state;
	assert_string_equal(vis_once("a\nb"), "a\\x0ab");
	assert_string_equal(vis_once(""), "");
	memset(text, '\n', sizeof(text));
	text[108] = '\0';
	assert_int_equal(strlen(vis_once(text)), 4 * 108);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_in_range(strlen(vis_once(text)), 4 * 108, sizeof(text) - 1);
}

/* The longest run of whole characters that fits is what comes out. */
static void model(char *out, size_t out_size, const unsigned char *in,
		  size_t len)
{
	out[0] = '\0';
	for (size_t i = 0; i < len; i++) {
		char one[8];

		if (in[i] < 0x20 || in[i] > 0x7e || in[i] == '\\')
			snprintf(one, sizeof(one), "\\x%02x", in[i]);
		else
			snprintf(one, sizeof(one), "%c", in[i]);
		if (strlen(out) + strlen(one) >= out_size)
			return;
		strcat(out, one);
	}
}

static void every_byte(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 256; i++) {
		unsigned char byte = (unsigned char)i;
		char out[8], want[8];

		vis(out, sizeof(out), &byte, 1);
		model(want, sizeof(want), &byte, 1);
		must(!strcmp(out, want), "0x%02x: '%s'", i, out);
	}
}

/* Nothing is written past the room there is. */
static void cut(void **state)
{
	struct rnd rnd = { 2 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned char in[12];
		size_t len = rnd_below(&rnd, sizeof(in) + 1);
		size_t room = 1 + rnd_below(&rnd, 40);
		char out[64], want[64];

		for (size_t at = 0; at < len; at++)
			in[at] = rnd_one_in(&rnd, 2) ?
					 (unsigned char)rnd_next(&rnd) : 'a';
		memset(out, '#', sizeof(out));
		vis(out, room, in, len);
		model(want, room, in, len);
		must(!strcmp(out, want), "room %zu: '%s', not '%s'", room, out,
		     want);
		for (size_t at = room; at < sizeof(out); at++)
			must(out[at] == '#', "room %zu: byte %zu written",
			     room, at);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(once),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests_name("vis", tests, NULL, NULL);
}
