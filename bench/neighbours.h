/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a console notices of another one under load, of the same daemon. */
#ifndef BENCH_NEIGHBOURS_H
#define BENCH_NEIGHBOURS_H

/* Measures in @rounds turns for each load, and prints. */
void neighbours(unsigned int rounds);

#endif
