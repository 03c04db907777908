/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/options-model.h"

#include <stdlib.h>
#include <string.h>

#define PATH_LIMIT	107		/* bytes of a socket's path */

/* Digits below @base, of a number from @min to @max. */
static bool number(const char *text, size_t len, int base,
		   unsigned long long min, unsigned long long max,
		   unsigned long long *out)
{
	const char *all = base == 8 ? "01234567" : "0123456789";
	char copy[20];

	if (!len || strspn(text, all) < len)
		return false;
	for (; len > 1 && *text == '0'; len--)
		text++;
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*out = strtoull(copy, NULL, base);
	return *out >= min && *out <= max;
}

static bool plain(const char *text, unsigned long long max,
		  unsigned long long *out)
{
	return number(text, strlen(text), 10, 1, max, out);
}

static bool take_socket_path(struct options *o, const char *value)
{
	o->socket_path = value;
	return *value;
}

static bool take_socket_count(struct options *o, const char *value)
{
	unsigned long long n = 0;
	bool good = plain(value, 16384, &n);

	o->socket_count = (unsigned int)n;
	return good;
}

static bool take_backend(struct options *o, const char *value)
{
	o->backend = strcmp(value, "nested") ? BACKEND_NETWORK :
					       BACKEND_NESTED;
	return !strcmp(value, "nested") || !strcmp(value, "network");
}

static bool take_tcp_port(struct options *o, const char *value)
{
	unsigned long long n = 0;
	bool good = plain(value, 65535, &n);

	o->tcp_port = (unsigned int)n;
	return good;
}

static bool take_max_queue_size(struct options *o, const char *value)
{
	unsigned long long n = 0;

	o->max_queue_size_given = true;
	if (!plain(value, 32768, &n))
		return false;
	for (o->max_queue_size = 1; o->max_queue_size < n; )
		o->max_queue_size *= 2;
	return o->max_queue_size == n;
}

static bool take_user(struct options *o, const char *value)
{
	o->user = value;
	return *value;
}

static bool take_socket_mode(struct options *o, const char *value)
{
	unsigned long long n = 0;
	bool good = number(value, strlen(value), 8, 0, 0777, &n);

	o->socket_mode = (unsigned int)n;
	return good;
}

static bool take_socket_user(struct options *o, const char *value)
{
	o->socket_user = value;
	return *value;
}

static bool take_socket_group(struct options *o, const char *value)
{
	o->socket_group = value;
	return *value;
}

static bool take_scrollback_size(struct options *o, const char *value)
{
	size_t len = strlen(value);
	unsigned long long n = 0, unit = 1;

	if (len && strchr("kKmM", value[len - 1]))
		unit = strchr("kK", value[--len]) ? 1024 : 1024 * 1024;
	if (!number(value, len, 10, 0, 64 << 20, &n))
		return false;
	o->scrollback_size = n * unit;
	return n * unit >= 4096 && n * unit <= 64 << 20;
}

static bool take_overflow(struct options *o, const char *value)
{
	unsigned long long n = 0;

	if (!strcmp(value, "drop-oldest"))
		o->overflow = OVERFLOW_DROP_OLDEST;
	else if (!strcmp(value, "block"))
		o->overflow = OVERFLOW_BLOCK;
	else if (!strncmp(value, "wait:", 5) && plain(value + 5, 3600000, &n))
		o->overflow = OVERFLOW_WAIT;
	else
		return false;
	if (n)
		o->wait_ms = (uint32_t)n;
	return true;
}

static bool take_notices(struct options *o, const char *value)
{
	o->notices = !strcmp(value, "on");
	return o->notices || !strcmp(value, "off");
}

static bool take_escape(struct options *o, const char *value)
{
	static const char keys[] =
		"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_";
	static const char small[] = " abcdefghijklmnopqrstuvwxyz";
	const char *at;

	if (!strcmp(value, "none")) {
		o->escape = ESCAPE_NONE;
		return true;
	}
	if (strlen(value) != 2 || value[0] != '^' || value[1] == ' ')
		return false;
	if (value[1] == '?')
		o->escape = 127;
	else if ((at = strchr(keys, value[1])))
		o->escape = (int)(at - keys);
	else if ((at = strchr(small, value[1])))
		o->escape = (int)(at - small);
	else
		return false;
	return true;
}

static bool take_log_level(struct options *o, const char *value)
{
	static const char *const names[] = { "error", "warn", "info",
					     "debug" };

	for (unsigned int i = 0; i < 4; i++)
		if (!strcmp(value, names[i])) {
			o->log_level = i;
			return true;
		}
	return false;
}

static bool take_sandbox(struct options *o, const char *value)
{
	o->sandbox = strcmp(value, "strict") ? SANDBOX_BEST_EFFORT :
					       SANDBOX_STRICT;
	return !strcmp(value, "strict") || !strcmp(value, "best-effort");
}

const struct option_kind option_kinds[OPTION_KINDS] = {
	{ "socket-path", 's', take_socket_path },
	{ "socket-count", 'c', take_socket_count },
	{ "backend", 'b', take_backend },
	{ "tcp-port", 'p', take_tcp_port },
	{ "max-queue-size", 'q', take_max_queue_size },
	{ "user", 0, take_user },
	{ "socket-mode", 0, take_socket_mode },
	{ "socket-user", 0, take_socket_user },
	{ "socket-group", 0, take_socket_group },
	{ "scrollback-size", 0, take_scrollback_size },
	{ "overflow", 0, take_overflow },
	{ "notices", 0, take_notices },
	{ "escape", 0, take_escape },
	{ "log-level", 0, take_log_level },
	{ "sandbox", 0, take_sandbox },
	[OPTION_HELP] = { "help", 'h', NULL },
	[OPTION_VERSION] = { "version", 'V', NULL },
};

int option_by_prefix(const char *text, size_t len)
{
	int found = -1;

	for (int i = 0; i < OPTION_KINDS; i++) {
		if (strncmp(option_kinds[i].name, text, len))
			continue;
		if (!option_kinds[i].name[len])
			return i;
		found = found == -1 ? i : -2;
	}
	return found < 0 ? -1 : found;
}

void options_model_defaults(struct options *o)
{
	*o = (struct options){
		.socket_count = 1, .backend = BACKEND_NESTED,
		.tcp_port = 12345, .max_queue_size = 128,
		.socket_mode = 6 * 64, .scrollback_size = 262144,
		.overflow = OVERFLOW_WAIT, .wait_ms = 2000, .notices = true,
		.escape = 29, .log_level = LOG_INFO,
		.sandbox = SANDBOX_STRICT,
	};
}

const char *options_model_misfit(const struct options *o)
{
	size_t len;

	if (!o->socket_path)
		return "socket-path";
	if (o->backend == BACKEND_NESTED && o->socket_count > 1)
		return "socket-count";
	if (o->backend == BACKEND_NETWORK &&
	    o->tcp_port - 1 + o->socket_count > 65535)
		return "tcp-port";
	len = strlen(o->socket_path) + 1;
	for (unsigned int last = o->socket_count - 1; last >= 10; last /= 10)
		len++;
	return len > PATH_LIMIT ? "socket-path" : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool options_model_same(const struct options *a, const struct options *b)
{
	return same_text(a->socket_path, b->socket_path) &&
	       a->socket_count == b->socket_count &&
	       a->backend == b->backend && a->tcp_port == b->tcp_port &&
	       a->max_queue_size == b->max_queue_size &&
	       a->max_queue_size_given == b->max_queue_size_given &&
	       same_text(a->user, b->user) &&
	       a->socket_mode == b->socket_mode &&
	       same_text(a->socket_user, b->socket_user) &&
	       same_text(a->socket_group, b->socket_group) &&
	       a->scrollback_size == b->scrollback_size &&
	       a->overflow == b->overflow && a->wait_ms == b->wait_ms &&
	       a->notices == b->notices && a->escape == b->escape &&
	       a->log_level == b->log_level && a->sandbox == b->sandbox;
}
