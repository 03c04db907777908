/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/log-tail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

void log_tail_open(struct log_tail *t, const char *path)
{
	*t = (struct log_tail){
		.fd = open(path, O_RDONLY | O_CLOEXEC),
		.watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
	};
	must(t->fd >= 0 && lseek(t->fd, 0, SEEK_END) >= 0 &&
	     inotify_add_watch(t->watch, path, IN_MODIFY) >= 0,
	     "the daemon's log: errno %d", errno);
}

void log_tail_close(struct log_tail *t)
{
	fd_close(&t->fd);
	fd_close(&t->watch);
}

static bool read_more(struct log_tail *t)
{
	ssize_t n = read(t->fd, t->buf, sizeof(t->buf));

	t->at = 0;
	t->end = n > 0 ? (size_t)n : 0;
	return n > 0;
}

const char *log_tail_next(struct log_tail *t)
{
	while (t->at < t->end || read_more(t)) {
		char c = t->buf[t->at++];

		if (c == '\n') {
			t->line[t->len] = '\0';
			t->len = 0;
			return t->line;
		}
		if (t->len < sizeof(t->line) - 1)
			t->line[t->len++] = c;
	}
	return NULL;
}

void log_tail_wait(struct log_tail *t, const char *text, unsigned int n)
{
	uint64_t deadline = wait_until(WAIT_MS);
	char events[4096];

	while (n > 0) {
		const char *line = log_tail_next(t);

		if (line != NULL) {
			n -= strstr(line, text) != NULL;
			continue;
		}
		must(wait_fd(t->watch, POLLIN, deadline),
		     "the log lacks %u lines with '%s'", n, text);
		while (read(t->watch, events, sizeof(events)) > 0)
			;
	}
}
