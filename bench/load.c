/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "bench/load.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/mono.h"
#include "tests/lib/echo.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

#define CHUNK	65536

/* The client's side of a stream, in a thread of its own. */
struct stream {
	struct tclient *client;
	uint64_t bytes;
};

static void *receive(void *arg)
{
	struct stream *s = arg;
	char *buf = malloc(CHUNK);
	uint64_t got = 0;

	must(buf != NULL, "out of memory");
	while (got < s->bytes) {
		long n;

		must(wait_fd(s->client->fd, POLLIN, wait_until(WAIT_MS)),
		     "%llu of %llu bytes came", (unsigned long long)got,
		     (unsigned long long)s->bytes);
		n = tclient_read_some(s->client, buf, CHUNK);
		must(n >= 0, "the console closed");
		got += (uint64_t)n;
	}
	free(buf);
	must(got == s->bytes, "%llu bytes too many",
	     (unsigned long long)(got - s->bytes));
	return NULL;
}

static void *type(void *arg)
{
	struct stream *s = arg;
	char *buf = calloc(1, CHUNK);
	uint64_t sent = 0;

	must(buf != NULL, "out of memory");
	while (sent < s->bytes) {
		uint64_t n = s->bytes - sent < CHUNK ? s->bytes - sent : CHUNK;

		must(wait_fd(s->client->fd, POLLOUT, wait_until(WAIT_MS)),
		     "%llu of %llu bytes went", (unsigned long long)sent,
		     (unsigned long long)s->bytes);
		sent += tclient_send_some(s->client, buf, n);
	}
	free(buf);
	return NULL;
}

static struct result begin(const struct rig *rig, uint64_t bytes)
{
	return (struct result){
		.bytes = bytes,
		.cpu_us = rig_cpu_us(rig),
		.seconds = (double)mono_us() / 1e6,
	};
}

static void end(const struct rig *rig, struct result *r)
{
	r->seconds = (double)mono_us() / 1e6 - r->seconds;
	r->cpu_us = rig_cpu_us(rig) - r->cpu_us;
	must_threads();
}

static pthread_t start(void *(*run)(void *), struct stream *s)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, run, s) == 0, "no thread");
	return thread;
}

/* Waits until at least one chain has come back. */
static void wait_used(struct gring *r)
{
	struct gused used;

	must(gring_wait(r, &used, WAIT_MS), "nothing comes back");
	while (gring_take(r, &used))
		;
}

struct result load_tx(struct rig *rig, uint64_t bytes, uint32_t chain)
{
	struct gring *r = &rig->guest.ring[TX];
	struct stream s = { &rig->client, bytes };
	struct result result = begin(rig, bytes);
	pthread_t thread = start(receive, &s);

	while (bytes > 0) {
		uint32_t n = bytes < chain ? (uint32_t)bytes : chain;

		if (r->nfree == 0)
			wait_used(r);
		gring_add_own(r, n, false);
		/* one by one, as hvc prints, and at most a full ring ahead */
		gring_kick(r);
		bytes -= n;
		result.chains++;
	}
	while (gring_outstanding(r) > 0)
		wait_used(r);
	pthread_join(thread, NULL);
	end(rig, &result);
	return result;
}

struct result load_rx(struct rig *rig, uint64_t bytes)
{
	struct gring *r = &rig->guest.ring[RX];
	struct stream s = { &rig->client, bytes };
	struct result result = begin(rig, bytes);
	pthread_t thread = start(type, &s);
	uint64_t got = 0;

	while (got < bytes) {
		struct gused used;

		must(gring_wait(r, &used, WAIT_MS), "no input comes");
		do {
			got += used.len;
			result.chains++;
			gring_add_own(r, r->buf_size, true);
		} while (gring_take(r, &used));
		gring_kick(r);
	}
	pthread_join(thread, NULL);
	end(rig, &result);
	must(got == bytes, "%llu bytes too many",
	     (unsigned long long)(got - bytes));
	return result;
}

void load_percentiles(struct result *result, uint64_t *us, unsigned int n)
{
	struct echo_times times = echo_times(us, n);

	result->p50_us = (double)times.p50;
	result->p99_us = (double)times.p99;
	result->worst_us = (double)times.max;
}

struct result load_echo(struct rig *rig, unsigned int n)
{
	uint64_t *us = calloc(n, sizeof(*us));
	struct result result = begin(rig, n);

	must(us != NULL, "out of memory");
	for (unsigned int i = 0; i < n; i++)
		us[i] = echo_once(&rig->guest, &rig->client);
	end(rig, &result);
	result.chains = n;
	load_percentiles(&result, us, n);
	free(us);
	return result;
}
