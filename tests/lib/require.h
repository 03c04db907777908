/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_REQUIRE_H
#define TESTS_LIB_REQUIRE_H

/*
 * Ends the test because this machine lacks something; what_to_install says
 * what, in words that help ("install user-mode-linux"). Exits 77, the status
 * of a skipped test, or 1 under VDC_TEST_REQUIRE=1, where nothing may be
 * skipped.
 */
_Noreturn void test_skip(const char *what_to_install);

#endif
