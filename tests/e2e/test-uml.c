/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/e2e/guest-tests.h"

int main(int argc, char **argv)
{
	return guest_tests("uml", argc, argv);
}
