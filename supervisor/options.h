/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_OPTIONS_H
#define SUPERVISOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/contract.h"
#include "common/log.h"

enum backend {
	BACKEND_NESTED,			/* the current terminal */
	BACKEND_NETWORK,		/* a TCP port of 127.0.0.1 per guest */
};

/* Strings are borrowed from argv; NULL where the option was not given. */
struct options {
	const char *socket_path;
	unsigned int socket_count;
	enum backend backend;
	unsigned int tcp_port;		/* of console 0 */
	uint32_t max_queue_size;	/* ring entries */
	bool max_queue_size_given;
	const char *user;
	unsigned int socket_mode;
	const char *socket_user;
	const char *socket_group;
	uint64_t scrollback_size;	/* bytes */
	enum overflow_policy overflow;
	uint32_t wait_ms;		/* OVERFLOW_WAIT only */
	bool notices;
	int escape;			/* a byte, or ESCAPE_NONE */
	enum log_level log_level;
	enum sandbox_policy sandbox;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_BAD,
};

#define OPTIONS_WHY_MAX		512

/*
 * Reads the command line, as getopt_long() does with its global state, and
 * touches nothing else. After OPTIONS_BAD, @why (of OPTIONS_WHY_MAX bytes)
 * names the option and its value in one printable line without newline.
 */
enum options_result options_parse(struct options *options, int argc,
				  char **argv, char *why);

void options_print_help(FILE *out);

/*
 * Writes the path of console @index's vhost-user socket. Returns 0 or
 * -ENAMETOOLONG.
 */
int options_socket_path(const struct options *options, unsigned int index,
			char *path, size_t size);

#endif
