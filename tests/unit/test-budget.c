/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/unit.h"
#include "worker/budget.h"

#define FULL	UINT64_C(2000000)	/* wait:2000 */

static void charge(void **state)
{
	(void)state;
	assert_int_equal(budget_charge(FULL, 0), FULL);
	assert_int_equal(budget_charge(FULL, 1), FULL - 1);
	assert_int_equal(budget_charge(FULL, FULL - 1), 1);
	assert_int_equal(budget_charge(FULL, FULL), 0);
	assert_int_equal(budget_charge(FULL, FULL + 1), 0);
	assert_int_equal(budget_charge(FULL, UINT64_MAX), 0);
	assert_int_equal(budget_charge(0, 1), 0);
	assert_int_equal(budget_charge(0, 0), 0);
}

static void credit(void **state)
{
	(void)state;
	assert_int_equal(budget_credit(0, 0, FULL), 0);
	assert_int_equal(budget_credit(0, 64, FULL), 1000);
	assert_int_equal(budget_credit(5, 64, FULL), 1005);
	assert_int_equal(budget_credit(0, 64 * 1999, FULL), 1999000);
	assert_int_equal(budget_credit(0, 64 * 2000, FULL), FULL);
	assert_int_equal(budget_credit(0, 64 * 2001, FULL), FULL);
	assert_int_equal(budget_credit(FULL, 0, FULL), FULL);
	assert_int_equal(budget_credit(FULL, 1 << 20, FULL), FULL);
	assert_int_equal(budget_credit(FULL - 1, 64, FULL), FULL);
	/* no budget at all; more than there may be */
	assert_int_equal(budget_credit(0, 64, 0), 0);
	assert_int_equal(budget_credit(FULL + 1, 0, FULL), FULL);
	assert_int_equal(budget_credit(UINT64_MAX, 1 << 20, FULL), FULL);
}

/* Many small takings give as much as a large one. */
static void small_takings(void **state)
{
	uint64_t left = 0;

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		left = budget_credit(left, 1, FULL);
	assert_in_range(left, 64 * 15, 1000);
	left = 0;
	for (unsigned int i = 0; i < 100; i++)
		left = budget_credit(left, 640, FULL);
	assert_int_equal(left, 1000000);
}

/*
 * The two promises: who takes 64 KiB/s or more never runs out, and who takes
 * less holds the guest for no more than the budget and what it earned.
 */
static uint64_t held_for(uint64_t bytes_per_s, uint64_t seconds)
{
	const uint64_t step = 10000;	/* us */
	uint64_t left = FULL, held = 0;

	for (uint64_t t = 0; t < seconds * 1000000; t += step) {
		left = budget_charge(left, step);
		if (!left)
			return held;
		held += step;
		left = budget_credit(left, bytes_per_s * step / 1000000, FULL);
	}
	return held;
}

static void promises(void **state)
{
	(void)state;
	assert_int_equal(held_for(65536, 600), 600 * UINT64_C(1000000));
	assert_int_equal(held_for(1 << 20, 600), 600 * UINT64_C(1000000));
	assert_in_range(held_for(0, 600), FULL - 20000, FULL);
	assert_in_range(held_for(6400, 600), FULL, FULL * 10 / 8);
	assert_true(held_for(32000, 600) <= FULL * 2 + 20000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(charge),
		cmocka_unit_test(credit),
		cmocka_unit_test(small_takings),
		cmocka_unit_test(promises),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
