/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One function per kind of option value. Each stores what @value says in
 * @options and returns NULL, or leaves @options alone and returns which values
 * would do.
 */
#ifndef SUPERVISOR_OPTION_VALUE_H
#define SUPERVISOR_OPTION_VALUE_H

#include "supervisor/options.h"

#define SOCKET_COUNT_MAX	16384
#define QUEUE_SIZE_MAX		32768
#define SCROLLBACK_MIN		(4u << 10)
#define SCROLLBACK_MAX		(64u << 20)
#define WAIT_MS_MAX		3600000

const char *option_value_socket_path(struct options *options,
				     const char *value);
const char *option_value_socket_count(struct options *options,
				      const char *value);
const char *option_value_backend(struct options *options, const char *value);
const char *option_value_tcp_port(struct options *options, const char *value);
const char *option_value_max_queue_size(struct options *options,
					const char *value);
const char *option_value_user(struct options *options, const char *value);
const char *option_value_socket_mode(struct options *options,
				     const char *value);
const char *option_value_socket_user(struct options *options,
				     const char *value);
const char *option_value_socket_group(struct options *options,
				      const char *value);
const char *option_value_scrollback_size(struct options *options,
					 const char *value);
const char *option_value_overflow(struct options *options, const char *value);
const char *option_value_notices(struct options *options, const char *value);
const char *option_value_escape(struct options *options, const char *value);
const char *option_value_log_level(struct options *options, const char *value);
const char *option_value_sandbox(struct options *options, const char *value);

#endif
