/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A driver that looks at a ring only when it was called for it: a call that is
 * lost leaves it asleep for good.
 */
#ifndef TESTS_LIB_SLEEPER_H
#define TESTS_LIB_SLEEPER_H

#include "tests/lib/gring.h"

struct sleeper {
	struct gring *r;
	bool awake;
};

/* True with the next used element; false when it falls asleep over it. */
static inline bool sleeper_take(struct sleeper *s, struct gused *used)
{
	if (!s->awake)
		return false;
	if (gring_take(s->r, used))
		return true;
	gring_arm(s->r);
	if (gring_take(s->r, used))
		return true;
	s->awake = false;
	return false;
}

/* Its call is readable. */
static inline void sleeper_wake(struct sleeper *s)
{
	gring_calls(s->r);
	s->awake = true;
}

#endif
