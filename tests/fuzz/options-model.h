/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a command line comes to, by the manual page and not by the parser: which
 * values an option takes, which abbreviations stand for it, and what fits
 * together.
 */
#ifndef TESTS_FUZZ_OPTIONS_MODEL_H
#define TESTS_FUZZ_OPTIONS_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "supervisor/options.h"

struct option_kind {
	const char *name;
	char letter;			/* 0: none */
	/* NULL: takes no value. False: not a value that it takes. */
	bool (*take)(struct options *o, const char *value);
};

#define OPTION_KINDS	17
#define OPTION_HELP	15
#define OPTION_VERSION	16

extern const struct option_kind option_kinds[OPTION_KINDS];

/* The only option whose name begins so, or is that; -1 without such. */
int option_by_prefix(const char *text, size_t len);

void options_model_defaults(struct options *o);

/* The name of an option that does not fit in with the others, or NULL. */
const char *options_model_misfit(const struct options *o);

bool options_model_same(const struct options *a, const struct options *b);

#endif
