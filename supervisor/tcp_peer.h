/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_TCP_PEER_H
#define SUPERVISOR_TCP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>

/* A connection by its addresses. */
struct tcp_ends {
	struct sockaddr_in ours;
	struct sockaddr_in theirs;
};

/*
 * Those of @fd, which comes from @theirs. To be called before anyone else has
 * the socket: asking takes its lock.
 */
struct tcp_ends tcp_peer_ends(int fd, const struct sockaddr_in *theirs);

/*
 * Has the process at the other end of the TCP connection closed its socket? A
 * half-closed one looks the same on the wire. Asks the kernel for the other
 * end (sock_diag(7)), so it knows for connections within this host; false when
 * it cannot know.
 */
bool tcp_peer_closed(const struct tcp_ends *ends);

#endif
