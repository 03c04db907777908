/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Tests at the shells of two guests, which every test leaves at the prompt.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/guest-tests.h"
#include "tests/lib/command.h"
#include "tests/lib/guest-copy.h"
#include "tests/lib/guest-pair.h"
#include "tests/lib/guest-shell.h"
#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/wait.h"

#define PASTE		65536
#define NUMBERS		9000		/* in a block of output */
#define BLOCK		65536		/* at most */
#define KILLS		5
#define END_MS		10000

/* What a guest's output has to be, and how much of it came. */
struct expected {
	char line[80];			/* what makes it say so */
	char *bytes;
	size_t len;
	size_t seen;
};

void boots_to_a_shell(void **kind)
{
	static const char hello[] = "guest ready\r\n";
	struct guest_pair *pair = guest_pair(*kind);

	for (unsigned int i = 0; i < PAIR; i++)
		must(strncmp(pair->boot[i], hello, strlen(hello)) == 0,
		     "guest %u begins with '%s'", i, pair->boot[i]);
	guest_pair_content(pair);
}

void output_of_a_command(void **kind)
{
	struct guest_pair *pair = guest_pair(*kind);
	struct tclient *c = &pair->client[0];

	shell_run(c, "echo $((6 * 7))", "42\r\n");
	shell_run(c, "tty", "/dev/hvc0\r\n");
	shell_run(c, "seq 3", "1\r\n2\r\n3\r\n");
	shell_run(c, "true", "");
	guest_pair_content(pair);
}

void paste_of_64_kib(void **kind)
{
	struct guest_pair *pair = guest_pair(*kind);
	struct tclient *c = &pair->client[0];
	static unsigned char bytes[PASTE];
	char sum[65];

	pattern_fill(bytes, 0, PASTE);
	copy_sum(&pair->daemon, bytes, PASTE, sum);
	copy_in_begin(c, PASTE);
	tclient_send(c, bytes, PASTE);
	copy_in_end(c, sum);
	guest_pair_content(pair);
}

/* A file of numbers in the guest, and how they look. */
static size_t make_block(struct tclient *c, char *block, unsigned int first,
			 unsigned int step)
{
	size_t len = 0;
	char line[80];

	for (unsigned int i = 0; i < NUMBERS; i++)
		len += (size_t)sprintf(block + len, "%u\n", first + i * step);
	snprintf(line, sizeof(line), "seq %u %u %u >f", first, step,
		 first + (NUMBERS - 1) * step);
	shell_run(c, line, "");
	return len;
}

/*
 * What the guest will say when told to print its file @blocks times, each with
 * a number: a byte that moved by the size of a ring or a buffer is another
 * byte then.
 */
static void expect_blocks(struct expected *e, const char *block, size_t len,
			  unsigned int blocks)
{
	*e = (struct expected){ .bytes = malloc(blocks * (len + 8) + 80) };
	must(e->bytes != NULL, "out of memory");
	snprintf(e->line, sizeof(e->line),
		 "stty -opost; for i in $(seq %u); do echo $i:; cat f; done; "
		 "stty opost", blocks);
	e->len = (size_t)sprintf(e->bytes, "%s\r\n", e->line);
	for (unsigned int i = 1; i <= blocks; i++) {
		e->len += (size_t)sprintf(e->bytes + e->len, "%u:\n", i);
		memcpy(e->bytes + e->len, block, len);
		e->len += len;
	}
}

static void compare(struct expected *e, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		must(bytes[i] == e->bytes[e->seen + i],
		     "byte %zu of %zu is 0x%02x, not 0x%02x", e->seen + i,
		     e->len, (unsigned char)bytes[i],
		     (unsigned char)e->bytes[e->seen + i]);
	e->seen += len;
}

/* One pass over @n clients; false once each has got all that it is to get. */
static bool read_some(struct tclient *c, struct expected *e, unsigned int n)
{
	struct pollfd p[PAIR];
	char bytes[65536];
	bool more = false;

	for (unsigned int i = 0; i < n; i++) {
		bool left = e[i].seen < e[i].len;

		p[i] = (struct pollfd){ left ? c[i].fd : -1, POLLIN, 0 };
		more = more || left;
	}
	if (!more)
		return false;
	must(poll(p, n, SHELL_MS) > 0, "no output in %d ms", SHELL_MS);
	for (unsigned int i = 0; i < n; i++) {
		size_t left = e[i].len - e[i].seen;
		long len;

		if (p[i].revents == 0)
			continue;
		if (left > sizeof(bytes))
			left = sizeof(bytes);
		len = tclient_read_some(&c[i], bytes, left);
		must(len >= 0, "client %u: the console closed", i);
		compare(&e[i], bytes, (size_t)len);
	}
	return true;
}

/* Nobody waits for an echo here: all are to print at the same time. */
static void print_all(struct tclient *c, struct expected *e, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		tclient_type(&c[i], e[i].line);
		tclient_type(&c[i], "\r");
	}
	while (read_some(c, e, n))
		;
	for (unsigned int i = 0; i < n; i++) {
		shell_expect(&c[i], SHELL_PROMPT);
		free(e[i].bytes);
	}
}

void output_of_8_mib(void **kind)
{
	struct guest_pair *pair = guest_pair(*kind);
	static char block[BLOCK];
	struct expected e;
	size_t len;

	len = make_block(&pair->client[0], block, 1, 1);
	expect_blocks(&e, block, len, 192);
	must(192 * len >= 8 << 20, "these are not 8 MiB: 192 * %zu", len);
	print_all(&pair->client[0], &e, 1);
	guest_pair_content(pair);
}

/* One prints odd numbers, one even ones; then both are typed at. */
void two_guests_do_not_mix(void **kind)
{
	static unsigned char bytes[PAIR][PASTE];
	static char block[BLOCK];
	struct guest_pair *pair = guest_pair(*kind);
	struct expected e[PAIR];
	char sum[PAIR][65];
	size_t len;

	for (unsigned int i = 0; i < PAIR; i++) {
		len = make_block(&pair->client[i], block, 1 + i, 2);
		expect_blocks(&e[i], block, len, 24);
	}
	print_all(pair->client, e, PAIR);

	for (unsigned int i = 0; i < PAIR; i++) {
		pattern_fill(bytes[i], (i + 1) * PASTE, PASTE);
		copy_sum(&pair->daemon, bytes[i], PASTE, sum[i]);
		copy_in_begin(&pair->client[i], PASTE);
	}
	for (unsigned int i = 0; i < PAIR; i++)
		tclient_send(&pair->client[i], bytes[i], PASTE);
	for (unsigned int i = 0; i < PAIR; i++)
		copy_in_end(&pair->client[i], sum[i]);
	guest_pair_content(pair);
}

/* The shell keeps its variable, the client its connection, both all bytes. */
void worker_killed_while_idle(void **kind)
{
	struct guest_pair *pair = guest_pair(*kind);
	struct tclient *c = &pair->client[0];
	char answer[40];

	for (unsigned int i = 1; i <= KILLS; i++) {
		shell_run(c, "n=$((n + 1)); me=${me:-$$}", "");
		pair->worker[0] = daemon_kill_worker(&pair->daemon, 0,
						     SIGKILL);
		snprintf(answer, sizeof(answer), "%u same\r\n", i);
		shell_run(c, "[ $me = $$ ] && echo $n same", answer);
	}
	shell_run(&pair->client[1], "echo $((6 * 7))", "42\r\n");
	shell_run(c, "unset n me", "");
	guest_pair_content(pair);
}

/* Guests that are still there are counted; then nothing runs any more. */
void ends_and_leaves_nothing(void **kind)
{
	struct guest_pair *pair = guest_pair(*kind);

	daemon_log_wait(&pair->daemon, "front-end attached", PAIR);
	daemon_stop(&pair->daemon, END_MS);
	must(daemon_log_count(&pair->daemon, "2 guests are left") == 1,
	     "the log does not say what the end means to guests");
	for (unsigned int i = 0; i < PAIR; i++)
		tclient_expect_end(&pair->client[i]);
	guest_pair_destroy();
	command_no_orphans(END_MS);
}
