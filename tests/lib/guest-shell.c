/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/guest-shell.h"

#include <poll.h>
#include <string.h>

#include "tests/lib/must.h"
#include "tests/lib/wait.h"

#define COLUMNS	80

void shell_type(struct tclient *c, const char *line)
{
	must(strlen("guest# ") + strlen(line) < COLUMNS, "too long: %s", line);
	tclient_type(c, line);
	tclient_type(c, "\r");
	shell_expect(c, line);
	shell_expect(c, "\r\n");
}

void shell_expect(struct tclient *c, const char *text)
{
	uint64_t deadline = wait_until(SHELL_MS);
	size_t len = strlen(text), got = 0;
	char bytes[256];
	long n;

	must(len <= sizeof(bytes), "too long: %s", text);
	while (got < len) {
		must(wait_fd(c->fd, POLLIN, deadline),
		     "'%.*s' came, and no more, not '%s'", (int)got, bytes,
		     text);
		n = tclient_read_some(c, bytes + got, len - got);
		must(n >= 0, "the console closed, no '%s'", text);
		got += (size_t)n;
		must(memcmp(bytes, text, got) == 0, "'%.*s' came, not '%s'",
		     (int)got, bytes, text);
	}
}

void shell_run(struct tclient *c, const char *line, const char *answer)
{
	shell_type(c, line);
	shell_expect(c, answer);
	shell_expect(c, SHELL_PROMPT);
}
