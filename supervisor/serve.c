/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/vis.h"
#include "supervisor/attach.h"
#include "supervisor/caretaker.h"
#include "supervisor/filter.h"
#include "supervisor/identity.h"
#include "supervisor/jobctl.h"
#include "supervisor/listen.h"
#include "supervisor/own_jail.h"
#include "supervisor/program.h"
#include "supervisor/rights.h"
#include "supervisor/sandbox.h"
#include "supervisor/spawn.h"
#include "supervisor/supervise.h"

/* File descriptors that are not in a console's store. */
#define FDS_OF_SUPERVISOR	384	/* some of them only for a moment:
					   CTL_FDS_MAX from a worker */
#define FDS_OF_CONSOLE		7	/* listeners, who waits, and a worker's:
					   pidfd, control, state, log */
#define FDS_STORED_MIN		28	/* front-end, memory, rings, a client */

struct serving {
	struct supervisor supervisor;
	struct identity identity;
	struct caretaker caretaker;
	int folder;
};

/* Until the loop runs, a signal must not end us half way. */
static void prepare_signals(void)
{
	static const int defaults[] = { SIGCHLD, SIGTSTP, SIGTTOU, SIGCONT };
	sigset_t kept_back;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		signal(defaults[i], SIG_DFL);
	sigemptyset(&kept_back);
	sigaddset(&kept_back, SIGTERM);
	sigaddset(&kept_back, SIGINT);
	sigaddset(&kept_back, SIGHUP);
	sigaddset(&kept_back, SIGTSTP);
	sigprocmask(SIG_SETMASK, &kept_back, NULL);
}

/* Returns 0 or -EMFILE. */
static int fd_budget(unsigned int consoles, unsigned int *budget)
{
	unsigned int limit = rights_raise_nofile();
	unsigned int need = FDS_OF_SUPERVISOR +
			    consoles * (FDS_OF_CONSOLE + FDS_STORED_MIN);

	if (limit < need) {
		log_error("--socket-count %u: that takes %u file descriptors, "
			  "and the limit is %u", consoles, need, limit);
		return -EMFILE;
	}
	*budget = (limit - FDS_OF_SUPERVISOR) / consoles - FDS_OF_CONSOLE;
	if (*budget > FDSTORE_PLACES)
		*budget = FDSTORE_PLACES;
	return 0;
}

/* What leaves no trace. */
static int prepare(struct serving *v, const struct options *options)
{
	struct supervisor *s = &v->supervisor;
	unsigned int budget;
	int err = spawn_reserve();

	if (err) {
		log_error("/dev/null: %s", strerror(-err));
		return err;
	}
	err = identity_find(&v->identity, options);
	if (!err && options->backend == BACKEND_NESTED)
		err = tty_check();
	if (!err)
		err = fd_budget(options->socket_count, &budget);
	if (!err)
		err = console_table_init(&s->table, s, options, budget);
	if (err)
		return err;
	s->program = program_open();
	if (s->program < 0)
		return s->program;
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s->null < 0)
		err = -errno;
	s->filter = filter_for_workers();
	s->proof = filter_for_proof();
	if (s->null >= 0 && s->filter >= 0 && s->proof >= 0)
		return 0;
	err = err ? err : s->filter < 0 ? s->filter : s->proof;
	log_error("%s: %s", s->null < 0 ? "/dev/null" : "sandbox: seccomp",
		  strerror(-err));
	return err;
}

static int open_terminal(struct supervisor *s)
{
	int err = tty_open(&s->tty);

	if (err)
		return err;
	if (s->tty.fd >= 0 && tty_is_log()) {
		log_init(s->options->log_level < LOG_WARN ?
			 s->options->log_level : LOG_WARN, true);
	}
	return attach_terminal(&s->table.console[0], fd_take(&s->tty.in),
			       fd_take(&s->tty.out));
}

static int enter_raw(const struct supervisor *s)
{
	int err;

	if (s->tty.fd < 0)
		return 0;
	err = tty_raw(&s->tty);
	if (err)
		log_error("--backend nested: terminal: %s", strerror(-err));
	else
		tty_announce(&s->tty, s->options->escape);
	return err;
}

/* From the first trace to the last moment with the rights we came with. */
static int establish(struct serving *v, const struct options *options)
{
	struct supervisor *s = &v->supervisor;
	int err;

	v->folder = listen_all(&s->table, options, &v->identity);
	if (v->folder < 0)
		return v->folder;
	if (options->backend == BACKEND_NESTED) {
		err = open_terminal(s);
		if (err)
			return err;
	}
	err = own_jail_begin(options->sandbox);
	if (!err)
		err = caretaker_start(&v->caretaker, &s->table, v->folder,
				      &s->tty, options->sandbox);
	if (!err)
		err = rights_drop(&v->identity);
	if (!err)
		err = own_jail_supervisor(options->sandbox);
	if (!err)
		err = sandbox_try(s);
	if (!err)
		err = enter_raw(s);
	return err;
}

static void log_start(const struct serving *v, const struct options *options)
{
	const struct console *console = v->supervisor.table.console;

	if (v->identity.name)
		log_info("started as root, serving as %s", v->identity.name);
	log_info("rings have at most %u entries%s", options->max_queue_size,
		 options->max_queue_size_given ? "" :
		 ", more are served with a warning (--max-queue-size)");
	for (unsigned int i = 0; i < options->socket_count; i++)
		if (options->backend == BACKEND_NETWORK)
			log_info("console %u: %s, clients on 127.0.0.1:%u", i,
				 vis_once(console[i].socket.path),
				 options->tcp_port + i);
		else
			log_info("console %u: %s, client is this terminal", i,
				 vis_once(console[i].socket.path));
}

static void finish(struct serving *v)
{
	tty_restore(&v->supervisor.tty);
	if (v->caretaker.pipe >= 0)
		caretaker_finish(&v->caretaker);
	if (v->folder >= 0)
		console_table_withdraw(&v->supervisor.table, v->folder);
}

int serve(const struct options *options)
{
	struct serving v = {
		.supervisor = { .options = options },
		.caretaker = { .pipe = -1 },
		.folder = -1,
	};
	int err;

	tty_init(&v.supervisor.tty);
	prepare_signals();
	err = prepare(&v, options);
	if (!err)
		err = establish(&v, options);
	if (!err) {
		log_start(&v, options);
		err = supervise(&v.supervisor);
	}
	finish(&v);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
