/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/guest-pair.h"

#include <stdbool.h>

#include "tests/lib/guest-shell.h"
#include "tests/lib/must.h"

static struct guest_pair pair = { .client = { { .fd = -1 }, { .fd = -1 } } };
static enum {
	PAIR_DOWN,
	PAIR_BOOTING,
	PAIR_IN_USE,		/* or left in the middle of a test */
	PAIR_AT_PROMPT,
} pair_state;

/* The first client is there before its guest, the second comes late. */
static void boot(const char *kind)
{
	daemon_start(&pair.daemon, PAIR, NULL);
	tclient_open(&pair.client[0], pair.daemon.port, 0);
	for (unsigned int i = 0; i < PAIR; i++)
		real_guest_start(&pair.guest[i], kind, &pair.daemon, i, NULL);
	for (unsigned int i = 0; i < PAIR; i++) {
		struct tclient *c = &pair.client[i];

		if (c->fd < 0)
			tclient_open(c, pair.daemon.port + i, 0);
		real_guest_await(&pair.guest[i], c->fd);
		tclient_read_to(c, SHELL_PROMPT, pair.boot[i],
				sizeof(pair.boot[i]));
		pair.worker[i] = daemon_worker(&pair.daemon, i, 0);
	}
}

struct guest_pair *guest_pair(const char *kind)
{
	must(pair_state != PAIR_BOOTING, "the guests do not boot");
	if (pair_state != PAIR_AT_PROMPT) {
		guest_pair_destroy();
		pair_state = PAIR_BOOTING;
		boot(kind);
	}
	pair_state = PAIR_IN_USE;
	return &pair;
}

void guest_pair_content(struct guest_pair *p)
{
	for (unsigned int i = 0; i < PAIR; i++)
		must(daemon_worker(&p->daemon, i, 0) == p->worker[i],
		     "the worker of console %u was replaced", i);
	pair_state = PAIR_AT_PROMPT;
}

void guest_pair_destroy(void)
{
	for (unsigned int i = 0; i < PAIR; i++) {
		tclient_close(&pair.client[i]);
		real_guest_stop(&pair.guest[i]);
	}
	daemon_destroy(&pair.daemon);
	pair_state = PAIR_DOWN;
}

void guest_pair_show_logs(void)
{
	if (pair.daemon.dir[0] == '\0')
		return;
	daemon_log_show("the daemon's log", pair.daemon.log);
	for (unsigned int i = 0; i < PAIR; i++)
		real_guest_show_log(&pair.guest[i]);
}
