/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The command line, and whom it makes of the daemon. Arguments are made of any
 * bytes and of words that mean something; as long as all are options in one of
 * their forms, the result is the model's. Each refusal names the option. What
 * is accepted, written down again, is accepted as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/options.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/options-host.h"
#include "tests/fuzz/options-model.h"

#define WORDS_MAX	24
#define LINES_MAX	32
#define LINE_ENDS	0xff
#define TEXT_MAX	800		/* 15 words of 50 bytes fit */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct {
	char *word[WORDS_MAX + 1];
	int n;
} line;

/* What the model says of it, as far as it knows. */
static struct {
	bool knows;
	bool decided;
	enum options_result result;
	char names[64];			/* with OPTIONS_BAD */
	struct options options;
} model;

/* Bytes of the input up to 0xbf are themselves, those above are words. */
static void make_text(struct input *in, char text[TEXT_MAX])
{
	static const char *const words[64] = {
		"nested", "network", "wait:", "drop-oldest", "block", "on",
		"off", "none", "^", "error", "warn", "info", "debug",
		"strict", "best-effort", "4096", "4095", "65535", "65536",
		"16384", "16385", "32768", "3600000", "3600001",
		"18446744073709551615", "18446744073709551616", "0777",
		"1000", "k", "M", "64M", "65537k", "4k", "/run/x", "0000",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "--", "=",
		"root", "nobody", "daemon", "me", "kvm", "18014398509481988k",
		"--socket-", "socket-path", "tcp-port", "help", "\xff", "\n",
		"1", "2", "128", "600", "?", "_", "@", "99999", "3", "-1",
		"+1", "0x10", "1e3", " 1",
	};
	unsigned int n = input_u8(in) % 16;
	size_t len = 0;

	text[0] = '\0';
	while (n-- && in->len > 0) {
		uint8_t byte = input_u8(in);
		const char *word = byte < 0xc0 ? (char[]){ (char)byte, 0 } :
						 words[byte & 0x3f];

		len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s", word);
	}
}

static void add_word(const char *before, const char *text)
{
	size_t size = strlen(before) + strlen(text) + 1;
	char *word = malloc(size);

	fuzz_check(word, "out of memory");
	snprintf(word, size, "%s%s", before, text);
	line.word[line.n++] = word;
}

static void decide(enum options_result result, const char *names)
{
	if (model.decided)
		return;
	model.decided = true;
	model.result = result;
	snprintf(model.names, sizeof(model.names), "--%s", names);
}

/* The option's value is the end of the last word, from @at on. */
static void give_value(int kind, size_t at)
{
	if (!model.decided &&
	    !option_kinds[kind].take(&model.options,
				     line.word[line.n - 1] + at))
		decide(OPTIONS_BAD, option_kinds[kind].name);
}

static void add_flag(int kind, uint8_t style, const char *value)
{
	const char *name = option_kinds[kind].name;
	const char letter[] = { '-', option_kinds[kind].letter, 0 };
	enum options_result result = kind == OPTION_HELP ? OPTIONS_HELP :
							   OPTIONS_VERSION;

	if (style == 0) {
		add_word("--", name);
		line.word[line.n - 1] = realloc(line.word[line.n - 1], 1000);
		fuzz_check(line.word[line.n - 1], "out of memory");
		strcat(strcat(line.word[line.n - 1], "="), value);
		decide(OPTIONS_BAD, name);
		return;
	}
	if (style == 1)
		add_word("--", name);
	else
		add_word(letter, style == 2 ? "" : value);
	decide(result, name);
}

/* --NA=VALUE; an abbreviation that stands for several stands for none. */
static void add_prefix(int kind, size_t len, const char *value)
{
	char before[40];
	int stands_for = option_by_prefix(option_kinds[kind].name, len);

	snprintf(before, sizeof(before), "--%.*s=", (int)len,
		 option_kinds[kind].name);
	add_word(before, value);
	if (stands_for < 0) {
		before[len + 2] = '\0';
		decide(OPTIONS_BAD, before + 2);
	} else if (!option_kinds[stands_for].take) {
		decide(OPTIONS_BAD, option_kinds[stands_for].name);
	} else {
		give_value(stands_for, len + 3);
	}
}

static void add_option(int kind, uint8_t style, uint8_t len, const char *value)
{
	const char *name = option_kinds[kind].name;
	const char letter[] = { '-', option_kinds[kind].letter, 0 };

	if (!option_kinds[kind].take && style != 4) {
		add_flag(kind, style, value);
		return;
	}
	if (style >= 2 && style <= 3 && !letter[1])
		style -= 2;
	switch (style) {
	case 0: case 4:
		add_prefix(kind, style ? 1 + len % strlen(name) : strlen(name),
			   value);
		return;
	case 1:
		add_word("--", name);
		break;
	case 2:
		add_word(letter, "");
		break;
	default:
		if (*value) {
			add_word(letter, value);
			give_value(kind, 2);
			return;
		}
		add_word(letter, "");
	}
	add_word("", value);
	give_value(kind, 0);
}

static void make_line(struct input *in)
{
	char text[TEXT_MAX];

	memset(&line, 0, sizeof(line));
	add_word("", "vhost-device-console");
	while (in->len > 0 && line.n < WORDS_MAX - 1) {
		uint8_t what = input_u8(in), style;

		if (what == LINE_ENDS)
			break;
		style = input_u8(in);
		make_text(in, text);
		if (what % 32 < OPTION_KINDS) {
			add_option(what % 32, style % 5, style / 5, text);
			continue;
		}
		model.knows = false;
		add_word(what & 32 ? "--" : what & 64 ? "-" : "", text);
	}
	if (!model.decided && options_model_misfit(&model.options))
		decide(OPTIONS_BAD, options_model_misfit(&model.options));
}

/* One line, printable, that says which option or word it is about. */
static void check_reason(const char *why)
{
	size_t len = strnlen(why, OPTIONS_WHY_MAX);
	bool names = strstr(why, ": no such option") ||
		     strstr(why, ": not an option");

	fuzz_check(len > 0 && len < OPTIONS_WHY_MAX, "%zu bytes", len);
	for (size_t i = 0; i < len; i++)
		fuzz_check(why[i] >= ' ' && why[i] <= '~', "byte %zu: 0x%x",
			   i, why[i] & 0xff);
	for (int i = 0; i < OPTION_KINDS && !names; i++) {
		size_t n = strlen(option_kinds[i].name);

		names = !strncmp(why, "--", 2) &&
			!strncmp(why + 2, option_kinds[i].name, n) &&
			(why[n + 2] == ':' || why[n + 2] == ' ');
	}
	fuzz_check(names, "no option in: %s", why);
}

static enum options_result parse(struct options *o, char *why)
{
	char *argv[WORDS_MAX + 1];

	memcpy(argv, line.word, sizeof(argv));
	memset(why, '?', OPTIONS_WHY_MAX);
	return options_parse(o, line.n, argv, why);
}

/* What was accepted, as a line with each option given. */
static void check_again(const struct options *o)
{
	static const char *const overflow[] = {
		[OVERFLOW_DROP_OLDEST] = "drop-oldest",
		[OVERFLOW_BLOCK] = "block",
	};
	char n[8][40], why[OPTIONS_WHY_MAX];
	const char *argv[WORDS_MAX + 8] = { "" };
	int argc = 1;
	struct options again;

	snprintf(n[0], 40, "-c%u", o->socket_count);
	snprintf(n[1], 40, "-p%u", o->tcp_port);
	snprintf(n[2], 40, "-q%u", o->max_queue_size);
	snprintf(n[3], 40, "--socket-mode=%o", o->socket_mode);
	snprintf(n[4], 40, "--scrollback-size=%llu",
		 (unsigned long long)o->scrollback_size);
	snprintf(n[5], 40, "--overflow=wait:%u", o->wait_ms);
	snprintf(n[6], 40, "--escape=^%c", o->escape ^ 0x40);
	argv[argc++] = o->backend == BACKEND_NESTED ? "-bnested" : "-bnetwork";
	argv[argc++] = o->sandbox == SANDBOX_STRICT ? "--sandbox=strict" :
						      "--sandbox=best-effort";
	argv[argc++] = o->notices ? "--notices=on" : "--notices=off";
	for (int i = 0; i < 6; i++)
		if (i != 2 || o->max_queue_size_given)
			argv[argc++] = n[i];
	argv[argc++] = o->escape == ESCAPE_NONE ? "--escape=none" : n[6];
	argv[argc++] = "--log-level";
	argv[argc++] = log_level_name(o->log_level);
	if (o->overflow != OVERFLOW_WAIT) {
		argv[argc++] = "--overflow";
		argv[argc++] = overflow[o->overflow];
	}
	argv[argc++] = "-s";
	argv[argc++] = o->socket_path;
	if (o->user) {
		argv[argc++] = "--user";
		argv[argc++] = o->user;
	}
	if (o->socket_user) {
		argv[argc++] = "--socket-user";
		argv[argc++] = o->socket_user;
	}
	if (o->socket_group) {
		argv[argc++] = "--socket-group";
		argv[argc++] = o->socket_group;
	}
	fuzz_check(options_parse(&again, argc, (char **)argv, why) ==
		   OPTIONS_RUN, "once more: %s", why);
	fuzz_check(options_model_same(o, &again), "once more: not the same");
}

static void check_paths(const struct options *o)
{
	char path[108], want[TEXT_MAX * 2];
	unsigned int index[] = { 0, o->socket_count - 1 };

	for (unsigned int i = 0; i < 2; i++) {
		snprintf(want, sizeof(want), "%s%u", o->socket_path, index[i]);
		fuzz_check(!options_socket_path(o, index[i], path,
						sizeof(path)) &&
			   !strcmp(path, want), "path %s", want);
	}
}

static void check_line(void)
{
	char why[OPTIONS_WHY_MAX], why_again[OPTIONS_WHY_MAX];
	struct options o, again;
	enum options_result result = parse(&o, why);

	fuzz_check(parse(&again, why_again) == result, "not the same again");
	fuzz_check(result != OPTIONS_BAD || !strcmp(why, why_again),
		   "%s, and %s", why, why_again);
	if (model.knows)
		fuzz_check(result == model.result, "%d, not %d: %s", result,
			   model.result, result == OPTIONS_BAD ? why : "");
	if (result == OPTIONS_BAD)
		check_reason(why);
	if (result == OPTIONS_BAD && model.knows)
		fuzz_check(!strncmp(why, model.names, strlen(model.names)),
			   "%s: does not name %s", why, model.names);
	if (result != OPTIONS_RUN)
		return;
	fuzz_check(!model.knows || options_model_same(&o, &model.options),
		   "not as the model has it");
	fuzz_check(!options_model_misfit(&o), "%s",
		   options_model_misfit(&o));
	check_again(&o);
	check_paths(&o);
	options_host_check(&o);
}

static void one_line(struct input *in)
{
	uint8_t bits = input_u8(in);

	memset(&model, 0, sizeof(model));
	model.knows = true;
	model.result = OPTIONS_RUN;
	options_model_defaults(&model.options);
	options_host_root(bits & 1);
	if (bits & 2)
		setenv("POSIXLY_CORRECT", "1", 1);
	make_line(in);
	check_line();
	unsetenv("POSIXLY_CORRECT");
	for (int i = 0; i < line.n; i++)
		free(line.word[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };

	for (unsigned int i = 0; i < LINES_MAX && (!i || in.len > 0); i++)
		one_line(&in);
	return 0;
}
