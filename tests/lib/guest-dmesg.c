/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/guest-dmesg.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/guest-shell.h"
#include "tests/lib/must.h"

#define DMESG_MAX	262144

/* A kernel that is content says nothing of virtio, but for this. */
static bool is_known(const char *line)
{
	return strstr(line, "ommand line") != NULL ||
	       strstr(line, "Registering device virtio-uml.") != NULL;
}

static void check_line(const char *line)
{
	static const char *const bad[] = {
		"stall", "hung", "lockup", "blocked for more", "call trace",
		"cut here", "bug:", "oops", "panic:", "nobody cared", "virtio",
		"vhost", "hvc",
	};

	if (is_known(line))
		return;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		must(strcasestr(line, bad[i]) == NULL,
		     "the guest's kernel says: %s", line);
}

/* What is written there last shows that all of it was read. */
void guest_dmesg_check(struct tclient *c)
{
	static char text[DMESG_MAX];
	static unsigned int turn;
	char mark[40], line[80];
	bool marked = false;

	snprintf(mark, sizeof(mark), "dmesg is read, turn %u", ++turn);
	snprintf(line, sizeof(line), "echo '%s' >/dev/kmsg", mark);
	shell_run(c, line, "");
	shell_type(c, "dmesg");
	tclient_read_to(c, SHELL_PROMPT, text, sizeof(text));
	for (char *at = strtok(text, "\r\n"); at; at = strtok(NULL, "\r\n")) {
		check_line(at);
		marked = strstr(at, mark) != NULL;
		if (marked)
			break;
	}
	must(marked, "dmesg ends without '%s'", mark);
}
