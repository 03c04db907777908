/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is tried by test-attacks, and what has to come of it. */
#ifndef TESTS_PROTO_ATTACK_ROWS_H
#define TESTS_PROTO_ATTACK_ROWS_H

/* What none of them makes. */
#define ATTACK_MADE	"/tmp/test-attacks-made"

#define PLACE		24		/* bytes of the ABSTRACT address */

/* Stand for what is only known when the daemon runs. */
enum {
	SIBLING = 0x7a570001,		/* the other worker's pid */
	SUPERVISOR,
	STRANGER,			/* a process of the same user */
};

/* What the data is. */
enum content {
	NOTHING,
	NAME,				/* of the row */
	FILE_NAME,			/* this user may write it */
	PORT,				/* 127.0.0.1, where someone listens */
	ABSTRACT,			/* where someone listens as well */
	MESSAGE,			/* a byte and an fd */
	ADDRESSED,			/* the same, to PORT */
};

struct attack_row {
	const char *what;
	long fate;			/* SIGSYS, or -errno */
	long nr;
	enum content content;		/* of the data */
	const char *name;
	unsigned long arg[6];
};

/* By whom; each list ends in a row that is nothing. */
extern const struct attack_row worker_rows[];
extern const struct attack_row supervisor_rows[];
extern const struct attack_row caretaker_rows[];

#endif
