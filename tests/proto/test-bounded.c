/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Consoles under as much load as there can be: the memory of their workers and
 * of the supervisor stays what it was, and a console beside them goes on. What
 * the machine makes of so much work is seen with the same load at another
 * daemon.
 */
#include <stdio.h>

#include "common/mono.h"
#include "tests/lib/echo.h"
#include "tests/lib/gconsole.h"
#include "tests/lib/process.h"
#include "tests/lib/town.h"
#include "tests/lib/unit.h"
#include "tests/lib/wait.h"

#define ROUNDS		15
#define ROUND_MS	50		/* with the load at either */
#define SAMPLES_MAX	(ROUNDS * ROUND_MS * 1000 / ECHO_PACE_US)
#define TIMES		10		/* as slow as that it may be */
#define P50_US		1000		/* what is good enough on any machine */
#define P99_US		50000
#define GROWTH_KB	64
#define IDLE_MS		30		/* of CPU time, beside a part of it all */
#define ROUND_BYTES	(4 << 20)	/* printed in one at least */
#define TYPED_MAX	(32 << 20)	/* more than sockets hold */
#define LOG_LINES	20

static struct town here, elsewhere;

static struct samples {
	unsigned int n;
	uint64_t us[SAMPLES_MAX];
} at_here, at_elsewhere;

static void show_log(void)
{
	daemon_log_show("the daemon's log", here.daemon.log);
}

static int setup(void **state)
{
	(void)state;
	here = elsewhere = (struct town){ 0 };
	at_here.n = at_elsewhere.n = 0;
	must_set_hook(show_log);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	town_destroy(&here);
	town_destroy(&elsewhere);
	return 0;
}

/* The quiet console of @here, while it is @loaded that has the load. */
static void measure(struct town *loaded, const bool load[TOWN_LOADS],
		    struct samples *s)
{
	uint64_t deadline = wait_until(ROUND_MS), due = 0;
	uint64_t before[TOWN_LOADS];

	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		before[i] = hog_moved(&loaded->hog[i]);
	town_load(loaded, load);
	while (wait_left(deadline) > 0 && s->n < SAMPLES_MAX)
		s->us[s->n++] = echo_paced(&here.guest[TOWN_QUIET],
					   &here.client[TOWN_QUIET], &due);
	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		if (load[i] && i != TOWN_TYPE)
			hog_await(&loaded->hog[i],
				  before[i] + ROUND_BYTES);
	town_rest(loaded, load);
}

struct memory {
	long rss, anon, vm;
};

static struct memory memory_of(pid_t pid)
{
	return (struct memory){
		process_rss_kb(pid), process_anon_kb(pid), process_vm_kb(pid),
	};
}

static void must_be_flat(const char *whose, const struct memory *then,
			 pid_t pid)
{
	struct memory now = memory_of(pid);

	must(now.rss > 0 && now.rss - then->rss <= GROWTH_KB &&
	     now.anon - then->anon <= GROWTH_KB &&
	     now.vm - then->vm <= GROWTH_KB,
	     "%s: RSS %ld, then %ld; anonymous %ld, %ld; all %ld, %ld KiB",
	     whose, then->rss, now.rss, then->anon, now.anon, then->vm,
	     now.vm);
}

static void must_go_on(void)
{
	struct echo_times e = echo_times(at_elsewhere.us, at_elsewhere.n);
	struct echo_times h = echo_times(at_here.us, at_here.n);

	printf("echo: p50 %llu, p99 %llu us; with the load elsewhere %llu, "
	       "%llu\n", (unsigned long long)h.p50,
	       (unsigned long long)h.p99, (unsigned long long)e.p50,
	       (unsigned long long)e.p99);
	must(h.p50 <= P50_US || h.p50 <= TIMES * e.p50, "p50");
	must(h.p99 <= P99_US || h.p99 <= TIMES * e.p99, "p99");
}

static void must_be_idle(const char *whose, long cpu_ms, long ms)
{
	must(cpu_ms <= IDLE_MS + ms / 50, "%s was busy for %ld of %ld ms",
	     whose, cpu_ms, ms);
}

static void bounded(const bool load[TOWN_LOADS])
{
	/* a budget that a client that does not read has soon used up */
	const char *const *options = DAEMON_OPTIONS("--notices", "off",
						    "--overflow", "wait:300");
	struct memory supervisor, worker[TOWN_LOADS];
	long cpu, typing, ms;
	uint64_t since;

	town_open(&here, options);
	town_open(&elsewhere, options);
	town_warm_up(&here, load);
	town_warm_up(&elsewhere, load);
	supervisor = memory_of(here.daemon.pid);
	for (unsigned int i = 0; i < TOWN_LOADS; i++)
		worker[i] = memory_of(here.worker[i]);
	cpu = process_cpu_ms(here.daemon.pid);
	typing = process_cpu_ms(here.worker[TOWN_TYPE]);
	since = mono_us();
	for (unsigned int n = 0; n < ROUNDS; n++) {
		measure(&elsewhere, load, &at_elsewhere);
		measure(&here, load, &at_here);
		must_be_flat("supervisor", &supervisor, here.daemon.pid);
		for (unsigned int i = 0; i < TOWN_LOADS; i++)
			must_be_flat("worker", &worker[i], here.worker[i]);
	}
	ms = (long)(mono_us() - since) / 1000;
	must_go_on();
	must_be_idle("the supervisor", process_cpu_ms(here.daemon.pid) - cpu,
		     ms);
	/* it does not read from its client, or has none that types */
	must_be_idle("a worker",
		     process_cpu_ms(here.worker[TOWN_TYPE]) - typing, ms);
	must(daemon_log_count(&here.daemon, "\n") < LOG_LINES,
	     "%u lines in the log", daemon_log_count(&here.daemon, "\n"));
}

static void end(void)
{
	town_close(&here);
	town_close(&elsewhere);
}

static void flooding_guest(void **state)
{
	static const bool load[TOWN_LOADS] = { [TOWN_FLOOD] = true };

	(void)state;
	bounded(load);
	end();
}

static void stalled_client(void **state)
{
	static const bool load[TOWN_LOADS] = { [TOWN_STALL] = true };

	(void)state;
	bounded(load);
	end();
}

/* What it typed is in the sockets, and comes when the guest wants it. */
static void flooding_client(void **state)
{
	static const bool load[TOWN_LOADS] = { [TOWN_TYPE] = true };
	struct guest *g = &here.guest[TOWN_TYPE];
	uint64_t typed, got = 0;
	char buf[4096];

	(void)state;
	bounded(load);
	typed = hog_moved(&here.hog[TOWN_TYPE]);
	must(typed < TYPED_MAX, "%llu bytes were taken",
	     (unsigned long long)typed);
	while (got < typed) {
		size_t n = guest_read(g, buf, sizeof(buf), WAIT_MS);

		must(n > 0, "%llu of %llu bytes came", (unsigned long long)got,
		     (unsigned long long)typed);
		got += n;
	}
	must(got == typed, "%llu bytes too many",
	     (unsigned long long)(got - typed));
	tclient_type(&here.client[TOWN_TYPE], "the end");
	guest_expect_text(g, "the end");
	end();
}

static void all_at_once(void **state)
{
	static const bool load[TOWN_LOADS] = { true, true, true };

	(void)state;
	bounded(load);
	end();
}

#define BOUNDED_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		BOUNDED_TEST(flooding_guest),
		BOUNDED_TEST(stalled_client),
		BOUNDED_TEST(flooding_client),
		BOUNDED_TEST(all_at_once),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("bounded", tests, NULL, NULL);
}
