/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The tests that each kind of real guest has to pass.
 */
#ifndef TESTS_E2E_GUEST_TESTS_H
#define TESTS_E2E_GUEST_TESTS_H

/* "uml" or "qemu"; argv[1] of main(), if there is one, chooses by name. */
int guest_tests(const char *kind, int argc, char **argv);

/* Two guests at their shells, by way of TCP. */
void boots_to_a_shell(void **kind);
void output_of_a_command(void **kind);
void paste_of_64_kib(void **kind);
void output_of_8_mib(void **kind);
void two_guests_do_not_mix(void **kind);
void worker_killed_while_idle(void **kind);
void ends_and_leaves_nothing(void **kind);

/* A guest and a daemon of the test's own. */
void nested_terminal(void **kind);
void ticks_through_ten_kills(void **kind);
int alone_teardown(void **kind);
void alone_show_logs(void);

#endif
