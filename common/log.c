/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mono.h"

static struct {
	enum log_level level;
	bool supervised;
	bool crlf;
	unsigned int dropped;
} log_state = { .level = LOG_INFO };

void log_init(enum log_level level, bool crlf)
{
	log_state.level = level;
	log_state.supervised = false;
	log_state.crlf = crlf;
}

void log_init_supervised(enum log_level level)
{
	log_state.level = level;
	log_state.supervised = true;
	log_state.crlf = false;
}

enum log_level log_level_of(const char **line, size_t *len)
{
	const char *at = *line;
	char digit;

	if (*len < 3 || at[0] != '<' || at[2] != '>')
		return LOG_WARN;
	digit = at[1];
	if (digit < '0' + LOG_ERROR || digit > '0' + LOG_DEBUG)
		return LOG_WARN;
	*line += 3;
	*len -= 3;
	return (enum log_level)(digit - '0');
}

enum log_level log_get_level(void)
{
	return log_state.level;
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	return names[level];
}

static bool stderr_has_room(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static size_t append(char *line, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static size_t append(char *line, size_t at, const char *fmt, ...)
{
	size_t room = LOG_LINE_MAX - at;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + at, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return at;
	return at + ((size_t)n < room ? (size_t)n : room - 1);
}

static void log_line(enum log_level level, const char *text)
{
	static const char *const prefix[] = { "error: ", "warning: ", "",
					      "debug: " };
	const char *end = log_state.crlf ? "\r\n" : "\n";
	char line[LOG_LINE_MAX + 2];
	size_t at = 0;

	if (!stderr_has_room()) {
		log_state.dropped++;
		return;
	}
	if (log_state.supervised)
		at = append(line, at, "<%d>", (int)level);
	else
		at = append(line, at, "vhost-device-console: %s",
			    prefix[level]);
	if (log_state.dropped) {
		at = append(line, at, "(%u lines lost) ", log_state.dropped);
		log_state.dropped = 0;
	}
	at = append(line, at, "%s", text);
	memcpy(line + at, end, strlen(end));
	at += strlen(end);
	if (write(STDERR_FILENO, line, at) < 0)
		log_state.dropped++;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	if (level > log_state.level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_line(level, text);
}

bool log_limit_pass(struct log_limit *limit, uint64_t now,
		    unsigned int *suppressed)
{
	unsigned int burst = limit->burst ? limit->burst : LOG_LIMIT_BURST;

	*suppressed = 0;
	if (!limit->since || now - limit->since >= LOG_LIMIT_US) {
		*suppressed = limit->suppressed;
		limit->since = now;
		limit->count = 1;
		limit->suppressed = 0;
		return true;
	}
	if (limit->count < burst) {
		limit->count++;
		return true;
	}
	limit->suppressed++;
	return false;
}

void log_write_limited(struct log_limit *limit, enum log_level level,
		       const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	unsigned int suppressed;
	va_list ap;
	size_t at = 0;

	if (level > log_state.level ||
	    !log_limit_pass(limit, mono_us(), &suppressed))
		return;
	if (suppressed)
		at = append(text, at, "(%u like this suppressed) ",
			    suppressed);
	va_start(ap, fmt);
	vsnprintf(text + at, sizeof(text) - at, fmt, ap);
	va_end(ap);
	log_line(level, text);
}
