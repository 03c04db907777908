/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The table of consoles: plain data and fds, and the loop's handles on them.
 */
#ifndef SUPERVISOR_CONSOLE_H
#define SUPERVISOR_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/log.h"
#include "supervisor/fdstore.h"
#include "supervisor/log_stream.h"
#include "supervisor/options.h"
#include "supervisor/restart.h"
#include "supervisor/socket_file.h"
#include "supervisor/tcp_peer.h"
#include "supervisor/watchdog.h"

struct event;
struct supervisor;

#define PEERS_BURST	200		/* lines, within LOG_LIMIT_US */
#define PEER_MAX	48		/* "127.0.0.1:65535" and the like */

enum worker_state {
	WORKER_DOWN,			/* a start is due */
	WORKER_STARTING,		/* runs; gets what was stored */
	WORKER_STARTED,			/* has got all of it */
	WORKER_READY,			/* serves */
	WORKER_PARKED,			/* none for a while */
	WORKER_GONE,			/* ended for good */
};

/* What a start does with the console's state first. */
enum state_plan {
	STATE_KEEP,
	STATE_COPY,			/* to a memfd the dead one never had */
	STATE_FRESH,
};

/* The worker of now, and the supervisor's end of its control socket. */
struct worker {
	enum worker_state state;
	pid_t pid;
	int pidfd;
	int control;
	uint64_t started_us;
	uint64_t progress;		/* counted before it started */
	bool condemned;			/* we killed it */
	bool hung;			/* for saying nothing */
	struct watchdog watchdog;
	uint64_t ping;			/* number of the last question */

	bool configured;		/* CTL_CONFIG is sent */
	bool resting;			/* not read from for a moment */
	bool stop_owed;			/* still to be sent, as the others */
	bool pause_owed;
	bool continue_owed;
	bool ping_owed;
	bool ack_owed;
	uint64_t ack_id;
	int ack_error;

	struct log_stream log;
	struct event *log_event;
	struct event *pidfd_event;
	struct event *read_event;
	struct event *write_event;
};

enum turn {
	TURN_NONE,
	TURN_WAITING,			/* for others to finish handing over */
	TURN_TAKEN,
};

struct console {
	unsigned int index;
	struct supervisor *supervisor;

	struct socket_file socket;
	int frontend_listener;
	int client_listener;		/* -1 with nested */
	struct event *frontend_event;
	struct event *client_event;
	struct event *accept_timer;	/* a listener that failed goes on */

	struct fdstore store;
	uint64_t last_id;		/* of connections and clients */
	int waiting_frontend;		/* until the last one is dropped */
	char frontend_peer[PEER_MAX];
	char waiting_peer[PEER_MAX];
	char client_peer[CLIENTS_MAX][PEER_MAX];
	struct tcp_ends client_ends[CLIENTS_MAX];

	int state;			/* memfd, or -1 */
	enum state_plan plan;
	bool reset;			/* the state before was given up */
	struct worker worker;
	uint32_t skip;			/* open chains are, by the next start */
	uint32_t skips;			/* the last number given to one */
	struct restart_history history;
	struct event *worker_timer;	/* the next start is due, or the end */
	struct event *half_closed_timer;
	unsigned int half_closed_us;	/* until the next look */
	uint64_t shut_down[CLIENTS_MAX];	/* the last client that was */
	struct event *retry_timer;	/* of the control socket */
	enum turn turn;
	struct event *turn_timer;

	/* What one console has to say too often hides no other's lines. */
	struct log_quota log_quota;
	struct event *log_timer;	/* its worker may say more */
	struct log_limit died_limit;
	struct log_limit frontend_limit;
	struct log_limit client_limit;
	struct log_limit accept_limit;
	struct log_limit peers_limit;	/* who comes and goes */
};

struct console_table {
	struct console *console;
	unsigned int count;
};

/*
 * @budget: fds one console's store may hold. Returns 0 or -errno. Events are
 * made later, where the loop is.
 */
int console_table_init(struct console_table *table,
		       struct supervisor *supervisor,
		       const struct options *options, unsigned int budget);

/*
 * Removes the sockets that were made. Who waits in a listener may have left
 * there what takes time to close: only the end of the process closes those.
 */
void console_table_withdraw(struct console_table *table, int folder);

#endif
