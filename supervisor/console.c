/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/console.h"

#include <errno.h>
#include <stdlib.h>

static int init(struct console *c, unsigned int index,
		const struct options *options)
{
	c->index = index;
	c->frontend_listener = -1;
	c->client_listener = -1;
	c->waiting_frontend = -1;
	c->state = -1;
	c->plan = STATE_FRESH;
	c->worker.pidfd = -1;
	c->worker.control = -1;
	c->worker.log.fd = -1;
	c->peers_limit.burst = PEERS_BURST;
	return options_socket_path(options, index, c->socket.path,
				   sizeof(c->socket.path));
}

int console_table_init(struct console_table *table,
		       struct supervisor *supervisor,
		       const struct options *options, unsigned int budget)
{
	int err;

	table->console = calloc(options->socket_count, sizeof(struct console));
	if (!table->console)
		return -ENOMEM;
	table->count = options->socket_count;
	for (unsigned int i = 0; i < table->count; i++) {
		struct console *c = &table->console[i];

		err = init(c, i, options);
		if (err)
			return err;
		c->supervisor = supervisor;
		fdstore_init(&c->store, i, budget);
	}
	return 0;
}

void console_table_withdraw(struct console_table *table, int folder)
{
	for (unsigned int i = 0; i < table->count; i++) {
		struct console *c = &table->console[i];

		/* While the listener is open, the inode number stays ours. */
		socket_file_remove(&c->socket, folder);
	}
}
