/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/log_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mono.h"
#include "common/vis.h"

/*
 * More than it takes to empty a pipe of lines, and few enough that a writer
 * who brings one byte at a time keeps nobody waiting.
 */
#define READS_PER_PASS	160

int log_pipe_open(struct log_pipe *p)
{
	int end[2];

	if (pipe2(end, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	p->fd = end[0];
	p->len = 0;
	return end[1];
}

/* Microseconds until another line may be logged, 0 for now. */
static int64_t pause_of(struct log_quota *quota)
{
	uint64_t now = mono_us();

	if (!quota->since || now - quota->since >= LOG_LIMIT_US)
		*quota = (struct log_quota){ .since = now };
	return quota->lines < LOG_PIPE_LINES ?
	       0 : (int64_t)(quota->since + LOG_LIMIT_US - now);
}

/* Worker's lines are printable and stay as they are; of others nothing is. */
static const char *harmless(char *out, size_t size, const char *text,
			    size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f)
		i++;
	if (i < len || len >= size)
		return vis(out, size, text, len);
	memcpy(out, text, len);
	out[len] = '\0';
	return out;
}

static void log_text(struct log_quota *quota, int console, const char *line,
		     size_t len)
{
	enum log_level level = log_level_of(&line, &len);
	char text[LOG_LINE_MAX];

	quota->lines++;
	harmless(text, sizeof(text), line, len);
	if (console < 0)
		log_write(level, "%s", text);
	else
		log_write(level, "console %d: %s", console, text);
}

/* Logs the first @len bytes, and takes them away with @skip that end them. */
static void take_line(struct log_pipe *p, struct log_quota *quota,
		      int console, size_t len, size_t skip)
{
	log_text(quota, console, p->line, len);
	p->len -= len + skip;
	memmove(p->line, p->line + len + skip, p->len);
}

/* Returns what pause_of() does when it has to stop. */
static int64_t take_lines(struct log_pipe *p, struct log_quota *quota,
			  int console)
{
	int64_t pause;

	while (!(pause = pause_of(quota))) {
		const char *end = memchr(p->line, '\n', p->len);

		if (end)
			take_line(p, quota, console,
				  (size_t)(end - p->line), 1);
		else if (p->len == sizeof(p->line))
			take_line(p, quota, console, p->len, 0);
		else
			return 0;
	}
	return pause;
}

int64_t log_pipe_read(struct log_pipe *p, struct log_quota *quota, int console)
{
	int64_t pause = take_lines(p, quota, console);

	for (unsigned int i = 0; !pause && i < READS_PER_PASS; i++) {
		ssize_t n = read(p->fd, p->line + p->len,
				 sizeof(p->line) - p->len);

		if (n == 0)
			return -EPIPE;
		if (n < 0)
			return 0;
		p->len += (size_t)n;
		pause = take_lines(p, quota, console);
	}
	return pause;
}

void log_pipe_close(struct log_pipe *p, struct log_quota *quota, int console)
{
	if (p->fd < 0)
		return;
	log_pipe_read(p, quota, console);
	if (p->len && !pause_of(quota))
		log_text(quota, console, p->line, p->len);
	fd_close(&p->fd);
}
