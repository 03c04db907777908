/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/sup-log.h"

#include <event2/event.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/closer.h"
#include "supervisor/log_stream.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sup-clock.h"
#include "tests/fuzz/sup.h"

#define NAME		"vhost-device-console: "
#define TAKEN		"console 0: "
#define NEIGHBOUR	"console 1: "
#define SAID_MAX	(1u << 17)

/* Of the supervisor's own: its limits, the peers' and what policy bounds. */
#define OWN_LINES	(PEERS_BURST + 5 * LOG_LIMIT_BURST + 10)

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_poll(struct pollfd *p, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout);
int64_t __real_log_stream_read(struct log_stream *p, struct log_quota *quota,
			       int console);
int64_t __wrap_log_stream_read(struct log_stream *p, struct log_quota *quota,
			       int console);
void __real_log_stream_close(struct log_stream *p, struct log_quota *quota,
			     int console);
void __wrap_log_stream_close(struct log_stream *p, struct log_quota *quota,
			     int console);
void __real_log_write_limited(struct log_limit *limit, enum log_level level,
			      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void __wrap_log_write_limited(struct log_limit *limit, enum log_level level,
			      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static struct {
	char said[SAID_MAX];		/* and not yet heard */
	size_t len;
	bool loose;			/* some of it may be lost */
	bool closing;
	int reading;			/* a console's worker; -1: none's */
	uint64_t since;
	unsigned int lines;		/* of console 0's worker */
	unsigned int own;		/* of the supervisor, about it */
	unsigned int condemned;
	const char *neighbour;		/* what its worker says now */
} heard;

void heard_start(void)
{
	heard.len = 0;
	heard.loose = false;
	heard.closing = false;
	heard.reading = -1;
	heard.since = clock_now();
	heard.lines = heard.own = heard.condemned = 0;
	heard.neighbour = NULL;
}

void heard_says(const void *bytes, size_t len)
{
	ssize_t n;

	if (len > SAID_MAX - heard.len)
		len = SAID_MAX - heard.len;
	n = send(sup.worker[SUP_TAKEN].log, bytes, len,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n <= 0 || heard.loose)
		return;
	memcpy(heard.said + heard.len, bytes, (size_t)n);
	heard.len += (size_t)n;
}

void heard_no_more(void)
{
	heard.loose = true;
}

/* Bytes of the next line that has been said whole, -1: there is none. */
static ssize_t next_line(size_t *skip)
{
	size_t most = heard.len < LOG_LINE_MAX ? heard.len : LOG_LINE_MAX;
	const char *end = memchr(heard.said, '\n', most);

	*skip = end != NULL;
	if (end)
		return end - heard.said;
	if (heard.len >= LOG_LINE_MAX)
		return LOG_LINE_MAX;
	return heard.closing && heard.len ? (ssize_t)heard.len : -1;
}

static bool is_print(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* As it has to come out: what is in it cannot be mistaken, or is cut. */
static void escape(char *out, const char *in, size_t len)
{
	bool all = !is_print(in, len) || len >= LOG_LINE_MAX;
	size_t at = 0;

	for (size_t i = 0; i < len && at < LOG_LINE_MAX; i++)
		if (is_print(in + i, 1) && !(all && in[i] == '\\'))
			out[at++] = in[i];
		else
			at += (size_t)sprintf(out + at, "\\x%02x",
					      (unsigned char)in[i]);
	out[at] = '\0';
}

/* The next line that the worker said is this one. */
static void expect(const char *out)
{
	static const char *const prefix[] = { "error: ", "warning: ", "",
					      "debug: " };
	char text[LOG_LINE_MAX + 8], line[2 * LOG_LINE_MAX];
	unsigned int level;
	ssize_t len;
	size_t skip;

	do {
		const char *at = heard.said;
		size_t left;

		len = next_line(&skip);
		fuzz_check(len >= 0, "nobody said %s", out);
		left = (size_t)len;
		level = LOG_WARN;
		if (left >= 3 && at[0] == '<' && at[2] == '>' &&
		    at[1] >= '0' && at[1] <= '3') {
			level = (unsigned int)(at[1] - '0');
			at += 3;
			left -= 3;
		}
		escape(text, at, left);
		heard.len -= (size_t)len + skip;
		memmove(heard.said, heard.said + len + skip, heard.len);
	} while (level > log_get_level());
	snprintf(line, sizeof(line), NAME "%s" TAKEN "%s", prefix[level], text);
	/* long ones are cut, and last words of one who had too much to close */
	fuzz_check(!strncmp(out, line, strlen(out)) &&
		   (strlen(out) == strlen(line) ||
		    strlen(out) > LOG_LINE_MAX - 40 ||
		    (heard.closing &&
		     closer_behind(SUP_TAKEN) > CLOSER_BEHIND_MAX / 4)),
		   "\n%s\ncame out as\n%s", line, out);
}

static void taken_line(const char *line)
{
	heard.lines++;
	if (!heard.loose)
		expect(line);
}

/* A line that is about console 0, or about none. */
static void own_line(const char *text)
{
	unsigned int n;
	int end = 0;

	if (sscanf(text, "(%u like this suppressed) %n", &n, &end) == 1)
		text += end;
	heard.own++;
	if (!strncmp(text, NEIGHBOUR, strlen(NEIGHBOUR))) {
		fuzz_check(!sup.worker[SUP_NEIGHBOUR].pid ||
			   strstr(text, " ready after ") ||
			   strstr(text, " attached"), "%s", text);
		return;
	}
	if (!strncmp(text, "ending (", 8)) {
		fuzz_check(sup.told, "%s", text);
		return;
	}
	fuzz_check(!strncmp(text, TAKEN, strlen(TAKEN)) ||
		   (sup.s.tty.fd >= 0 && !strncmp(text, "terminal: ", 10)),
		   "not console 0's: %s", text);
}

static void hear(const char *bytes, size_t len)
{
	static const char *const levels[] = { "error: ", "warning: ",
					      "debug: " };
	char line[LOG_LINE_MAX + 2];
	const char *text = line + strlen(NAME);

	fuzz_check(len > 0 && len <= LOG_LINE_MAX && bytes[len - 1] == '\n',
		   "%zu bytes in a line", len);
	fuzz_check(is_print(bytes, len - 1), "%.*s", (int)len, bytes);
	memcpy(line, bytes, len - 1);
	line[len - 1] = '\0';
	fuzz_check(!strncmp(line, NAME, strlen(NAME)), "%s", line);
	for (unsigned int i = 0; i < 3; i++)
		if (!strncmp(text, levels[i], strlen(levels[i]))) {
			text += strlen(levels[i]);
			break;
		}
	if (heard.reading == SUP_TAKEN) {
		fuzz_check(!strncmp(text, TAKEN, strlen(TAKEN)), "%s", line);
		taken_line(line);
	} else if (heard.reading == SUP_NEIGHBOUR) {
		fuzz_check(heard.neighbour &&
			   !strncmp(text, NEIGHBOUR, strlen(NEIGHBOUR)) &&
			   !strcmp(text + strlen(NEIGHBOUR), heard.neighbour),
			   "%s", line);
		heard.neighbour = NULL;
	} else {
		own_line(text);
	}
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	if (!sup.inside || fd != STDERR_FILENO)
		return __real_write(fd, bytes, len);
	hear(bytes, len);
	return (ssize_t)len;
}

/* Nothing is waited for, and there is always room for our log. */
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
	if (!sup.inside)
		return __real_poll(p, n, timeout);
	fuzz_check(!timeout, "poll() waits for %d ms", timeout);
	if (n != 1 || p->fd != STDERR_FILENO)
		return __real_poll(p, n, 0);
	p->revents = POLLOUT;
	return 1;
}

int64_t __wrap_log_stream_read(struct log_stream *p, struct log_quota *quota,
			       int console)
{
	int64_t pause;

	heard.reading = console;
	pause = __real_log_stream_read(p, quota, console);
	heard.reading = -1;
	return pause;
}

void __wrap_log_stream_close(struct log_stream *p, struct log_quota *quota,
			     int console)
{
	heard.reading = console;
	heard.closing = console == SUP_TAKEN;
	__real_log_stream_close(p, quota, console);
	heard.reading = -1;
	if (!heard.closing)
		return;
	/* The next worker's is another stream. */
	heard.len = 0;
	heard.loose = false;
	heard.closing = false;
}

void __wrap_log_write_limited(struct log_limit *limit, enum log_level level,
			      const char *fmt, ...)
{
	static const char killing[] = ": killing it";
	char text[LOG_LINE_MAX];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (sup.inside && len >= sizeof(killing) - 1 &&
	    !strcmp(text + len - (sizeof(killing) - 1), killing)) {
		fuzz_check(level == LOG_ERROR &&
			   !strncmp(text, TAKEN, strlen(TAKEN)), "%s", text);
		heard.condemned++;
	}
	__real_log_write_limited(limit, level, "%s", text);
}

unsigned int heard_condemned(void)
{
	return heard.condemned;
}

void heard_neighbour(const char *text)
{
	char line[80];
	int len = snprintf(line, sizeof(line), "<1>%s\n", text);

	heard.neighbour = text;
	fuzz_check(send(sup.worker[SUP_NEIGHBOUR].log, line, (size_t)len,
			MSG_DONTWAIT | MSG_NOSIGNAL) == len, "neighbour");
	sup_pass();
	fuzz_check(!heard.neighbour, "the neighbour is not heard");
}

void heard_check(void)
{
	const struct console *c = sup_taken();
	uint64_t passed = clock_now() - heard.since;
	unsigned int windows = 1 + (unsigned int)(passed / LOG_LIMIT_US);
	size_t skip;

	fuzz_check(heard.lines <= windows * LOG_STREAM_LINES,
		   "%u lines in %u windows", heard.lines, windows);
	fuzz_check(log_get_level() >= LOG_DEBUG ||
		   heard.own <= windows * OWN_LINES,
		   "%u lines of the supervisor in %u windows", heard.own,
		   windows);
	if (heard.loose || !c->worker.log_event ||
	    !event_pending(c->worker.log_event, EV_READ, NULL))
		return;
	while (next_line(&skip) >= 0) {
		/* only such as do not come out at this level are left */
		const char *said = heard.said;
		ssize_t len = next_line(&skip);

		fuzz_check(len >= 3 && said[0] == '<' && said[2] == '>' &&
			   said[1] <= '3' &&
			   (enum log_level)(said[1] - '0') > log_get_level(),
			   "not heard: %.*s", (int)len, said);
		heard.len -= (size_t)len + skip;
		memmove(heard.said, heard.said + len + skip, heard.len);
	}
}
