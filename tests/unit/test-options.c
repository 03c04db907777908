/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line: values, defaults, and what each bad one is answered. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/options.h"
#include "tests/lib/must.h"

#define WORDS_MAX	16

static struct options options;
static char why[OPTIONS_WHY_MAX];

/* @line: arguments with one blank between them. */
static enum options_result parse(const char *line)
{
	static char copy[1024];
	char *argv[WORDS_MAX] = { (char *)"vhost-device-console" };
	int argc = 1;
	char *rest = copy;

	snprintf(copy, sizeof(copy), "%s", line);
	why[0] = '\0';
	for (char *word = strsep(&rest, " "); *line && word &&
	     argc < WORDS_MAX - 1; word = strsep(&rest, " "))
		argv[argc++] = word;
	return options_parse(&options, argc, argv, why);
}

static void good(const char *line)
{
	enum options_result result = parse(line);

	must(result == OPTIONS_RUN, "%s: %d, %s", line, result, why);
}

static void defaults(void **state)
{
	(void)state;
	good("-s /run/c");
	assert_string_equal(options.socket_path, "/run/c");
	assert_int_equal(options.socket_count, 1);
	assert_int_equal(options.backend, BACKEND_NESTED);
	assert_int_equal(options.tcp_port, 12345);
	assert_int_equal(options.max_queue_size, 128);
	assert_false(options.max_queue_size_given);
	assert_null(options.user);
	assert_int_equal(options.socket_mode, 0600);
	assert_null(options.socket_user);
	assert_null(options.socket_group);
	assert_int_equal(options.scrollback_size, 256 * 1024);
	assert_int_equal(options.overflow, OVERFLOW_WAIT);
	assert_int_equal(options.wait_ms, 2000);
	assert_true(options.notices);
	assert_int_equal(options.escape, 0x1d);
	assert_int_equal(options.log_level, LOG_INFO);
	assert_int_equal(options.sandbox, SANDBOX_STRICT);
}

static void long_options(void **state)
{
	(void)state;
	good("--socket-path /run/c --socket-count 3 --backend network "
	     "--tcp-port 2000 --max-queue-size 64 --user daemon "
	     "--socket-mode 660");
	assert_int_equal(options.socket_count, 3);
	assert_int_equal(options.backend, BACKEND_NETWORK);
	assert_int_equal(options.tcp_port, 2000);
	assert_int_equal(options.max_queue_size, 64);
	assert_true(options.max_queue_size_given);
	assert_string_equal(options.user, "daemon");
	assert_int_equal(options.socket_mode, 0660);

	good("-s x --socket-user=libvirt-qemu --socket-group=kvm "
	     "--scrollback-size=1M --overflow=wait:1 --notices=off "
	     "--escape=^a --log-level=debug --sandbox=best-effort");
	assert_string_equal(options.socket_user, "libvirt-qemu");
	assert_string_equal(options.socket_group, "kvm");
	assert_int_equal(options.scrollback_size, 1024 * 1024);
	assert_int_equal(options.overflow, OVERFLOW_WAIT);
	assert_int_equal(options.wait_ms, 1);
	assert_false(options.notices);
	assert_int_equal(options.escape, 1);
	assert_int_equal(options.log_level, LOG_DEBUG);
	assert_int_equal(options.sandbox, SANDBOX_BEST_EFFORT);
}

static void short_options(void **state)
{
	(void)state;
	good("-s /run/c -c2 -b network -p 65534 -q32768");
	assert_int_equal(options.socket_count, 2);
	assert_int_equal(options.tcp_port, 65534);
	assert_int_equal(options.max_queue_size, 32768);
}

static void values(void **state)
{
	(void)state;
	good("-s x --overflow drop-oldest");
	assert_int_equal(options.overflow, OVERFLOW_DROP_OLDEST);
	good("-s x --overflow block");
	assert_int_equal(options.overflow, OVERFLOW_BLOCK);
	good("-s x --escape none");
	assert_int_equal(options.escape, ESCAPE_NONE);
	good("-s x --escape ^@");
	assert_int_equal(options.escape, 0);
	good("-s x --escape ^?");
	assert_int_equal(options.escape, 0x7f);
	good("-s x --escape ^_");
	assert_int_equal(options.escape, 0x1f);
	good("-s x -q 1");
	assert_int_equal(options.max_queue_size, 1);
	good("-s x --scrollback-size 4096");
	good("-s x --scrollback-size 64M");
	good("-s x --socket-mode 0");
	assert_int_equal(options.socket_mode, 0);
	/* Counted, but unused with nested, as the reference does. */
	good("-s x -b nested -p 65535");
}

static void first_answers(void **state)
{
	(void)state;
	assert_int_equal(parse("-h"), OPTIONS_HELP);
	assert_int_equal(parse("--help"), OPTIONS_HELP);
	assert_int_equal(parse("-V"), OPTIONS_VERSION);
	assert_int_equal(parse("--version"), OPTIONS_VERSION);
	assert_int_equal(parse("-s x -c 2 -h"), OPTIONS_HELP);
}

/* Each row: the line, and what the answer has to name. */
static const struct {
	const char *line;
	const char *names;
} bad_lines[] = {
	{ "", "--socket-path" },
	{ "-b network", "--socket-path" },
	{ "-s", "--socket-path" },
	{ "-s ", "--socket-path" },
	{ "-s x -c 0", "--socket-count 0" },
	{ "-s x -b network -c -1", "--socket-count -1" },
	{ "-s x -b network -c 99999", "--socket-count 99999" },
	{ "-s x -b network -c 1x", "--socket-count 1x" },
	{ "-s x -c 2", "--socket-count 2" },
	{ "-s x -b tcp", "--backend tcp" },
	{ "-s x -b ", "--backend" },
	{ "-s x -p 0", "--tcp-port 0" },
	{ "-s x -p 65536", "--tcp-port 65536" },
	{ "-s x -p +80", "--tcp-port +80" },
	{ "-s x -b network -c 2 -p 65535", "--tcp-port 65535" },
	{ "-s x -q 0", "--max-queue-size 0" },
	{ "-s x -q 100", "--max-queue-size 100" },
	{ "-s x -q 65536", "--max-queue-size 65536" },
	{ "-s x -q 0x40", "--max-queue-size 0x40" },
	{ "-s x --user ", "--user" },
	{ "-s x --socket-mode 888", "--socket-mode 888" },
	{ "-s x --socket-mode 1000", "--socket-mode 1000" },
	{ "-s x --socket-user ", "--socket-user" },
	{ "-s x --socket-group ", "--socket-group" },
	{ "-s x --scrollback-size 4095", "--scrollback-size 4095" },
	{ "-s x --scrollback-size 65M", "--scrollback-size 65M" },
	{ "-s x --scrollback-size 1G", "--scrollback-size 1G" },
	{ "-s x --overflow never", "--overflow never" },
	{ "-s x --overflow wait", "--overflow wait" },
	{ "-s x --overflow wait:", "--overflow wait:" },
	{ "-s x --overflow wait:0", "--overflow wait:0" },
	{ "-s x --overflow wait:3600001", "--overflow wait:3600001" },
	{ "-s x --notices yes", "--notices yes" },
	{ "-s x --escape x", "--escape x" },
	{ "-s x --escape ^", "--escape ^" },
	{ "-s x --escape ^1", "--escape ^1" },
	{ "-s x --escape ^ab", "--escape ^ab" },
	{ "-s x --log-level loud", "--log-level loud" },
	{ "-s x --sandbox off", "--sandbox off" },
	{ "-s x --help=me", "--help" },
	{ "-s x --frobnicate", "--frobnicate" },
	{ "-s x --frobnicate=3", "--frobnicate=3" },
	{ "-s x -z", "-z" },
	{ "-s x --socket", "--socket" },
	{ "-s x --tcp-port", "--tcp-port" },
	{ "-s x stray", "stray" },
	{ "-s x -- stray", "stray" },
};

static void bad_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(*bad_lines); i++) {
		enum options_result result = parse(bad_lines[i].line);

		must(result == OPTIONS_BAD, "\"%s\": %d", bad_lines[i].line,
		     result);
		must(strstr(why, bad_lines[i].names), "\"%s\": %s",
		     bad_lines[i].line, why);
	}
}

static void one_printable_line(void **state)
{
	char *argv[] = { (char *)"x", (char *)"-b", (char *)"a\nb\033[2Jc",
			 NULL };

	(void)state;
	assert_int_equal(options_parse(&options, 3, argv, why), OPTIONS_BAD);
	for (const char *p = why; *p; p++)
		must(*p >= ' ' && *p <= '~', "%s", why);
	assert_non_null(strstr(why, "a\\x0ab"));
}

static void long_value_keeps_the_reason(void **state)
{
	char value[900];
	char line[1000];

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	snprintf(line, sizeof(line), "-s x -b %s", value);
	assert_int_equal(parse(line), OPTIONS_BAD);
	assert_non_null(strstr(why, "network is wanted"));
}

static void socket_paths(void **state)
{
	char path[108], small[6];
	char line[300];

	(void)state;
	good("-s /run/c -b network -c 12");
	assert_int_equal(options_socket_path(&options, 11, path, sizeof(path)),
			 0);
	assert_string_equal(path, "/run/c11");
	assert_int_equal(options_socket_path(&options, 1, small, sizeof(small)),
			 -ENAMETOOLONG);

	/* 106 and an index of one digit fit with the final zero, 107 do not. */
	snprintf(line, sizeof(line), "-s %0106d", 0);
	good(line);
	snprintf(line, sizeof(line), "-s %0107d", 0);
	assert_int_equal(parse(line), OPTIONS_BAD);
	snprintf(line, sizeof(line), "-s %0106d -b network -c 10", 0);
	good(line);
	snprintf(line, sizeof(line), "-s %0106d -b network -c 11", 0);
	assert_int_equal(parse(line), OPTIONS_BAD);
	assert_non_null(strstr(why, "--socket-path 000"));
}

static void help_shows_defaults(void **state)
{
	static const char *const words[] = {
		"--socket-path", "--socket-count", "--backend", "--tcp-port",
		"--max-queue-size", "--user", "--socket-mode", "--socket-user",
		"--socket-group", "--scrollback-size", "--overflow",
		"--notices", "--escape", "--log-level", "--sandbox", "--help",
		"--version", "[1]", "[nested]", "[12345]", "[128]", "[0600]",
		"[256k]", "[wait:2000]", "[on]", "[^]]", "[info]", "[strict]",
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	options_print_help(out);
	fclose(out);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		must(strstr(text, words[i]), "no %s in the help", words[i]);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(long_options),
		cmocka_unit_test(short_options),
		cmocka_unit_test(values),
		cmocka_unit_test(first_answers),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(one_printable_line),
		cmocka_unit_test(long_value_keeps_the_reason),
		cmocka_unit_test(socket_paths),
		cmocka_unit_test(help_shows_defaults),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
