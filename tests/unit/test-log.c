/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "tests/lib/unit.h"

/* stderr is a pipe while a test runs; what fails is printed afterwards. */
static int saved, ends[2];
static char out[65536];

static int setup(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	if (saved < 0 || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		return -1;
	return dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	fd_close(&saved);
	fd_close_all(ends, 2);
	log_init(LOG_INFO, false);
	return 0;
}

static const char *logged(void)
{
	ssize_t n = read(ends[0], out, sizeof(out) - 1);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

static void lines(void **state)
{
	(void)state;
	log_init(LOG_DEBUG, false);
	log_error("one");
	assert_string_equal(logged(), "vhost-device-console: error: one\n");
	log_warn("two");
	assert_string_equal(logged(), "vhost-device-console: warning: two\n");
	log_info("three %d", 3);
	assert_string_equal(logged(), "vhost-device-console: three 3\n");
	log_debug("four");
	assert_string_equal(logged(), "vhost-device-console: debug: four\n");
	log_warn("%s", "100%s");
	assert_string_equal(logged(),
			    "vhost-device-console: warning: 100%s\n");
	log_init(LOG_INFO, true);
	log_info("x");
	assert_string_equal(logged(), "vhost-device-console: x\r\n");
}

/* What a supervisor reads says its level, and can be told from what does not. */
static void supervised_lines(void **state)
{
	static const char *const others[] = {
		"*** stack smashing detected ***", "", "<", "<1", "<1:", "<4>x",
		"</>x", "<-1>x", "1>x",
	};

	(void)state;
	log_init_supervised(LOG_DEBUG);
	for (enum log_level l = LOG_ERROR; l <= LOG_DEBUG; l++) {
		const char *line = out;
		size_t len;

		log_write(l, "said");
		len = strlen(logged());
		assert_int_equal(log_level_of(&line, &len), l);
		assert_int_equal(len, 5);
		assert_string_equal(line, "said\n");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const char *line = others[i];
		size_t len = strlen(line);

		must(log_level_of(&line, &len) == LOG_WARN &&
		     line == others[i] && len == strlen(line), "%s", others[i]);
	}
}

static void levels(void **state)
{
	(void)state;
	for (enum log_level least = LOG_ERROR; least <= LOG_DEBUG; least++) {
		log_init(least, false);
		assert_int_equal(log_get_level(), least);
		for (enum log_level l = LOG_ERROR; l <= LOG_DEBUG; l++) {
			log_write(l, "x");
			must(!*logged() == (l > least),
			     "level %s at level %s", log_level_name(l),
			     log_level_name(least));
		}
	}
	assert_string_equal(log_level_name(LOG_ERROR), "error");
	assert_string_equal(log_level_name(LOG_WARN), "warn");
	assert_string_equal(log_level_name(LOG_INFO), "info");
	assert_string_equal(log_level_name(LOG_DEBUG), "debug");
}

/* A long line is cut, keeps its end, and spoils nothing around it. */
static void long_line(void **state)
{
	static char text[3 * LOG_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (size_t len = LOG_LINE_MAX - 40; len < LOG_LINE_MAX + 40; len++) {
		size_t n;

		text[len] = '\0';
		log_init(LOG_INFO, len % 2);
		log_info("%s", text);
		n = strlen(logged());
		text[len] = 'x';
		must(n <= LOG_LINE_MAX + 1 && n >= LOG_LINE_MAX - 20,
		     "a line of %zu bytes for %zu", n, len);
		must(!strcmp(out + n - (len % 2 ? 3 : 2),
			     len % 2 ? "x\r\n" : "x\n"), "%zu: no end", len);
		must(strchr(out, '\n') == out + n - 1, "%zu: two lines", len);
	}
}

/* A reader who does not read stops nobody, and is told what it missed. */
static void no_room(void **state)
{
	unsigned int before = 0, lost = 0;
	char byte = 'x';

	(void)state;
	log_init(LOG_INFO, false);
	while (write(ends[1], &byte, 1) == 1)
		before++;
	for (int i = 0; i < 5; i++)
		log_info("lost");
	while (read(ends[0], out, sizeof(out)) > 0)
		;
	log_info("back");
	assert_int_equal(sscanf(logged(),
				"vhost-device-console: (%u lines lost) back\n",
				&lost), 1);
	assert_int_equal(lost, 5);
	log_info("again");
	assert_string_equal(logged(), "vhost-device-console: again\n");
	assert_true(before > 0);
}

/* Nor does one who is gone. */
static void no_reader(void **state)
{
	(void)state;
	log_init(LOG_INFO, false);
	fd_close(&ends[0]);
	log_info("to nobody");
	dup2(saved, STDERR_FILENO);
	fd_close(&ends[1]);
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	log_info("back");
	assert_string_equal(logged(),
			    "vhost-device-console: (1 lines lost) back\n");
}

static void limit(void **state)
{
	struct log_limit l = { 0 };
	uint64_t t = 5000;
	unsigned int suppressed = 99;

	(void)state;
	for (unsigned int i = 0; i < LOG_LIMIT_BURST; i++) {
		assert_true(log_limit_pass(&l, t + i, &suppressed));
		assert_int_equal(suppressed, 0);
	}
	for (unsigned int i = 0; i < 1000; i++)
		assert_false(log_limit_pass(&l, t + 100 + i, &suppressed));
	assert_false(log_limit_pass(&l, t + LOG_LIMIT_US - 1, &suppressed));
	assert_true(log_limit_pass(&l, t + LOG_LIMIT_US, &suppressed));
	assert_int_equal(suppressed, 1001);
	/* the next window starts with it */
	for (unsigned int i = 1; i < LOG_LIMIT_BURST; i++) {
		assert_true(log_limit_pass(&l, t + LOG_LIMIT_US + i,
					   &suppressed));
		assert_int_equal(suppressed, 0);
	}
	assert_false(log_limit_pass(&l, t + 2 * LOG_LIMIT_US - 1,
				    &suppressed));
	assert_true(log_limit_pass(&l, t + 9 * LOG_LIMIT_US, &suppressed));
	assert_int_equal(suppressed, 1);
}

static unsigned int count(const char *text)
{
	unsigned int n = 0;

	for (const char *at = out; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void longer_burst(void **state)
{
	struct log_limit l = { .burst = 50 };
	unsigned int suppressed;

	(void)state;
	for (uint64_t window = 1; window < 4; window++) {
		uint64_t t = window * LOG_LIMIT_US;

		for (unsigned int i = 0; i < 60; i++)
			assert_int_equal(log_limit_pass(&l, t + i,
							&suppressed), i < 50);
		assert_int_equal(l.suppressed, 10);
	}
}

static void limited_line(void)
{
	log_limited(LOG_WARN, "flood %d", 1);
}

static void limited(void **state)
{
	struct log_limit l = { 0 };

	(void)state;
	log_init(LOG_INFO, false);
	for (int i = 0; i < 1000; i++)
		limited_line();
	logged();
	assert_int_equal(count("warning: flood 1\n"), LOG_LIMIT_BURST);
	assert_int_equal(count("\n"), LOG_LIMIT_BURST);

	l = (struct log_limit){ .since = 1, .count = LOG_LIMIT_BURST,
				.suppressed = 12 };
	log_write_limited(&l, LOG_INFO, "%s", "now");
	assert_string_equal(logged(), "vhost-device-console: "
				      "(12 like this suppressed) now\n");
	/* what the level keeps back does not count */
	l = (struct log_limit){ 0 };
	for (int i = 0; i < 100; i++)
		log_write_limited(&l, LOG_DEBUG, "quiet");
	assert_string_equal(logged(), "");
	assert_int_equal(l.count, 0);
}

static void limited_long_line(void **state)
{
	static char text[2 * LOG_LINE_MAX];
	struct log_limit l = { .since = 1, .suppressed = UINT32_MAX };

	(void)state;
	memset(text, 'y', sizeof(text) - 1);
	log_init(LOG_INFO, true);
	log_write_limited(&l, LOG_INFO, "%s", text);
	assert_in_range(strlen(logged()), LOG_LINE_MAX - 20, LOG_LINE_MAX + 1);
	assert_int_equal(out[strlen(out) - 1], '\n');
}

#define LOG_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LOG_TEST(lines),
		LOG_TEST(supervised_lines),
		LOG_TEST(levels),
		LOG_TEST(long_line),
		LOG_TEST(no_room),
		LOG_TEST(no_reader),
		LOG_TEST(limit),
		LOG_TEST(longer_burst),
		LOG_TEST(limited),
		LOG_TEST(limited_long_line),
	};

	/* as both programs do */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
