/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Closes what peers sent or filled. The last close() of such an fd may sleep
 * for as long as the peer likes: a socket with SO_LINGER, one in the queue of
 * a connection, a file of a file system in user space. So threads do it, and
 * one owner's fds keep one thread at most: another's never wait for them.
 */
#ifndef SUPERVISOR_CLOSER_H
#define SUPERVISOR_CLOSER_H

#include <stdbool.h>

/* No owner may be behind with more fds than this. */
#define CLOSER_BEHIND_MAX	512

/*
 * Once, before the first close with an owner below @owners. Returns 0 or
 * -errno. Without it the caller of closer_close() closes itself.
 */
int closer_start(unsigned int owners);

/* Closes *@fd unless it is -1, soon, and sets it to -1. Never sleeps. */
void closer_close(unsigned int owner, int *fd);
void closer_close_all(unsigned int owner, int *fds, unsigned int n);

/*
 * Shuts @fd down, soon, which takes its lock: whoever shares it may hold that
 * for as long as he likes. False if that cannot be now.
 */
bool closer_shut_down(unsigned int owner, int fd);

/* How many of the owner's fds are still open. */
unsigned int closer_behind(unsigned int owner);

/* Starts the threads that could not be started when they were needed. */
void closer_retry(void);

#endif
