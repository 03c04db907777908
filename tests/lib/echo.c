/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/echo.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mono.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

uint64_t echo_once(struct guest *g, struct tclient *c)
{
	struct gring *rx = &g->ring[RX], *tx = &g->ring[TX];
	uint64_t since = mono_us();
	struct gused used;
	char key = 'k';
	uint16_t head;

	tclient_send(c, &key, 1);
	must(gring_wait(rx, &used, WAIT_MS) && used.len == 1, "no key comes");
	head = gring_add_own(tx, 1, false);
	memcpy(gring_buf_ptr(tx, head), gring_buf_ptr(rx, used.head), 1);
	gring_kick(tx);
	gring_add_own(rx, rx->buf_size, true);
	gring_kick(rx);
	must(wait_fd(c->fd, POLLIN, wait_until(WAIT_MS)) &&
	     tclient_read_some(c, &key, 1) == 1 && key == 'k',
	     "no echo comes");
	gring_expect(tx, 0);
	return mono_us() - since;
}

static void sleep_until(uint64_t us)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000 * 1000),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
		;
}

uint64_t echo_paced(struct guest *g, struct tclient *c, uint64_t *due)
{
	uint64_t now = mono_us(), late = 0;

	if (*due == 0)
		*due = now;
	if (now < *due)
		sleep_until(*due);
	else
		late = now - *due;
	*due += ECHO_PACE_US;
	return late + echo_once(g, c);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct echo_times echo_times(uint64_t *us, unsigned int n)
{
	qsort(us, n, sizeof(*us), by_value);
	return (struct echo_times){
		us[n / 2], us[n - 1 - n / 100], us[n - 1],
	};
}
