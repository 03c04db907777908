/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/log_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/ctl.h"
#include "common/mono.h"
#include "common/vis.h"
#include "supervisor/closer.h"

/*
 * More than it takes to empty a stream of lines, and few enough that a writer
 * who brings one byte at a time keeps nobody waiting.
 */
#define READS_PER_PASS	240

/* With more to be closed than this, what a hostile worker sends may be more. */
#define BEHIND_MAX	(CLOSER_BEHIND_MAX / 4)
#define BEHIND_US	100000

int log_stream_open(struct log_stream *p)
{
	int end[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       end))
		return -errno;
	p->fd = end[0];
	p->len = 0;
	p->ended = false;
	return end[1];
}

/* Microseconds until another line may be logged; 0: at once. */
static int64_t pause_of(struct log_quota *quota)
{
	uint64_t now = mono_us();

	if (!quota->since || now - quota->since >= LOG_LIMIT_US)
		*quota = (struct log_quota){ .since = now };
	return quota->lines < LOG_STREAM_LINES ?
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
static void take_line(struct log_stream *p, struct log_quota *quota,
		      int console, size_t len, size_t skip)
{
	log_text(quota, console, p->line, len);
	p->len -= len + skip;
	memmove(p->line, p->line + len + skip, p->len);
}

/* Returns what pause_of() does when it has to stop. */
static int64_t take_lines(struct log_stream *p, struct log_quota *quota,
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

/* Returns bytes, 0 for none, or -EPIPE: who sends fds is not heard again. */
static ssize_t receive(struct log_stream *p, int console)
{
	int fds[CTL_FDS_MAX];
	unsigned int nfds;
	ssize_t n = ctl_recv_stray(p->fd, p->line + p->len,
				   sizeof(p->line) - p->len, fds, &nfds);

	closer_close_all((unsigned int)console, fds, nfds);
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	p->ended = n <= 0 || nfds;
	return p->ended ? -EPIPE : n;
}

int64_t log_stream_read(struct log_stream *p, struct log_quota *quota,
			int console)
{
	int64_t pause = take_lines(p, quota, console);

	if (!pause && p->ended)
		return -EPIPE;
	for (unsigned int i = 0; !pause && i < READS_PER_PASS; i++) {
		ssize_t n;

		if (closer_behind((unsigned int)console) > BEHIND_MAX)
			return BEHIND_US;
		n = receive(p, console);
		if (n <= 0)
			return n;
		p->len += (size_t)n;
		pause = take_lines(p, quota, console);
	}
	return pause;
}

void log_stream_close(struct log_stream *p, struct log_quota *quota,
		      int console)
{
	if (p->fd < 0)
		return;
	log_stream_read(p, quota, console);
	if (p->len && !pause_of(quota))
		log_text(quota, console, p->line, p->len);
	/* With what a hostile worker may have left in it. */
	closer_close((unsigned int)console, &p->fd);
}
