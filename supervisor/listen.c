/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

#define BACKLOG	128

/* To listen is the only sure way to learn that a port is free. */
static int tcp_listen(unsigned int console, unsigned int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	/* Connections of an earlier run may still be in TIME_WAIT. */
	if (fd >= 0 &&
	    !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !listen(fd, BACKLOG))
		return fd;
	err = -errno;
	log_error("console %u: TCP port %u: %s", console, port,
		  strerror(-err));
	fd_close(&fd);
	return err;
}

static int listen_clients(struct console_table *table,
			  const struct options *options)
{
	for (unsigned int i = 0; i < table->count; i++) {
		int fd = tcp_listen(i, options->tcp_port + i);

		if (fd < 0)
			return fd;
		table->console[i].client_listener = fd;
	}
	return 0;
}

static int check_frontends(const struct console_table *table, int folder)
{
	for (unsigned int i = 0; i < table->count; i++) {
		int err = socket_file_check(&table->console[i].socket, folder,
					    i);

		if (err)
			return err;
	}
	return 0;
}

static int listen_frontends(struct console_table *table, int folder,
			    const struct socket_rules *rules)
{
	for (unsigned int i = 0; i < table->count; i++) {
		struct console *c = &table->console[i];
		int fd = socket_file_listen(&c->socket, folder, rules, i);

		if (fd < 0)
			return fd;
		c->frontend_listener = fd;
	}
	return 0;
}

int listen_all(struct console_table *table, const struct options *options,
	       const struct identity *identity)
{
	const struct socket_rules rules = {
		options->socket_mode, identity->socket_uid,
		identity->socket_gid,
	};
	int folder = socket_folder_open(options->socket_path);
	int err;

	if (folder < 0)
		return folder;
	err = check_frontends(table, folder);
	if (!err && options->backend == BACKEND_NETWORK)
		err = listen_clients(table, options);
	if (!err)
		err = listen_frontends(table, folder, &rules);
	if (!err)
		return folder;
	console_table_withdraw(table, folder);
	close(folder);
	return err;
}
