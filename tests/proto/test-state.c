/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Which state the successor of a worker gets, and what becomes of a console
 * whose state was spoiled: it starts from nothing, and no one else notices.
 * The daemon is one that shows us its states.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/state.h"
#include "tests/lib/world.h"

#define SECRET		"what the old state knows"

struct shown {
	int fd;
	size_t size;
	struct console_state *s;
};

static int states;			/* where the daemon shows them */

static void open_states(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[32];

	snprintf(name, sizeof(name), "vdc-states-%d", (int)getpid());
	strcpy(addr.sun_path + 1, name);
	states = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(bind(states, (struct sockaddr *)&addr, sizeof(addr)) == 0,
	     "no socket for the states");
	setenv("VDC_TEST_STATES", name, 1);
	setenv("VDC_DAEMON", daemon_beside("tests/spy/daemon"), 1);
}

static bool is_one_shown(unsigned int ms)
{
	return wait_fd(states, POLLIN, wait_until(ms));
}

/* The state that the daemon made next. */
static struct shown next_state(void)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct shown shown;

	must(is_one_shown(WAIT_MS), "no state is made");
	must(recvmsg(states, &mh, MSG_CMSG_CLOEXEC) == 1 &&
	     CMSG_FIRSTHDR(&mh) != NULL, "a state without its fd");
	memcpy(&shown.fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(int));
	return shown;
}

/* Once it has its size: it is shown before that. */
static void map_shown(struct shown *shown)
{
	struct stat st;

	must(fstat(shown->fd, &st) == 0 && st.st_size > 0, "an empty state");
	shown->size = (size_t)st.st_size;
	shown->s = mmap(NULL, shown->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			shown->fd, 0);
	must(shown->s != MAP_FAILED, "a state that cannot be mapped");
}

static void forget(struct shown *shown)
{
	munmap(shown->s, shown->size);
	close(shown->fd);
}

static bool knows(const struct shown *shown, const char *text)
{
	return memmem(shown->s, shown->size, text, strlen(text)) != NULL;
}

/* Two consoles at work; the first one's guest has printed SECRET. */
static void two_consoles(struct world *w, struct shown state[2])
{
	w->workers_die = true;
	world_daemon(w, 2, NULL);
	for (unsigned int i = 0; i < 2; i++)
		state[i] = next_state();
	for (unsigned int i = 0; i < 2; i++) {
		map_shown(&state[i]);
		world_qemu(w, i, GUEST_FEATURES);
		world_client(w, i, i);
		world_check_console(w, i, i);
	}
	guest_print_text(&w->guest[0], SECRET);
	tclient_expect_text(&w->client[0], SECRET);
	must(knows(&state[0], SECRET) && !knows(&state[1], SECRET),
	     "states and consoles do not go together");
}

/* The worker dies by @sig, after its state was made different by @spoil. */
static void die(struct world *w, struct console_state *s,
		void (*spoil)(struct console_state *s), int sig)
{
	pid_t pid = daemon_worker(&w->daemon, 0, 0);

	if (sig != SIGKILL)
		process_await_handler(pid, sig);
	process_stop(pid);
	if (spoil != NULL)
		spoil(s);
	kill(pid, sig);
	kill(pid, SIGCONT);
}

/* The client was told, the front-end sent away; another one finds all well. */
static void expect_clean_slate(struct world *w)
{
	char text[400];

	fe_expect_end(&w->fe[0]);
	tclient_read_to(&w->client[0], "was reset]\r\n", text, sizeof(text));
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_check_console(w, 0, 0);
}

static void expect_calm_next_door(struct world *w)
{
	fe_barrier(&w->fe[1]);
	world_check_console(w, 1, 1);
	tclient_expect_quiet(&w->client[1], 10);
	must(daemon_worker(&w->daemon, 1, 0) == w->worker[1],
	     "the neighbour's worker was replaced");
	must(!is_one_shown(0), "the neighbour's state was replaced");
	must(daemon_log_count(&w->daemon, "front-end detached") == 1,
	     "not one front-end was disconnected");
}

static void no_seq(struct console_state *s)
{
	STATE_CURRENT(&s->session)->seq = UINT64_MAX;
}

static void far_client(struct console_state *s)
{
	STATE_CURRENT(&s->client[0].send)->start = UINT64_C(1) << 40;
}

static void overlapping_memory(struct console_state *s)
{
	struct state_session *session = STATE_CURRENT(&s->session);

	session->region[MEM_SLOTS_MAX - 1] = session->region[0];
}

static void noise(struct console_state *s)
{
	memset(&s->progress, 0xa5,
	       sizeof(*s) - offsetof(struct console_state, progress));
}

/* It has no fd: the state says more than the supervisor knows of. */
static void more_memory(struct console_state *s)
{
	struct state_session *session = STATE_CURRENT(&s->session);

	session->region[MEM_SLOTS_MAX - 1] = (struct state_region){
		.gpa = UINT64_C(1) << 60,
		.size = 4096,
		.uva = UINT64_C(1) << 60,
	};
}

static const struct {
	const char *why;
	void (*spoil)(struct console_state *s);
	int sig;
} spoilt[] = {
	{ "seq", no_seq, SIGKILL },
	{ "send_start", far_client, SIGSEGV },
	{ "regions", overlapping_memory, SIGBUS },
	{ "current", noise, SIGSEGV },
	{ "a memory region has no fd", more_memory, SIGSEGV },
};

static void spoil_one(struct world *w, unsigned int i)
{
	struct shown state[2], copy, fresh;
	char line[100];

	two_consoles(w, state);
	die(w, state[0].s, spoilt[i].spoil, spoilt[i].sig);
	snprintf(line, sizeof(line),
		 "console 0: the state cannot be resumed: %s\n", spoilt[i].why);
	daemon_log_wait(&w->daemon, line, 1);
	if (spoilt[i].sig != SIGKILL) {
		copy = next_state();
		map_shown(&copy);
		must(knows(&copy, SECRET), "not a copy");
		forget(&copy);
	}
	fresh = next_state();
	expect_clean_slate(w);
	map_shown(&fresh);
	must(!knows(&fresh, SECRET), "the old state lives on");
	expect_calm_next_door(w);
	must(daemon_log_count(&w->daemon, "cannot be resumed") == 1,
	     "more than one state was refused");
	forget(&fresh);
	forget(&state[0]);
	forget(&state[1]);
}

static void spoilt_states(void **state)
{
	for (unsigned int i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct world *w = *state;

		spoil_one(w, i);
		world_end(w);
		world_teardown(state);
		must(world_setup(state) == 0, "out of memory");
	}
}

/*
 * The worker goes on in a copy: whoever still held the one before, as code in
 * a broken worker might have arranged, changes nothing by it.
 */
static void crash_is_resumed_from_a_copy(void **state)
{
	static const int sigs[] = { SIGSEGV, SIGBUS };
	struct world *w = *state;
	struct shown shown[2], copy;

	two_consoles(w, shown);
	for (unsigned int i = 0; i < 2; i++) {
		die(w, shown[0].s, NULL, sigs[i]);
		copy = next_state();
		world_check_console(w, 0, 0);
		noise(shown[0].s);
		map_shown(&copy);
		must(knows(&copy, SECRET), "not a copy");
		forget(&shown[0]);
		shown[0] = copy;
		world_check_console(w, 0, 0);
		fe_barrier(&w->fe[0]);
	}
	must(!is_one_shown(0), "one more state was made");
	must(daemon_log_count(&w->daemon, "front-end detached") == 0,
	     "a front-end was disconnected");
	forget(&shown[0]);
	forget(&shown[1]);
	world_end(w);
}

static void kill_is_resumed_from_the_same(void **state)
{
	struct world *w = *state;
	struct shown shown[2];

	two_consoles(w, shown);
	for (unsigned int i = 0; i < 3; i++) {
		daemon_kill_worker(&w->daemon, 0, SIGKILL);
		world_check_console(w, 0, 0);
	}
	must(!is_one_shown(0), "a state was made");
	forget(&shown[0]);
	forget(&shown[1]);
	world_end(w);
}

/* Nothing of it is used, however good it may look. */
static void broken_filter_is_a_clean_slate(void **state)
{
	struct world *w = *state;
	struct shown shown[2], fresh;

	two_consoles(w, shown);
	die(w, shown[0].s, NULL, SIGSYS);
	fresh = next_state();
	expect_clean_slate(w);
	map_shown(&fresh);
	must(!knows(&fresh, SECRET), "the old state lives on");
	expect_calm_next_door(w);
	must(daemon_log_count(&w->daemon, "cannot be resumed") == 0,
	     "the state was looked at");
	forget(&fresh);
	forget(&shown[0]);
	forget(&shown[1]);
	world_end(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(spoilt_states),
		WORLD_TEST(crash_is_resumed_from_a_copy),
		WORLD_TEST(kill_is_resumed_from_the_same),
		WORLD_TEST(broken_filter_is_a_clean_slate),
	};

	open_states();
	world_filter(argc, argv);
	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
