/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/wait.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "common/mono.h"
#include "tests/lib/must.h"

uint64_t wait_until(unsigned int ms)
{
	return mono_us() + (uint64_t)ms * 1000;
}

int wait_left(uint64_t deadline)
{
	uint64_t now = mono_us();

	return now >= deadline ? 0 : (int)((deadline - now + 999) / 1000);
}

bool wait_fd(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, wait_left(deadline));
	} while (n < 0 && errno == EINTR);
	must(n >= 0, "poll: errno %d", errno);
	return n == 1;
}

void wait_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

void wait_time(unsigned int ms)
{
	uint64_t deadline = wait_until(ms);
	int left;

	while ((left = wait_left(deadline)) > 0)
		poll(NULL, 0, left);
}
