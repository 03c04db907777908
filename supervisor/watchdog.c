/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/watchdog.h"

void watchdog_expect(struct watchdog *w, unsigned int ticks,
		     unsigned int console)
{
	*w = (struct watchdog){
		.due = ticks,
		.quiet = console % WATCHDOG_IDLE,
	};
}

bool watchdog_heard(struct watchdog *w)
{
	if (!w->due)
		return false;
	w->due = 0;
	w->left = w->asked_with;
	return true;
}

static bool is_at_work(uint64_t pulse)
{
	return pulse & 1;
}

static enum watchdog_step ask(struct watchdog *w, uint32_t pending)
{
	w->due = WATCHDOG_ANSWER;
	w->asked_with = pending;
	w->quiet = 0;
	return WATCHDOG_ASK;
}

enum watchdog_step watchdog_tick(struct watchdog *w,
				 const struct watchdog_look *look)
{
	bool alive = w->looked && look->pulse != w->pulse;

	if (w->due)
		return --w->due ? WATCHDOG_NONE : WATCHDOG_KILL;
	w->looked = true;
	w->pulse = look->pulse;
	if (alive) {
		w->quiet = 0;
		w->left = 0;
	} else {
		w->quiet++;
		w->left &= look->pending;
	}
	if (is_at_work(look->pulse) ||
	    (!alive && (look->pending & ~w->left)) || w->quiet >= WATCHDOG_IDLE)
		return ask(w, look->pending);
	return WATCHDOG_NONE;
}

bool watchdog_in_time(uint64_t *last, uint64_t now)
{
	uint64_t passed = now - *last;

	*last = now;
	return passed < UINT64_C(2) * WATCHDOG_TICK_US;
}
