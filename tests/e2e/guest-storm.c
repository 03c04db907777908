/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A real guest whose console's workers are killed without end, from before its
 * boot on: it boots, is typed at, takes and prints megabytes, is left alone and
 * reboots, and never notices.
 */
#include "tests/e2e/guest-storm.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/mono.h"
#include "tests/lib/client.h"
#include "tests/lib/command.h"
#include "tests/lib/daemon.h"
#include "tests/lib/guest-copy.h"
#include "tests/lib/guest-dmesg.h"
#include "tests/lib/guest-shell.h"
#include "tests/lib/killer.h"
#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/real-guest.h"
#include "tests/lib/wait.h"

#define COPY_MAX	(8U << 20)
#define IDLE_KILLS	100
#define KILLS_MIN	25		/* in each part */
#define END_MS		10000

static struct daemon d;
static struct real_guest guest;
static struct tclient client = { .fd = -1 };
static struct killer *killer;
static char hello[1024];		/* what a boot says, and the prompt */

/* How much is done. Workers that do not get ready take their time for it. */
struct plan {
	enum killer_mode mode;
	unsigned int commands;
	size_t copy;
};

/* The part of the storm that is going on. */
static unsigned int kills_before;
static uint64_t since;

static void part_begins(void)
{
	kills_before = killer_kills(killer);
	since = mono_us();
}

static unsigned int part_kills(void)
{
	return killer_kills(killer) - kills_before;
}

static void part_ends(const char *what)
{
	unsigned int kills = part_kills();

	printf("%s: %u kills in %.1f s\n", what, kills,
	       (double)(mono_us() - since) / 1e6);
	fflush(stdout);
	must(kills >= KILLS_MIN, "%s: only %u kills", what, kills);
	part_begins();
}

static void start(const char *kind, enum killer_mode mode)
{
	daemon_start(&d, 1, DAEMON_OPTIONS("--log-level", "debug"));
	tclient_open(&client, d.port, 0);
	killer = killer_start(&d, mode);
	part_begins();
	real_guest_start(&guest, kind, &d, 0, "vdc.reboot");
	real_guest_await(&guest, client.fd);
	tclient_read_to(&client, SHELL_PROMPT, hello, sizeof(hello));
	must(strncmp(hello, "guest ready\r\n", 13) == 0,
	     "the guest begins with '%s'", hello);
	part_ends("boot");
}

static void type_commands(unsigned int n)
{
	char answer[12];

	for (unsigned int i = 1; i <= n || part_kills() < KILLS_MIN; i++) {
		snprintf(answer, sizeof(answer), "%u\r\n", i);
		shell_run(&client, "echo $((n += 1))", answer);
	}
	shell_run(&client, "tty", "/dev/hvc0\r\n");
	part_ends("commands");
}

static void sum_up(uint64_t at, size_t len, char sum[COPY_SUM])
{
	static unsigned char bytes[COPY_MAX];

	pattern_fill(bytes, at, len);
	copy_sum(&d, bytes, len, sum);
}

static void copy(size_t len)
{
	char sum[COPY_SUM];

	sum_up(0, len, sum);
	do {
		copy_in_begin(&client, len);
		copy_move(&client, 0, len, 0, 0);
		copy_in_end(&client, sum);
	} while (part_kills() < KILLS_MIN);
	part_ends("copy in");
	do {
		copy_out_begin(&client);
		copy_move(&client, 0, 0, 0, len);
		shell_expect(&client, SHELL_PROMPT);
	} while (part_kills() < KILLS_MIN);
	part_ends("copy out");
}

static void copy_both_ways(size_t len)
{
	char sum[COPY_SUM];

	sum_up(COPY_MAX, len, sum);
	do {
		copy_both_begin(&client, len);
		copy_move(&client, COPY_MAX, len, 0, len);
		copy_both_end(&client, sum);
	} while (part_kills() < KILLS_MIN);
	part_ends("copy both ways");
}

static void leave_alone(void)
{
	unsigned int goal = killer_kills(killer) + IDLE_KILLS;
	uint64_t deadline = wait_until(SHELL_MS);

	while (killer_kills(killer) < goal) {
		must(wait_left(deadline) > 0, "no %u kills in %d ms",
		     IDLE_KILLS, SHELL_MS);
		tclient_expect_quiet(&client, 20);
	}
	part_ends("idle");
}

/* One that reboots by starting its VMM anew is another front-end then. */
static void reboot(const char *kind)
{
	shell_type(&client, "reboot -f");
	if (strcmp(kind, "uml") == 0)
		shell_expect(&client, "\r\n[vhost-device-console: "
			     "the guest's front-end disconnected]\r\n");
	real_guest_await(&guest, client.fd);
	shell_expect(&client, hello);
	shell_run(&client, "ls", "");
	part_ends("reboot");
}

static void end(void)
{
	killer_stop(killer);
	killer = NULL;
	killer_check_log(&d);
	daemon_stop(&d, END_MS);
	tclient_expect_end(&client);
}

static void storm(const char *kind, const struct plan *plan)
{
	start(kind, plan->mode);
	type_commands(plan->commands);
	copy(plan->copy);
	copy_both_ways(plan->copy / 4);
	leave_alone();
	guest_dmesg_check(&client);
	part_begins();
	reboot(kind);
	type_commands(plan->commands);
	guest_dmesg_check(&client);
	printf("%u workers killed in all\n", killer_kills(killer));
	end();
}

static void after_ready(void **kind)
{
	storm(*kind, &(struct plan){ KILLER_AFTER_READY, 20, COPY_MAX });
}

static void at_any_time(void **kind)
{
	storm(*kind, &(struct plan){ KILLER_AT_ANY_TIME, 5, COPY_MAX / 8 });
}

static int teardown(void **kind)
{
	(void)kind;
	if (killer != NULL)
		killer_stop(killer);
	killer = NULL;
	tclient_close(&client);
	real_guest_stop(&guest);
	daemon_destroy(&d);
	command_no_orphans(END_MS);
	return 0;
}

static void show_logs(void)
{
	if (d.dir[0] == '\0')
		return;
	daemon_log_show("the daemon's log", d.log);
	real_guest_show_log(&guest);
}

int guest_storm(const char *kind, int argc, char **argv)
{
	void *state = (void *)(uintptr_t)kind;
	const struct CMUnitTest tests[] = {
		{ "after_ready", after_ready, NULL, teardown, state },
		{ "at_any_time", at_any_time, NULL, teardown, state },
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	command_adopt_orphans();
	real_guest_require(kind);
	must_set_hook(show_logs);
	return cmocka_run_group_tests_name(kind, tests, NULL, NULL);
}
