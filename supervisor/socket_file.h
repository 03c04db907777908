/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The vhost-user sockets in the file system. All of them lie in one folder,
 * held O_PATH; symbolic links in the place of a socket are never followed.
 */
#ifndef SUPERVISOR_SOCKET_FILE_H
#define SUPERVISOR_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

struct socket_file {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool made;			/* by us; dev and ino say which */
	dev_t dev;
	ino_t ino;
};

struct socket_rules {
	mode_t mode;
	uid_t uid;			/* -1: as it is made */
	gid_t gid;			/* -1: as it is made */
};

/*
 * Opens the folder of @path, the value of --socket-path; sockets can be made
 * there.
 * Returns the fd or -errno, which is logged.
 */
int socket_folder_open(const char *path);

/* The part of the path within its folder. */
const char *socket_file_name(const struct socket_file *file);

/*
 * Whether a socket can be made here: nothing is in the way but at most a
 * socket that nobody answers on. Asking does not look like a front-end to
 * whoever does. Returns 0 or -errno, which is logged under @console.
 */
int socket_file_check(const struct socket_file *file, int folder,
		      unsigned int console);

/*
 * Makes the socket, in the place of one that socket_file_check() let pass,
 * and listens on it. Returns a non-blocking fd or -errno, which is logged.
 */
int socket_file_listen(struct socket_file *file, int folder,
		       const struct socket_rules *rules, unsigned int console);

/* Removes what is there if it is the socket that was made. */
void socket_file_remove(const struct socket_file *file, int folder);

#endif
