/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

#include "common/vis.h"
#include "supervisor/option_value.h"

/* In the order of the help text. */
static const struct option_row {
	const char *name;
	int key;		/* the short option, or past any character */
	const char *arg;
	const char *(*set)(struct options *options, const char *value);
	const char *help;
} rows[] = {
	{ "socket-path", 's', "PATH", option_value_socket_path,
	  "vhost-user sockets are PATH0 to PATH(N-1); required" },
	{ "socket-count", 'c', "N", option_value_socket_count,
	  "number of guests [1]" },
	{ "backend", 'b', "KIND", option_value_backend,
	  "nested: the current terminal, for one guest;\n"
	  "network: a TCP port of 127.0.0.1 per guest [nested]" },
	{ "tcp-port", 'p', "PORT", option_value_tcp_port,
	  "guest i listens on PORT+i; unused with nested [12345]" },
	{ "max-queue-size", 'q', "SIZE", option_value_max_queue_size,
	  "largest ring a guest may use, a power of two; unless\n"
	  "given, larger ones are served with a warning [128]" },
	{ "user", 256, "NAME", option_value_user,
	  "user to become when started as root\n[" VDC_USER ", or nobody]" },
	{ "socket-mode", 257, "MODE", option_value_socket_mode,
	  "mode of the vhost-user sockets, octal [0600]" },
	{ "socket-user", 258, "NAME", option_value_socket_user,
	  "owner of the vhost-user sockets [the user become]" },
	{ "socket-group", 259, "NAME", option_value_socket_group,
	  "group of the vhost-user sockets [that user's]" },
	{ "scrollback-size", 260, "SIZE", option_value_scrollback_size,
	  "guest output that is kept, bytes or with k or M [256k]" },
	{ "overflow", 261, "POLICY", option_value_overflow,
	  "when a reader is behind: wait:MS holds the guest for at\n"
	  "most MS, drop-oldest never, block as long as it takes\n"
	  "[wait:2000]" },
	{ "notices", 262, "on|off", option_value_notices,
	  "our own lines in a console's output; off with block [on]" },
	{ "escape", 263, "^X|none", option_value_escape,
	  "key that ends nested on a terminal [^]]" },
	{ "log-level", 264, "LEVEL", option_value_log_level,
	  "error, warn, info or debug [info]" },
	{ "sandbox", 265, "POLICY", option_value_sandbox,
	  "strict, or best-effort where the system lacks parts of\n"
	  "the workers' jail [strict]" },
	{ "help", 'h', NULL, NULL, "print this and end" },
	{ "version", 'V', NULL, NULL, "print the version and end" },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static const struct option_row *row_by_key(int key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].key == key)
			return &rows[i];
	return NULL;
}

static enum options_result bad(char *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static enum options_result bad(char *why, const char *fmt, ...)
{
	char text[OPTIONS_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vis(why, OPTIONS_WHY_MAX, text, strlen(text));
	return OPTIONS_BAD;
}

static enum options_result bad_option(char *why, const char *word)
{
	const struct option_row *row = row_by_key(optopt);

	if (row)
		return bad(why, "--%s: takes no value", row->name);
	if (optopt)
		return bad(why, "-%c: no such option", optopt);
	return bad(why, "%.200s: no such option", word);
}

/* Rules that join several options. */
static enum options_result check(const struct options *o, char *why)
{
	unsigned int last = o->socket_count - 1;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	if (!o->socket_path)
		return bad(why, "--socket-path: is required");
	if (o->backend == BACKEND_NESTED && o->socket_count != 1)
		return bad(why, "--socket-count %u: --backend nested has one "
			   "guest", o->socket_count);
	if (o->backend == BACKEND_NETWORK && o->tcp_port + last > UINT16_MAX)
		return bad(why, "--tcp-port %u: the ports of %u guests go past "
			   "65535", o->tcp_port, o->socket_count);
	if (options_socket_path(o, last, path, sizeof(path)))
		return bad(why, "--socket-path %.200s: with an index added it "
			   "is longer than the %zu bytes of a socket's path",
			   o->socket_path, sizeof(path) - 1);
	return OPTIONS_RUN;
}

static void fill_getopt(struct option *longopts, char *shortopts)
{
	*shortopts++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		longopts[i] = (struct option){
			rows[i].name, rows[i].arg != NULL, NULL, rows[i].key
		};
		if (rows[i].key > UINT8_MAX)
			continue;
		*shortopts++ = (char)rows[i].key;
		if (rows[i].arg)
			*shortopts++ = ':';
	}
	longopts[ROWS] = (struct option){ 0 };
	*shortopts = '\0';
}

enum options_result options_parse(struct options *options, int argc,
				  char **argv, char *why)
{
	struct option longopts[ROWS + 1];
	char shortopts[2 * ROWS + 2];
	int key;

	*options = (struct options){
		.socket_count = 1,
		.tcp_port = 12345,
		.max_queue_size = 128,
		.socket_mode = 0600,
		.scrollback_size = 256 << 10,
		.overflow = OVERFLOW_WAIT,
		.wait_ms = 2000,
		.notices = true,
		.escape = ']' ^ 0x40,
		.log_level = LOG_INFO,
	};
	fill_getopt(longopts, shortopts);
	opterr = 0;
	optind = 0;	/* glibc and musl: start anew */
	while ((key = getopt_long(argc, argv, shortopts, longopts,
				  NULL)) != -1) {
		const struct option_row *row =
			row_by_key(key == ':' ? optopt : key);
		const char *wanted;

		if (key == 'h')
			return OPTIONS_HELP;
		if (key == 'V')
			return OPTIONS_VERSION;
		if (!row)
			return bad_option(why, argv[optind - 1]);
		if (key == ':')
			return bad(why, "--%s: a value is missing", row->name);
		wanted = row->set(options, optarg);
		if (wanted)
			return bad(why, "--%s %.200s: %s", row->name, optarg,
				   wanted);
	}
	if (optind < argc)
		return bad(why, "%.200s: not an option", argv[optind]);
	return check(options, why);
}

int options_socket_path(const struct options *options, unsigned int index,
			char *path, size_t size)
{
	int n = snprintf(path, size, "%s%u", options->socket_path, index);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void print_row(FILE *out, const struct option_row *row)
{
	char left[40];

	if (row->key > UINT8_MAX)
		snprintf(left, sizeof(left), "      --%s %s", row->name,
			 row->arg);
	else
		snprintf(left, sizeof(left), "  -%c, --%s %s", row->key,
			 row->name, row->arg ? row->arg : "");
	fprintf(out, "%-31s", left);
	for (const char *line = row->help; line; ) {
		const char *end = strchr(line, '\n');
		int len = end ? (int)(end - line) : (int)strlen(line);

		fprintf(out, "%.*s\n", len, line);
		line = end ? end + 1 : NULL;
		if (line)
			fprintf(out, "%-31s", "");
	}
}

void options_print_help(FILE *out)
{
	fputs("Usage: vhost-device-console -s PATH [OPTION]...\n"
	      "Gives guests a virtio console over vhost-user.\n\n", out);
	for (size_t i = 0; i < ROWS; i++)
		print_row(out, &rows[i]);
}
