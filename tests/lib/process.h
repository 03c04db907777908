/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What /proc says of another process. Numbers are -1 when it is not there, or
 * when this user may not look: a worker is not dumpable.
 */
#ifndef TESTS_LIB_PROCESS_H
#define TESTS_LIB_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The child of @parent whose first two arguments end in @argv0 and equal
 * @argv1; 0 if there is none.
 */
pid_t process_child(pid_t parent, const char *argv0, const char *argv1);

/* Up to @max children of @parent whose first argument ends in @argv0. */
unsigned int process_children(pid_t parent, const char *argv0, pid_t *pid,
			      unsigned int max);

pid_t process_parent(pid_t pid);

/* Its first argument; false if it has none, or is not there. */
bool process_argument(pid_t pid, char *arg, size_t size);

/* Stops it; returns once it is. */
void process_stop(pid_t pid);

/*
 * Sends a worker a signal that means a fault, as soon as it hears it: the first
 * process of a pid namespace does not until it has a handler.
 */
void process_fault(pid_t pid, int sig);
void process_await_handler(pid_t pid, int sig);

/* Kills every child of @parent, by pid. */
void process_kill_children(pid_t parent);

long process_fds(pid_t pid);
long process_fds_settled(pid_t pid);	/* once they are the same for a while */
long process_fd_slots(pid_t pid);	/* anyone may read this one */
long process_fds_max(pid_t pid);	/* and this one, its limit */
long process_maps(pid_t pid);
long process_rss_kb(pid_t pid);
long process_anon_kb(pid_t pid);	/* of that, what is its own */
long process_pss_kb(pid_t pid);
long process_vm_kb(pid_t pid);
long process_cpu_ms(pid_t pid);
long process_waits(pid_t pid);		/* how often it has gone to sleep */

#endif
