/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/budget.h"

uint64_t budget_charge(uint64_t left, uint64_t held)
{
	return held < left ? left - held : 0;
}

uint64_t budget_credit(uint64_t left, uint64_t bytes, uint64_t full)
{
	uint64_t back = bytes * 1000 / BUDGET_BYTES_PER_MS;

	if (left >= full || back >= full - left)
		return full;
	return left + back;
}
