/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/notifier.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * To poll some sockets (vsock) takes their lock, which whoever shares one may
 * hold for as long as he likes; to ask for the domain takes none.
 */
static bool is_unix_socket(int fd)
{
	int domain;
	socklen_t len = sizeof(domain);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       domain == AF_UNIX;
}

/* fstat() would ask the FUSE server; a file's name in /proc asks nobody. */
bool notifier_is_plain(int fd)
{
	static const char *const plain[] = { "anon_inode:[eventfd]", "pipe:[" };
	static const char sock[] = "socket:[";
	char path[32], name[32];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, name, sizeof(name) - 1);
	if (len < 0)
		return false;
	name[len] = '\0';
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!strncmp(name, plain[i], strlen(plain[i])))
			return true;
	return !strncmp(name, sock, strlen(sock)) && is_unix_socket(fd);
}
