/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Models of what outlives a worker, and of all that can happen to it. A model
 * is a small struct that holds the whole world of one stream: the console's
 * state, the guest's memory, sockets, and the worker's own variables (which a
 * kill takes). Its actions are single stores and single system calls, and a
 * kill may come between any two of them. explore() goes through every order of
 * them; a model's actions call model_wrong() when a byte or an entry comes out
 * that should not have.
 *
 * A worker is written as a function that keeps its place in `pc`: each STEP()
 * ends one action. What happens between two STEP()s happens at once, so it has
 * at most one store that somebody else, or the next worker, can see. Building
 * the other copy of a record and switching to it is such a store; the copy that
 * is not current is poisoned, so that nothing can depend on it.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define POISON		0xee

/* A worker's function is a switch (pc) with these in it. */
#define STEP()		STEP_AT(__COUNTER__ + 1)
#define STEP_AT(n)				\
	do {					\
		w->pc = (n);			\
		return true;			\
	case (n):;				\
	} while (0)

/* Nothing to do for the worker before @condition holds. */
#define WAIT(condition)				\
	do {					\
		STEP();				\
		if (!(condition))		\
			return false;		\
	} while (0)

/* A size that the model is explored at. */
struct model_scope {
	const char *name;
	const void *config;
	bool deep;			/* only by make model */
};

/* A rule that the worker can be made to break. */
struct model_break {
	const char *name;
	unsigned int scope;		/* where it has to be noticed */
	const char *rule;
};

struct model_action {
	const char *name;
	bool optional;			/* it need never come */
};

struct model {
	const char *name;
	size_t size;			/* of its world */
	const struct model_scope *scope;
	unsigned int nscopes;
	const struct model_break *breaks;	/* number i + 1 is breaks[i] */
	unsigned int nbreaks;
	const struct model_action *action;
	unsigned int nactions;

	/* @broken: number of the rule to break; 0: none */
	void (*init)(void *world, const void *config, unsigned int broken);
	/* False if the action is not possible now; then nothing changed. */
	bool (*act)(void *world, unsigned int action);
	/* Nothing but optional actions is left: is that as it should be? */
	void (*end)(const void *world);
	void (*show)(const void *world, FILE *to);
};

extern const struct model model_output;
extern const struct model model_input;
extern const struct model model_control;
extern const struct model model_messages;

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* What is wrong, the first time; explore() resets and reports it. */
void model_wrong(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

struct explored {
	size_t states;
	size_t ends;			/* of them: nothing is left to do */
	unsigned int depth;		/* longest of the shortest ways */
	double seconds;
	const char *wrong;		/* NULL: nothing */
};

/*
 * Goes through all there is at this size; stops at what is wrong and writes
 * the shortest way there to @trace, if that is not NULL.
 */
struct explored explore(const struct model *model, unsigned int scope,
			unsigned int broken, FILE *trace);

#endif
