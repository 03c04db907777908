/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_SLOW_H
#define TESTS_LIB_SLOW_H

#define SLOW_S	60

/* A socket whose last close() takes SLOW_S seconds, or until slow_end(). */
int slow_socket(void);
void slow_end(void);

#endif
