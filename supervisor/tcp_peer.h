/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_TCP_PEER_H
#define SUPERVISOR_TCP_PEER_H

#include <stdbool.h>

/*
 * Has the process at the other end of the TCP connection @fd closed its
 * socket? A half-closed one looks the same on the wire. Asks the kernel for
 * the other end (sock_diag(7)), so it knows for connections within this host;
 * false when it cannot know.
 */
bool tcp_peer_closed(int fd);

#endif
