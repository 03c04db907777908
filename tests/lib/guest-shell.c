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
	tclient_expect_text(c, line);
	tclient_expect_text(c, "\r\n");
}

void shell_expect(struct tclient *c, const void *bytes, size_t len)
{
	must(wait_fd(c->fd, POLLIN, wait_until(SHELL_MS)),
	     "the shell says nothing in %d ms", SHELL_MS);
	tclient_expect(c, bytes, len);
}

void shell_expect_text(struct tclient *c, const char *text)
{
	shell_expect(c, text, strlen(text));
}

void shell_run(struct tclient *c, const char *line, const char *answer)
{
	shell_type(c, line);
	shell_expect_text(c, answer);
	shell_expect_text(c, SHELL_PROMPT);
}
