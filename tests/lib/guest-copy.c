/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/guest-copy.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/lib/command.h"
#include "tests/lib/guest-shell.h"
#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/wait.h"

#define CHUNK	65536

void copy_sum(const struct daemon *d, const void *bytes, size_t len,
	      char sum[COPY_SUM])
{
	static struct command c;
	char path[80];
	const char *argv[] = {
		"/bin/sh", "-c", "exec sha256sum <\"$0\"", path, NULL,
	};
	FILE *file;

	snprintf(path, sizeof(path), "%s/copy", d->dir);
	file = fopen(path, "we");
	must(file != NULL && fwrite(bytes, 1, len, file) == len &&
	     fclose(file) == 0, "cannot write %s", path);
	command_run(&c, argv);
	unlink(path);
	must(c.status == 0, "sha256sum: wait status 0x%x, %s",
	     (unsigned int)c.status, c.err);
	snprintf(sum, COPY_SUM, "%.64s", c.out);
}

static void expect_sum(struct tclient *c, const char *sum, const char *file)
{
	char answer[80];

	snprintf(answer, sizeof(answer), "%.64s  %s\r\n", sum, file);
	shell_expect(c, answer);
	shell_expect(c, SHELL_PROMPT);
}

/* Without canonical mode a line may be of any length. */
void copy_in_begin(struct tclient *c, size_t len)
{
	char line[80];

	snprintf(line, sizeof(line),
		 "stty raw -echo; echo go; head -c %zu >p; stty sane; "
		 "sha256sum p", len);
	shell_type(c, line);
	shell_expect(c, "go\n");
}

void copy_in_end(struct tclient *c, const char sum[COPY_SUM])
{
	expect_sum(c, sum, "p");
}

void copy_out_begin(struct tclient *c)
{
	shell_type(c, "stty raw -echo; echo go; cat p; stty sane");
	shell_expect(c, "go\n");
}

void copy_both_begin(struct tclient *c, size_t len)
{
	char line[80];

	snprintf(line, sizeof(line), "n=%zu; head -c $n p >r", len);
	shell_run(c, line, "");
	shell_type(c, "stty raw -echo; echo go; (cat r & head -c $n >q; wait); "
		      "stty sane");
	shell_expect(c, "go\n");
}

void copy_both_end(struct tclient *c, const char sum[COPY_SUM])
{
	shell_expect(c, SHELL_PROMPT);
	shell_type(c, "sha256sum q");
	expect_sum(c, sum, "q");
}

static size_t at_most(size_t len)
{
	return len < CHUNK ? len : CHUNK;
}

/* Each returns how many bytes moved. */
static size_t send_pattern(struct tclient *c, uint64_t at, size_t len)
{
	char bytes[CHUNK];

	pattern_fill(bytes, at, at_most(len));
	return tclient_send_some(c, bytes, at_most(len));
}

static size_t receive_pattern(struct tclient *c, uint64_t at, size_t len)
{
	char bytes[CHUNK];
	long n = tclient_read_some(c, bytes, at_most(len));

	must(n >= 0, "the console closed, %zu bytes are to come", len);
	pattern_check(bytes, at, (size_t)n, "the guest's output");
	return (size_t)n;
}

static bool in_time(size_t left, uint64_t due)
{
	return left == 0 || wait_left(due) > 0;
}

void copy_move(struct tclient *c, uint64_t in_at, size_t in, uint64_t out_at,
	       size_t out)
{
	uint64_t in_due = wait_until(SHELL_MS), out_due = in_due;

	while (in > 0 || out > 0) {
		short want = (short)((in > 0 ? POLLOUT : 0) |
				     (out > 0 ? POLLIN : 0));
		size_t n;

		wait_fd(c->fd, want, in_due < out_due ? in_due : out_due);
		n = in > 0 ? send_pattern(c, in_at, in) : 0;
		in_at += n;
		in -= n;
		if (n > 0 || in == 0)
			in_due = wait_until(SHELL_MS);
		n = out > 0 ? receive_pattern(c, out_at, out) : 0;
		out_at += n;
		out -= n;
		if (n > 0 || out == 0)
			out_due = wait_until(SHELL_MS);
		must(in_time(in, in_due) && in_time(out, out_due),
		     "nothing moved in %d ms: %zu bytes to go in, %zu out",
		     SHELL_MS, in, out);
	}
}
