/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_NOTIFIER_H
#define SUPERVISOR_NOTIFIER_H

#include <stdbool.h>

/*
 * Whether @fd, which a front-end sent, is an eventfd, a pipe or a Unix socket:
 * poll() of anything else may wait for the front-end (a FUSE server's file,
 * an epoll fd with one in it, a socket whose lock it takes). Never waits itself.
 * False when /proc is missing.
 */
bool notifier_is_plain(int fd);

#endif
