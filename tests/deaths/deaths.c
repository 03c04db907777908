/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/deaths/deaths.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/state_point.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/overseer.h"

/* What is told just now. */
static struct {
	const char *name;
	unsigned int first, second;	/* deaths; 0: none */
	bool over;
	bool died;			/* as often as was asked for */
	char last[2][64];		/* where */
} now;

void state_hook(const char *func, int line)
{
	bool second = now.second && !overseer.die_again_in;

	if (overseer.alive && overseer.die_in == 1)
		snprintf(now.last[second], sizeof(now.last[0]), "%s:%d", func,
			 line);
	overseer_mortal();
}

void deaths_may_come(void)
{
	overseer.die_in = now.first;
	overseer.die_again_in = now.second;
}

void deaths_are_over(void)
{
	if (!now.over)
		now.died = !overseer.die_in && !overseer.die_again_in;
	now.over = true;
	overseer.die_in = overseer.die_again_in = 0;
}

static void failed(int sig)
{
	char text[200];
	int n = snprintf(text, sizeof(text),
			 "in %s, dead at place %u (%s) and %u (%s) after it\n",
			 now.name, now.first, now.last[0], now.second,
			 now.last[1]);

	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(1);
	signal(sig, SIG_DFL);
}

static bool told(const struct story *story, unsigned int first,
		 unsigned int second)
{
	memset(&now, 0, sizeof(now));
	now.name = story->name;
	now.first = first;
	now.second = second;
	story->tell();
	return now.died;
}

static void tell(const struct story *story)
{
	unsigned int first, pairs = 0;

	for (first = 1; told(story, first, 0); first++)
		for (unsigned int second = 1; second <= story->second &&
		     told(story, first, second); second++)
			pairs++;
	printf("%s: %u deaths, %u pairs\n", story->name, first - 1, pairs);
	fflush(stdout);
	fuzz_check(first > story->places, "only %u places to die at",
		   first - 1);
}

int deaths_tell(const struct story *story, unsigned int n, int argc,
		char **argv)
{
	unsigned int chosen = 0;

	signal(SIGABRT, failed);
	for (unsigned int i = 0; i < n; i++) {
		if (argc > 1 && strcmp(argv[1], story[i].name))
			continue;
		tell(&story[i]);
		chosen++;
	}
	return !chosen;
}
