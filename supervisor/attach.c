/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/attach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "supervisor/access.h"
#include "supervisor/closer.h"
#include "supervisor/worker_link.h"

#define CLIENT_SNDBUF		(256 << 10)	/* bytes */
#define KEEPALIVE_IDLE		30		/* seconds */
#define KEEPALIVE_INTERVAL	10		/* seconds */
#define KEEPALIVE_PROBES	3

/* Whoever may connect can do so without end: only debug shows all of it. */
#define log_peer(c, ...)						\
	do {								\
		if (log_get_level() >= LOG_DEBUG)			\
			log_info(__VA_ARGS__);				\
		else							\
			log_write_limited(&(c)->peers_limit, LOG_INFO,	\
					  __VA_ARGS__);			\
	} while (0)

static void describe_frontend(int fd, char *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		snprintf(peer, PEER_MAX, "unknown");
	else
		snprintf(peer, PEER_MAX, "pid %d, uid %u", (int)cred.pid,
			 (unsigned int)cred.uid);
}

static void describe_client(const struct sockaddr_in *from, char *peer)
{
	char host[INET_ADDRSTRLEN];

	if (from->sin_family != AF_INET ||
	    !inet_ntop(AF_INET, &from->sin_addr, host, sizeof(host)))
		snprintf(peer, PEER_MAX, "unknown");
	else
		snprintf(peer, PEER_MAX, "%s:%u", host,
			 ntohs(from->sin_port));
}

static void store_frontend(struct console *c, int fd, const char *peer)
{
	int err = fdstore_set(&c->store, FD_FRONTEND, 0, ++c->last_id, fd);

	if (err) {
		log_write_limited(&c->frontend_limit, LOG_WARN,
				  "console %u: front-end (%s) refused: %s",
				  c->index, peer, strerror(-err));
		closer_close(c->index, &fd);
		return;
	}
	memcpy(c->frontend_peer, peer, PEER_MAX);
	log_peer(c, "console %u: front-end attached (%s)", c->index, peer);
	link_pump(c);
}

void attach_frontend(struct console *c, int fd)
{
	char peer[PEER_MAX];
	const char *why;

	describe_frontend(fd, peer);
	switch (access_check(c, FD_FRONTEND, &why)) {
	case ACCESS_GRANTED:
		store_frontend(c, fd, peer);
		break;
	case ACCESS_WAIT:
		closer_close(c->index, &c->waiting_frontend);
		c->waiting_frontend = fd;
		memcpy(c->waiting_peer, peer, PEER_MAX);
		break;
	case ACCESS_REFUSED:
		log_write_limited(&c->frontend_limit, LOG_WARN,
				  "console %u: front-end (%s) refused: %s",
				  c->index, peer, why);
		closer_close(c->index, &fd);
		break;
	}
}

/* These make a dead or slow client noticed; none of them is essential. */
static void set_client_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES },
		{ SOL_SOCKET, SO_SNDBUF, CLIENT_SNDBUF },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name,
			   &options[i].value, sizeof(options[i].value));
}

void attach_client(struct console *c, int fd, const struct sockaddr_in *from)
{
	struct tcp_ends ends;
	char peer[PEER_MAX];
	const char *why;
	int index;

	describe_client(from, peer);
	if (access_check(c, FD_CLIENT, &why) != ACCESS_GRANTED) {
		log_write_limited(&c->client_limit, LOG_WARN,
				  "console %u: client %s refused: %s",
				  c->index, peer, why);
		closer_close(c->index, &fd);
		return;
	}
	set_client_options(fd);
	ends = tcp_peer_ends(fd, from);
	index = fdstore_free_index(&c->store, FD_CLIENT);
	fdstore_set(&c->store, FD_CLIENT, (unsigned int)index, ++c->last_id,
		    fd);
	memcpy(c->client_peer[index], peer, PEER_MAX);
	c->client_ends[index] = ends;
	log_peer(c, "console %u: client %s attached", c->index, peer);
	link_pump(c);
}

int attach_terminal(struct console *c, int in, int out)
{
	uint64_t id = ++c->last_id;
	int err = fdstore_set(&c->store, FD_TERM_IN, 0, id, in);

	if (err) {
		fd_close(&in);
		fd_close(&out);
		return err;
	}
	err = fdstore_set(&c->store, FD_TERM_OUT, 0, id, out);
	if (err)
		fd_close(&out);
	return err;
}

static void log_detached(struct console *c, enum fd_kind kind,
			 unsigned int index)
{
	if (kind == FD_FRONTEND)
		log_peer(c, "console %u: front-end detached (%s)", c->index,
			 c->frontend_peer);
	else if (kind == FD_CLIENT)
		log_peer(c, "console %u: client %s detached", c->index,
			 c->client_peer[index]);
}

static void admit_waiting(struct console *c)
{
	int fd = fd_take(&c->waiting_frontend);

	if (fd >= 0)
		attach_frontend(c, fd);
}

int attach_drop(struct console *c, enum fd_kind kind, unsigned int index,
		uint64_t id)
{
	int err = fdstore_drop(&c->store, kind, index, id);

	if (err)
		return err;
	log_detached(c, kind, index);
	if (kind == FD_FRONTEND)
		admit_waiting(c);
	return 0;
}

void attach_reset_frontend(struct console *c)
{
	uint64_t id;

	if (fdstore_get(&c->store, FD_FRONTEND, 0, &id) >= 0)
		attach_drop(c, FD_FRONTEND, 0, id);
}

void attach_reset(struct console *c)
{
	uint64_t id;

	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		if (fdstore_get(&c->store, FD_CLIENT, i, &id) >= 0)
			attach_drop(c, FD_CLIENT, i, id);
	attach_reset_frontend(c);
}
