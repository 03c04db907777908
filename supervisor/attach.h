/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Connections come to a console and leave it. Each attach and detach is
 * logged with console and peer. Nothing is ever read from a peer here.
 */
#ifndef SUPERVISOR_ATTACH_H
#define SUPERVISOR_ATTACH_H

#include "supervisor/console.h"

struct sockaddr_in;

/*
 * A connection was accepted; @fd is taken in any case. @from is what accept()
 * said: one that was reset by now does not know its peer any more.
 */
void attach_frontend(struct console *c, int fd);
void attach_client(struct console *c, int fd, const struct sockaddr_in *from);

/* Puts the terminal into the store; takes @in and @out. 0 or -errno. */
int attach_terminal(struct console *c, int in, int out);

/*
 * The worker is done with an fd. Returns 0, -ENOENT (nothing of that id is
 * there) or -EINVAL (nothing like that can be there).
 */
int attach_drop(struct console *c, enum fd_kind kind, unsigned int index,
		uint64_t id);

/*
 * Ends the front-end's connection, for a clean slate; clients stay. One that
 * waits is let in afterwards, or refused if the console is parked.
 */
void attach_reset_frontend(struct console *c);

/* Ends every connection, for a console that is parked. The terminal stays. */
void attach_reset(struct console *c);

#endif
