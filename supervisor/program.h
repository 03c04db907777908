/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_PROGRAM_H
#define SUPERVISOR_PROGRAM_H

/*
 * Opens the worker's program, O_PATH: the one next to this program in its
 * build folder, else the installed one. The same file is run for as long as
 * the daemon lives, whatever takes its place on disk. Returns the fd or
 * -errno, which is logged.
 */
int program_open(void);

#endif
