/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/loop.h"

#include <stdlib.h>

#include "common/contract.h"
#include "common/log.h"

static bool expects_failure;

static void libevent_log_cb(int severity, const char *text)
{
	if (severity >= EVENT_LOG_WARN && !expects_failure)
		log_limited(LOG_WARN, "libevent: %s", text);
}

struct event_base *loop_new(void)
{
	struct event_config *config;
	struct event_base *base;

	event_set_log_callback(libevent_log_cb);
	config = event_config_new();
	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_require_features(config, EV_FEATURE_ET |
						      EV_FEATURE_EARLY_CLOSE);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct event *loop_event(struct event_base *base, int fd, short what,
			 event_callback_fn cb, void *arg)
{
	struct event *ev = event_new(base, fd, what, cb, arg);

	if (!ev) {
		log_error("out of memory");
		_Exit(WORKER_EXIT_FAILED);
	}
	return ev;
}

bool loop_try_add(struct event *ev)
{
	bool added;

	expects_failure = true;
	added = event_add(ev, NULL) == 0;
	expects_failure = false;
	return added;
}

void loop_event_free(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}
