/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <stdio.h>

#include "common/parse.h"
#include "tests/lib/unit.h"

#define UNTOUCHED	UINT64_C(0x5555555555555555)

struct row {
	const char *text;
	uint64_t min, max;
	int err;
	uint64_t value;
};

static void check(const struct row *row, const char *what,
		  int (*parse)(const char *, uint64_t, uint64_t, uint64_t *))
{
	uint64_t value = UNTOUCHED;
	int err = parse(row->text, row->min, row->max, &value);

	must(err == row->err, "%s '%s': %d, not %d", what, row->text, err,
	     row->err);
	must(value == (err ? UNTOUCHED : row->value), "%s '%s': value %llu",
	     what, row->text, (unsigned long long)value);
}

/* Neither a number nor a size. */
static const char *const garbage[] = {
	"", " ", " 1", "1 ", "1\n", "\t1", "+1", "-1", "-0", "0x10", "1.5",
	"1e3", "1,000", "a", "1a", "a1", "/", ":", "1/", "1:", "\xb1", "١",
	"1\xff", "--", "k1", "1kk", "1kM", "1b", "1 k",
};

static void number(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "00", 0, 10, 0, 0 },
		{ "7", 0, 10, 0, 7 },
		{ "007", 0, 10, 0, 7 },
		{ "10", 0, 10, 0, 10 },
		{ "11", 0, 10, -ERANGE, 0 },
		{ "0", 1, 10, -ERANGE, 0 },
		{ "1", 1, 10, 0, 1 },
		{ "65535", 1, 65535, 0, 65535 },
		{ "65536", 1, 65535, -ERANGE, 0 },
		{ "5", 5, 5, 0, 5 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551620", 0, UINT64_MAX, -ERANGE, 0 },
		{ "28446744073709551615", 0, UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999999", 0, UINT64_MAX, -ERANGE, 0 },
		{ "000000000000000000000000000003", 0, 3, 0, 3 },
		/* 2^64 + 5: what a parser that wraps takes for a 5 */
		{ "18446744073709551621", 0, 10, -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], "number", parse_number);
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++)
		check(&(struct row){ garbage[i], 0, UINT64_MAX, -EINVAL, 0 },
		      "number", parse_number);
	check(&(struct row){ "1k", 0, UINT64_MAX, -EINVAL, 0 }, "number",
	      parse_number);
}

static void size(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "4096", 0, UINT64_MAX, 0, 4096 },
		{ "1k", 0, UINT64_MAX, 0, 1024 },
		{ "1K", 0, UINT64_MAX, 0, 1024 },
		{ "3m", 0, UINT64_MAX, 0, 3 << 20 },
		{ "3M", 0, UINT64_MAX, 0, 3 << 20 },
		{ "0k", 0, UINT64_MAX, 0, 0 },
		{ "256k", 4096, 1 << 20, 0, 256 << 10 },
		{ "3k", 4096, 1 << 20, -ERANGE, 0 },
		{ "4k", 4096, 1 << 20, 0, 4096 },
		{ "1M", 4096, 1 << 20, 0, 1 << 20 },
		{ "1025k", 4096, 1 << 20, -ERANGE, 0 },
		{ "18014398509481983k", 0, UINT64_MAX, 0,
		  UINT64_MAX - 1023 },
		/* 2^54 k and 2^44 M are 2^64 */
		{ "18014398509481984k", 0, UINT64_MAX, -ERANGE, 0 },
		{ "17592186044416M", 0, UINT64_MAX, -ERANGE, 0 },
		{ "17592186044415M", 0, UINT64_MAX, 0,
		  UINT64_MAX - ((1 << 20) - 1) },
		/* 2^64 + 4096 once shifted */
		{ "18014398509481988k", 0, 1 << 20, -ERANGE, 0 },
	};
	static const char *const also_garbage[] = { "k", "K", "m", "M", "-1k",
						    "1g", "1G", "km" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], "size", parse_size);
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++)
		check(&(struct row){ garbage[i], 0, UINT64_MAX, -EINVAL, 0 },
		      "size", parse_size);
	for (size_t i = 0; i < ARRAY_LEN(also_garbage); i++)
		check(&(struct row){ also_garbage[i], 0, UINT64_MAX, -EINVAL,
				     0 }, "size", parse_size);
}

static void mode(void **state)
{
	static const struct {
		const char *text;
		int err;
		unsigned int mode;
	} rows[] = {
		{ "0", 0, 0 },		  { "600", 0, 0600 },
		{ "0600", 0, 0600 },	  { "777", 0, 0777 },
		{ "1000", -ERANGE, 0 },	  { "4755", -ERANGE, 0 },
		{ "7777777777777777777777777", -ERANGE, 0 },
		{ "", -EINVAL, 0 },	  { "8", -EINVAL, 0 },
		{ "680", -EINVAL, 0 },	  { "609", -EINVAL, 0 },
		{ "-600", -EINVAL, 0 },	  { "+600", -EINVAL, 0 },
		{ "0o600", -EINVAL, 0 },  { "u=rw", -EINVAL, 0 },
		{ "600 ", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned int value = 0x5555;
		int err = parse_mode(rows[i].text, &value);

		must(err == rows[i].err, "mode '%s': %d", rows[i].text, err);
		must(value == (err ? 0x5555 : rows[i].mode), "mode '%s': %o",
		     rows[i].text, value);
	}
}

/* What printf() writes, comes back. */
static void round_trip(void **state)
{
	struct rnd rnd = { 1 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t value = rnd_next(&rnd) >> rnd_below(&rnd, 64), got;
		char text[32];

		snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)value);
		assert_int_equal(parse_number(text, 0, UINT64_MAX, &got), 0);
		assert_true(got == value);
		assert_int_equal(parse_number(text, value, value, &got), 0);
		if (value == UINT64_MAX || value == 0)
			continue;
		assert_int_equal(parse_number(text, value + 1, UINT64_MAX,
					      &got), -ERANGE);
		assert_int_equal(parse_number(text, 0, value - 1, &got),
				 -ERANGE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(number),
		cmocka_unit_test(size),
		cmocka_unit_test(mode),
		cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
