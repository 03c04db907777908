/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/sup-clock.h"

#include <event2/event.h>
#include <stddef.h>

#include "tests/fuzz/input.h"

#define EVENTS_MAX	64

struct event *__real_event_new(struct event_base *base, evutil_socket_t fd,
			       short what, event_callback_fn cb, void *arg);
struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd,
			       short what, event_callback_fn cb, void *arg);
void __real_event_free(struct event *ev);
void __wrap_event_free(struct event *ev);
int __real_event_add(struct event *ev, const struct timeval *tv);
int __wrap_event_add(struct event *ev, const struct timeval *tv);
int __real_event_del(struct event *ev);
int __wrap_event_del(struct event *ev);
uint64_t __wrap_mono_us(void);

static struct {
	uint64_t now;
	struct timer {
		struct event *ev;
		uint64_t due;		/* 0: never */
		uint64_t period;
	} timer[EVENTS_MAX];
} our_clock;

static struct timer *find(const struct event *ev)
{
	for (unsigned int i = 0; i < EVENTS_MAX; i++)
		if (our_clock.timer[i].ev == ev)
			return &our_clock.timer[i];
	fuzz_check(!ev, "an event of nobody");
	fuzz_check(ev, "too many events");
	return NULL;
}

uint64_t __wrap_mono_us(void)
{
	return our_clock.now;
}

struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd,
			       short what, event_callback_fn cb, void *arg)
{
	struct timer *t = find(NULL);

	t->ev = __real_event_new(base, fd, what, cb, arg);
	return t->ev;
}

void __wrap_event_free(struct event *ev)
{
	*find(ev) = (struct timer){ 0 };
	__real_event_free(ev);
}

/* Timers and signals are known here only, until they are due. */
int __wrap_event_add(struct event *ev, const struct timeval *tv)
{
	short what = event_get_events(ev);
	struct timer *t = find(ev);
	uint64_t us;

	if (!tv)
		return what & EV_SIGNAL ? 0 : __real_event_add(ev, NULL);
	us = (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
	t->due = our_clock.now + us;
	t->period = what & EV_PERSIST ? us : 0;
	return 0;
}

int __wrap_event_del(struct event *ev)
{
	find(ev)->due = 0;
	return __real_event_del(ev);
}

void clock_start(void)
{
	our_clock.now = CLOCK_START;
}

uint64_t clock_now(void)
{
	return our_clock.now;
}

bool clock_next(uint64_t end)
{
	struct timer *next = NULL;

	for (unsigned int i = 0; i < EVENTS_MAX; i++) {
		struct timer *t = &our_clock.timer[i];

		if (t->ev && t->due && (!next || t->due < next->due))
			next = t;
	}
	if (!next || next->due > end) {
		our_clock.now = end;
		return false;
	}
	if (our_clock.now < next->due)
		our_clock.now = next->due;
	next->due = next->period ? our_clock.now + next->period : 0;
	event_active(next->ev, EV_TIMEOUT, 1);
	return true;
}

void clock_signal(int sig)
{
	for (unsigned int i = 0; i < EVENTS_MAX; i++) {
		struct event *ev = our_clock.timer[i].ev;

		if (ev && event_get_events(ev) & EV_SIGNAL &&
		    event_get_signal(ev) == sig)
			event_active(ev, EV_SIGNAL, 1);
	}
}

void clock_stop(void)
{
	for (unsigned int i = 0; i < EVENTS_MAX; i++)
		if (our_clock.timer[i].ev)
			__wrap_event_free(our_clock.timer[i].ev);
}
