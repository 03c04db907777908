/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/option_value.h"

#include <ctype.h>
#include <string.h>

#include "common/parse.h"

static const char *name_value(const char **name, const char *value)
{
	if (!*value)
		return "a name is wanted";
	*name = value;
	return NULL;
}

static const char *number_value(uint32_t *number, const char *value,
				uint64_t min, uint64_t max, const char *wanted)
{
	uint64_t n;

	if (parse_number(value, min, max, &n))
		return wanted;
	*number = (uint32_t)n;
	return NULL;
}

/* The position of @value in @words, which end in NULL, or -1. */
static int word_value(const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(value, words[i]))
			return i;
	return -1;
}

const char *option_value_socket_path(struct options *options,
				     const char *value)
{
	if (!*value)
		return "a path is wanted";
	options->socket_path = value;
	return NULL;
}

const char *option_value_socket_count(struct options *options,
				      const char *value)
{
	_Static_assert(SOCKET_COUNT_MAX == 16384, "the message says so");

	return number_value(&options->socket_count, value, 1, SOCKET_COUNT_MAX,
			    "a number from 1 to 16384 is wanted");
}

const char *option_value_backend(struct options *options, const char *value)
{
	static const char *const words[] = { "nested", "network", NULL };
	int word = word_value(value, words);

	if (word < 0)
		return "nested or network is wanted";
	options->backend = word ? BACKEND_NETWORK : BACKEND_NESTED;
	return NULL;
}

const char *option_value_tcp_port(struct options *options, const char *value)
{
	return number_value(&options->tcp_port, value, 1, UINT16_MAX,
			    "a port from 1 to 65535 is wanted");
}

const char *option_value_max_queue_size(struct options *options,
					const char *value)
{
	static const char *const wanted =
		"a power of two from 1 to 32768 is wanted";
	uint64_t n;

	if (parse_number(value, 1, QUEUE_SIZE_MAX, &n) || (n & (n - 1)))
		return wanted;
	options->max_queue_size = (uint32_t)n;
	options->max_queue_size_given = true;
	return NULL;
}

const char *option_value_user(struct options *options, const char *value)
{
	return name_value(&options->user, value);
}

const char *option_value_socket_mode(struct options *options,
				     const char *value)
{
	if (parse_mode(value, &options->socket_mode))
		return "an octal mode from 0 to 777 is wanted";
	return NULL;
}

const char *option_value_socket_user(struct options *options,
				     const char *value)
{
	return name_value(&options->socket_user, value);
}

const char *option_value_socket_group(struct options *options,
				      const char *value)
{
	return name_value(&options->socket_group, value);
}

const char *option_value_scrollback_size(struct options *options,
					 const char *value)
{
	if (parse_size(value, SCROLLBACK_MIN, SCROLLBACK_MAX,
		       &options->scrollback_size))
		return "a size from 4k to 64M is wanted";
	return NULL;
}

const char *option_value_overflow(struct options *options, const char *value)
{
	static const char *const words[] = { "drop-oldest", "block", NULL };
	static const char wait[] = "wait:";

	if (!strncmp(value, wait, strlen(wait))) {
		if (number_value(&options->wait_ms, value + strlen(wait), 1,
				 WAIT_MS_MAX, ""))
			return "wait:MS takes 1 to 3600000 milliseconds";
		options->overflow = OVERFLOW_WAIT;
		return NULL;
	}
	switch (word_value(value, words)) {
	case 0:
		options->overflow = OVERFLOW_DROP_OLDEST;
		return NULL;
	case 1:
		options->overflow = OVERFLOW_BLOCK;
		return NULL;
	default:
		return "wait:MS, drop-oldest or block is wanted";
	}
}

const char *option_value_notices(struct options *options, const char *value)
{
	static const char *const words[] = { "off", "on", NULL };
	int word = word_value(value, words);

	if (word < 0)
		return "on or off is wanted";
	options->notices = word == 1;
	return NULL;
}

/* The control character that ^X types: ^@ to ^_, and ^? for DEL. */
const char *option_value_escape(struct options *options, const char *value)
{
	if (!strcmp(value, "none")) {
		options->escape = ESCAPE_NONE;
		return NULL;
	}
	if (value[0] == '^' && value[1] && !value[2]) {
		int key = toupper((unsigned char)value[1]);

		if (key >= '?' && key <= '_') {
			options->escape = key ^ 0x40;
			return NULL;
		}
	}
	return "a control key written as ^X, or none, is wanted";
}

const char *option_value_log_level(struct options *options, const char *value)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
		if (!strcmp(value, log_level_name((enum log_level)i))) {
			options->log_level = (enum log_level)i;
			return NULL;
		}
	return "error, warn, info or debug is wanted";
}

const char *option_value_sandbox(struct options *options, const char *value)
{
	static const char *const words[] = { "strict", "best-effort", NULL };
	int word = word_value(value, words);

	if (word < 0)
		return "strict or best-effort is wanted";
	options->sandbox = word ? SANDBOX_BEST_EFFORT : SANDBOX_STRICT;
	return NULL;
}
