/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/world.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A test that takes longer than this hangs. */
#define HANG_S		100
#define STOP_MS		5000

static struct world *current;

static void show_log(void)
{
	if (current != NULL && current->daemon.dir[0] != '\0')
		daemon_log_show("the daemon's log", current->daemon.log);
}

static void hang_handler(int sig)
{
	static const char text[] = "the test hangs\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		show_log();
	if (current != NULL && current->daemon.pid > 0)
		kill(current->daemon.pid, SIGTERM);
	_exit(1);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	for (unsigned int i = 0; i < WORLD_CONSOLES; i++) {
		fe_init(&w->fe[i]);
		guest_init(&w->guest[i]);
	}
	for (unsigned int i = 0; i < WORLD_CLIENTS; i++)
		w->client[i].fd = -1;
	w->daemon.pidfd = -1;
	current = w;
	must_set_hook(show_log);
	signal(SIGALRM, hang_handler);
	signal(SIGPIPE, SIG_IGN);
	alarm(HANG_S);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	daemon_destroy(&w->daemon);
	for (unsigned int i = 0; i < WORLD_CLIENTS; i++)
		tclient_close(&w->client[i]);
	for (unsigned int i = 0; i < WORLD_CONSOLES; i++) {
		fe_close(&w->fe[i]);
		guest_destroy(&w->guest[i]);
	}
	current = NULL;
	alarm(0);
	free(w);
	return 0;
}

void world_daemon(struct world *w, unsigned int consoles,
		  const char *const *options)
{
	must(consoles <= WORLD_CONSOLES, "%u consoles", consoles);
	daemon_start(&w->daemon, consoles, options);
	for (unsigned int i = 0; i < consoles; i++)
		w->worker[i] = daemon_worker(&w->daemon, i, 0);
}

void world_quiet_daemon(struct world *w, unsigned int consoles)
{
	world_daemon(w, consoles, DAEMON_OPTIONS("--notices", "off"));
}

static void boot_qemu(struct frontend *fe, struct guest *g, uint64_t features)
{
	fe_qemu_realize(fe, g, ~0ULL);
	fe_qemu_start(fe, g, features);
	guest_boot(g);
}

void world_qemu(struct world *w, unsigned int console, uint64_t features)
{
	guest_like_qemu(&w->guest[console], 64);
	fe_open(&w->fe[console], daemon_sock(&w->daemon, console));
	boot_qemu(&w->fe[console], &w->guest[console], features);
}

void world_next_qemu(struct world *w, unsigned int console, uint64_t features)
{
	fe_close(&w->fe[console]);
	guest_destroy(&w->guest[console]);
	guest_like_qemu(&w->guest[console], 64);
	fe_open_again(&w->fe[console], daemon_sock(&w->daemon, console));
	boot_qemu(&w->fe[console], &w->guest[console], features);
}

void world_uml(struct world *w, unsigned int console, uint64_t features)
{
	struct frontend *fe = &w->fe[console];
	struct guest *g = &w->guest[console];

	guest_like_uml(g);
	fe_open(fe, daemon_sock(&w->daemon, console));
	fe_uml_connect(fe);
	fe_uml_probe(fe, g, features);
	guest_boot(g);
}

void world_simple(struct world *w)
{
	world_quiet_daemon(w, 1);
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
}

struct tclient *world_client(struct world *w, unsigned int i,
			     unsigned int console)
{
	tclient_open(&w->client[i], w->daemon.port + console, 0);
	return &w->client[i];
}

void world_await_client(struct world *w, unsigned int console,
			unsigned int client)
{
	tclient_type(&w->client[client], "hello");
	guest_expect_text(&w->guest[console], "hello");
}

/* The end of what has come. */
struct tail {
	char buf[64 + 4096];
	size_t len;
};

/* @n bytes more have: is @last there now? */
static bool has_come(struct tail *t, size_t n, const char *last)
{
	size_t keep = strlen(last);

	t->len += n;
	if (memmem(t->buf, t->len, last, keep) != NULL)
		return true;
	if (t->len > keep) {
		memmove(t->buf, t->buf + t->len - keep, keep);
		t->len = keep;
	}
	return false;
}

/* While nobody reads, the console may take no more. */
static void drop_input(struct guest *g, struct tclient *c, const char *last)
{
	uint64_t deadline = wait_until(WAIT_MS);
	struct tail t = { .len = 0 };
	size_t sent = 0, n;

	do {
		must(wait_left(deadline) > 0, "old input has no end");
		sent += tclient_send_some(c, last + sent, strlen(last) - sent);
		n = guest_read(g, t.buf + t.len, sizeof(t.buf) - t.len, 1);
	} while (!has_come(&t, n, last));
}

static void drop_output(struct tclient *c, const char *last)
{
	uint64_t deadline = wait_until(WAIT_MS);
	struct tail t = { .len = 0 };
	long n;

	do {
		must(wait_fd(c->fd, POLLIN, deadline), "old output has no end");
		n = tclient_read_some(c, t.buf + t.len, sizeof(t.buf) - t.len);
		must(n >= 0, "the console closed");
	} while (!has_come(&t, (size_t)n, last));
}

void world_drop_old(struct world *w, unsigned int console, unsigned int client)
{
	static const char last[] = "<this was the last of it>";

	drop_input(&w->guest[console], &w->client[client], last);
	guest_print_text(&w->guest[console], last);
	drop_output(&w->client[client], last);
}

void world_check_console(struct world *w, unsigned int console,
			 unsigned int client)
{
	struct guest *g = &w->guest[console];
	struct tclient *c = &w->client[client];
	char text[40];

	snprintf(text, sizeof(text), "guest %u prints\r\n", console);
	guest_print_text(g, text);
	tclient_expect_text(c, text);
	snprintf(text, sizeof(text), "typed to %u\r", console);
	tclient_type(c, text);
	guest_expect_text(g, text);
}

void world_end(struct world *w)
{
	must_threads();
	for (unsigned int i = 0; i < w->daemon.consoles && !w->workers_die; i++)
		must(daemon_worker(&w->daemon, i, 0) == w->worker[i],
		     "the worker of console %u was replaced", i);
	daemon_stop(&w->daemon, STOP_MS);
}

void world_filter(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
}
