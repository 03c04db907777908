/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a worker writes on its standard error, and what our log makes of it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ctl.h"
#include "common/fd.h"
#include "common/mono.h"
#include "supervisor/log_stream.h"
#include "tests/lib/unit.h"

#define NAME	"vhost-device-console: "
#define CRUMBS	260			/* a socket has room for 277 */

static int saved, ends[2], worker;
static struct log_stream heard;
static struct log_quota quota;
static char out[1 << 20];

static int setup(void **state)
{
	(void)state;
	quota = (struct log_quota){ 0 };
	heard = (struct log_stream){ .fd = -1 };
	worker = log_stream_open(&heard);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (worker < 0 || saved < 0 ||
	    pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0 ||
	    fcntl(ends[1], F_SETPIPE_SZ, (int)sizeof(out)) < 0)
		return -1;
	log_init(LOG_INFO, false);
	return dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	fd_close(&saved);
	fd_close_all(ends, 2);
	fd_close(&worker);
	fd_close(&heard.fd);
	return 0;
}

static const char *logged(void)
{
	ssize_t n = read(ends[0], out, sizeof(out) - 1);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

static unsigned int count_lines(void)
{
	unsigned int n = 0;

	for (const char *at = logged(); (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

static void say(const void *bytes, size_t len)
{
	assert_int_equal(write(worker, bytes, len), len);
}

static void expect(const char *said, const char *log)
{
	say(said, strlen(said));
	assert_int_equal(log_stream_read(&heard, &quota, 3), 0);
	assert_string_equal(logged(), log);
}

static void lines(void **state)
{
	(void)state;
	expect("<0>one\n", NAME "error: console 3: one\n");
	expect("<1>two\n<2>three\n", NAME "warning: console 3: two\n"
	       NAME "console 3: three\n");
	expect("<3>not at this level\n", "");
	expect("malloc(): no\n", NAME "warning: console 3: malloc(): no\n");
	expect("<2>\\x1b 100%s %n\n", NAME "console 3: \\x1b 100%s %n\n");
	expect("<2>ha", "");
	expect("lf\n", NAME "console 3: half\n");
	say("<2>of none\n", 11);
	assert_int_equal(log_stream_read(&heard, &quota, -1), 0);
	assert_string_equal(logged(), NAME "of none\n");
}

/* None of them ends a line, moves a cursor or passes for anything else. */
static void every_byte(void **state)
{
	(void)state;
	for (unsigned int b = 0; b < 256; b++) {
		char said[] = { '<', '2', '>', 'a', (char)b, 'z', '\n' };
		const char *text;

		if (b == '\n')
			continue;
		quota.lines = 0;
		say(said, sizeof(said));
		assert_int_equal(log_stream_read(&heard, &quota, 3), 0);
		text = logged();
		must(strchr(text, '\n') == text + strlen(text) - 1,
		     "byte %u: more than a line", b);
		for (const char *at = text; at[1]; at++)
			must(*at >= 0x20 && *at < 0x7f, "byte %u in a log", b);
		must(!strncmp(text, NAME "console 3: a", sizeof(NAME) + 11) &&
		     strstr(text, "z\n"), "byte %u: %s", b, text);
	}
}

/* In another's name, or with a level of its own. */
static void pretends(void **state)
{
	(void)state;
	expect(NAME "console 1: all is well\n",
	       NAME "warning: console 3: " NAME "console 1: all is well\n");
	expect("<2>x\r" NAME "console 1: x\n",
	       NAME "console 3: x\\x0d" NAME "console 1: x\n");
	expect("<2><0>console 1: x\n", NAME "console 3: <0>console 1: x\n");
}

static void long_lines(void **state)
{
	static char text[4 * LOG_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	say(text, sizeof(text));
	assert_int_equal(log_stream_read(&heard, &quota, 3), 0);
	assert_int_equal(count_lines(), 4);
	memset(text, '\x1b', sizeof(text));
	say(text, sizeof(text));
	assert_int_equal(log_stream_read(&heard, &quota, 3), 0);
	assert_int_equal(count_lines(), 4);
	assert_int_equal(heard.len, 0);
}

/* Too much waits in the stream, and then in the worker: never with us. */
static void too_many(void **state)
{
	int64_t pause;

	(void)state;
	for (int i = 0; i < 3; i++) {
		while (write(worker, "x\n", 2) == 2)
			;
		pause = log_stream_read(&heard, &quota, 3);
		assert_in_range(pause, 1, LOG_LIMIT_US);
		assert_int_equal(count_lines(), i ? 0 : LOG_STREAM_LINES);
	}
	assert_int_equal(write(worker, "x\n", 2), -1);
	assert_int_equal(errno, EAGAIN);
	quota.since -= LOG_LIMIT_US;
	assert_true(log_stream_read(&heard, &quota, 3) > 0);
	assert_int_equal(count_lines(), LOG_STREAM_LINES);
}

/* Byte by byte, as fast as it is read: others have their turn all the same. */
static void in_crumbs(void **state)
{
	unsigned int left = 0;
	int crumbs[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
				    SOCK_CLOEXEC, 0, crumbs), 0);
	fd_close(&heard.fd);
	heard.fd = crumbs[0];
	for (unsigned int i = 0; i < CRUMBS; i++)
		assert_int_equal(write(crumbs[1], "x", 1), 1);
	assert_int_equal(log_stream_read(&heard, &quota, 3), 0);
	while (read(crumbs[0], out, 1) == 1)
		left++;
	assert_in_range(left, 1, CRUMBS - 1);
	assert_int_equal(heard.len, CRUMBS - left);
	fd_close(&crumbs[1]);
}

/* A pipe's lock is held by who writes to it, for as long as he likes. */
static void is_no_pipe(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstat(worker, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(fstat(heard.fd, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
}

/* Whoever sends fds is not heard any more. */
static void fds(void **state)
{
	const struct ctl_msg msg = { .type = CTL_PUT };
	int end[2];

	(void)state;
	assert_int_equal(pipe2(end, O_CLOEXEC | O_NONBLOCK), 0);
	expect("<2>before\n", NAME "console 3: before\n");
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(ctl_send(worker, &msg, &end[1], 1), 0);
	fd_close(&end[1]);
	assert_int_equal(log_stream_read(&heard, &quota, 3), -EPIPE);
	say("<2>after\n", 9);
	assert_int_equal(log_stream_read(&heard, &quota, 3), -EPIPE);
	assert_string_equal(logged(), "");
	log_stream_close(&heard, &quota, 3);
	assert_null(strstr(logged(), "after"));
	/* both are closed */
	assert_int_equal(read(end[0], out, 1), 0);
	fd_close(&end[0]);
}

static void last_words(void **state)
{
	(void)state;
	say("<1>I cannot", 11);
	fd_close(&worker);
	assert_int_equal(log_stream_read(&heard, &quota, 3), -EPIPE);
	assert_string_equal(logged(), "");
	log_stream_close(&heard, &quota, 3);
	assert_string_equal(logged(), NAME "warning: console 3: I cannot\n");
	assert_int_equal(heard.fd, -1);
	log_stream_close(&heard, &quota, 3);
}

/* The quota is the console's, whoever its worker is. */
static void last_words_too_many(void **state)
{
	(void)state;
	while (write(worker, "x\n", 2) == 2)
		;
	fd_close(&worker);
	log_stream_close(&heard, &quota, 3);
	assert_int_equal(count_lines(), LOG_STREAM_LINES);
	worker = log_stream_open(&heard);
	say("y\n", 2);
	log_stream_close(&heard, &quota, 3);
	assert_int_equal(count_lines(), 0);
}

#define STREAM_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		STREAM_TEST(lines),
		STREAM_TEST(every_byte),
		STREAM_TEST(pretends),
		STREAM_TEST(long_lines),
		STREAM_TEST(too_many),
		STREAM_TEST(in_crumbs),
		STREAM_TEST(is_no_pipe),
		STREAM_TEST(fds),
		STREAM_TEST(last_words),
		STREAM_TEST(last_words_too_many),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("log stream", tests, NULL, NULL);
}
