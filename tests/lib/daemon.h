/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Runs the real daemon, $VDC_DAEMON or ./vhost-device-console, in a fresh
 * temporary folder with vhost-user sockets and free TCP ports of its own.
 */
#ifndef TESTS_LIB_DAEMON_H
#define TESTS_LIB_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

struct daemon {
	char dir[48];			/* "": nothing to clean up */
	char sock[80];			/* what -s gets */
	char log[80];			/* what it wrote to stderr */
	unsigned int consoles;
	unsigned int port;		/* of console 0 */
	pid_t pid;			/* 0: not running */
	int pidfd;
};

#define DAEMON_OPTIONS(...)	((const char *const[]){ __VA_ARGS__, NULL })

const char *daemon_path(void);

/* A file of the folder that the daemon is in, in a static buffer. */
const char *daemon_beside(const char *name);

/* An option: the strictest jail that this machine lets a daemon have. */
const char *daemon_sandbox(void);

/* Makes the temporary folder and fills in the paths. */
void daemon_prepare(struct daemon *d);

/* What a daemon's process does before it is the daemon; NULL: nothing. */
void daemon_before_exec(void (*hook)(void));

/* @options: NULL or a list that ends in NULL. Waits for the sockets. */
void daemon_start(struct daemon *d, unsigned int consoles,
		  const char *const *options);

/* One console, and its end waited for; returns the wait status. */
int daemon_run(struct daemon *d, const char *const *options);

/* The next one, at the sockets and ports of one that is gone. */
void daemon_start_again(struct daemon *d);

/* The vhost-user socket of @console, in a static buffer. */
const char *daemon_sock(const struct daemon *d, unsigned int console);

/* SIGTERM; it must end with status 0 within @ms and leave no socket behind. */
void daemon_stop(struct daemon *d, unsigned int ms);

/* Waits for its end; returns the wait status. */
int daemon_wait(struct daemon *d, unsigned int ms);

/* For a failed test too: kills what runs and removes the folder. */
void daemon_destroy(struct daemon *d);

/* The worker of @console, once there is one that is not @but. */
pid_t daemon_worker(const struct daemon *d, unsigned int console, pid_t but);

/* Kills the worker of @console and returns its successor. */
pid_t daemon_kill_worker(const struct daemon *d, unsigned int console, int sig);

unsigned int daemon_log_count(const struct daemon *d, const char *text);
void daemon_log_wait(const struct daemon *d, const char *text,
		     unsigned int count);

/* Prints the end of a log, the daemon's or another; @whose says which. */
void daemon_log_show(const char *whose, const char *path);

/* The first of @n free TCP ports in a row. */
unsigned int daemon_find_ports(unsigned int n);

#endif
