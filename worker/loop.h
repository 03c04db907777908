/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef WORKER_LOOP_H
#define WORKER_LOOP_H

#include <event2/event.h>
#include <stdbool.h>

/*
 * The event loop; NULL when out of memory. The environment does not choose
 * its backend: only epoll gets past the filter.
 */
struct event_base *loop_new(void);

/* event_new() that ends the worker instead of returning NULL. */
struct event *loop_event(struct event_base *base, int fd, short what,
			 event_callback_fn cb, void *arg);

/*
 * For an fd that epoll may refuse, such as a file: false then, and no line in
 * the log.
 */
bool loop_try_add(struct event *ev);

/* Deletes and frees *@ev unless it is NULL, and sets it to NULL. */
void loop_event_free(struct event **ev);

#endif
