/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/hog.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/gconsole.h"
#include "tests/lib/must.h"
#include "tests/lib/wait.h"

#define CHAIN_BITS	13		/* chains of 1 to 4096 bytes */

static char bytes[65536];

static void give_up(void)
{
	_exit(1);
}

static void read_some(struct tclient *c)
{
	must(tclient_read_some(c, bytes, sizeof(bytes)) >= 0,
	     "the console closed");
}

/* A kick for each chain, if the device wants one. */
static void print(const struct hog *h, struct guest *g, struct tclient *reader)
{
	struct gring *r = &g->ring[TX];

	for (unsigned int n = 0;; n++) {
		struct pollfd p[] = {
			{ r->call, POLLIN, 0 },
			{ reader != NULL ? reader->fd : -1, POLLIN, 0 },
		};
		uint32_t chain = 1u << n % CHAIN_BITS;

		guest_print_collect(g);
		while (r->nfree > 0) {
			guest_print_start(g, bytes, chain);
			atomic_fetch_add(h->moved, chain);
		}
		gring_arm(r);
		guest_print_collect(g);
		if (r->nfree == 0)
			must(poll(p, 2, -1) > 0, "poll: errno %d", errno);
		if (p[0].revents != 0)
			gring_calls(r);
		if (reader != NULL)
			read_some(reader);
	}
}

static void type(const struct hog *h, struct tclient *c)
{
	for (;;) {
		struct pollfd p = { c->fd, POLLOUT, 0 };

		must(poll(&p, 1, -1) == 1, "poll: errno %d", errno);
		atomic_fetch_add(h->moved,
				 tclient_send_some(c, bytes, sizeof(bytes)));
	}
}

static void burn(const struct hog *h)
{
	for (;;)
		atomic_fetch_add(h->moved, 1);
}

static void work(const struct hog *h, enum hog_kind kind, struct guest *g,
		 struct tclient *c)
{
	switch (kind) {
	case HOG_FLOOD:
		print(h, g, c);
		break;
	case HOG_STALL:
		print(h, g, NULL);
		break;
	case HOG_TYPE:
		type(h, c);
		break;
	case HOG_CPU:
		burn(h);
	}
}

static void await_stopped(const struct hog *h)
{
	int status;

	must(waitpid(h->pid, &status, WUNTRACED) == h->pid &&
	     WIFSTOPPED(status), "a hog ended, or is none");
}

void hog_start(struct hog *h, enum hog_kind kind, struct guest *g,
	       struct tclient *c)
{
	pid_t parent = getpid();

	h->moved = mmap(NULL, sizeof(*h->moved), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(h->moved != MAP_FAILED, "mmap: errno %d", errno);
	h->pid = fork();
	must(h->pid >= 0, "fork: errno %d", errno);
	if (h->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must_set_hook(give_up);
		if (getppid() == parent && raise(SIGSTOP) == 0)
			work(h, kind, g, c);
		_exit(1);
	}
	await_stopped(h);
}

void hog_go(struct hog *h)
{
	must(kill(h->pid, SIGCONT) == 0, "no hog");
}

void hog_halt(struct hog *h)
{
	must(kill(h->pid, SIGSTOP) == 0, "no hog");
	await_stopped(h);
}

void hog_end(struct hog *h)
{
	if (h->pid <= 0)
		return;
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	munmap(h->moved, sizeof(*h->moved));
	h->pid = 0;
}

uint64_t hog_moved(const struct hog *h)
{
	return atomic_load(h->moved);
}

void hog_await(const struct hog *h, uint64_t enough)
{
	uint64_t deadline = wait_until(WAIT_MS);

	while (hog_moved(h) < enough) {
		must(wait_left(deadline) > 0, "only %llu bytes moved",
		     (unsigned long long)hog_moved(h));
		wait_pause();
	}
}
