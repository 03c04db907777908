/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <poll.h>

#include "tests/lib/daemon.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

#define LOG_TAIL	4000

/* Lines of the log that contain @text. */
unsigned int daemon_log_count(const struct daemon *d, const char *text)
{
	FILE *file = fopen(d->log, "re");
	unsigned int count = 0;
	char *line = NULL;
	size_t size = 0;

	while (file != NULL && getline(&line, &size, file) > 0)
		count += strstr(line, text) != NULL;
	free(line);
	if (file != NULL)
		fclose(file);
	return count;
}

void daemon_log_wait(const struct daemon *d, const char *text,
		     unsigned int count)
{
	uint64_t deadline = wait_until(WAIT_MS);
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char events[4096];

	inotify_add_watch(watch, d->log, IN_MODIFY);
	while (daemon_log_count(d, text) < count) {
		bool more = wait_fd(watch, POLLIN, deadline);

		if (!more)
			close(watch);
		must(more, "the log has %u lines with '%s', not %u",
		     daemon_log_count(d, text), text, count);
		while (read(watch, events, sizeof(events)) > 0)
			;
	}
	close(watch);
}

void daemon_log_show(const char *whose, const char *path)
{
	char tail[LOG_TAIL + 1];
	FILE *log = fopen(path, "re");
	size_t n;

	if (log == NULL)
		return;
	if (fseek(log, -LOG_TAIL, SEEK_END) != 0)
		rewind(log);
	n = fread(tail, 1, LOG_TAIL, log);
	fclose(log);
	fprintf(stderr, "--- %s\n%.*s---\n", whose, (int)n, tail);
}
