/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/e2e/guest-storm.h"

int main(int argc, char **argv)
{
	return guest_storm("uml", argc, argv);
}
