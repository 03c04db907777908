/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * test-model: every model at its small sizes; then with each of its rules
 * broken, which has to be noticed. VDC_MODEL=deep adds the big sizes.
 * test-model --break=RULE says how it is noticed.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

static const struct model *const models[] = {
	&model_output,
	&model_input,
	&model_control,
	&model_messages,
};

/* Returns whether nothing is wrong. */
static bool unbroken(const struct model *model, unsigned int scope)
{
	struct explored e = explore(model, scope, 0, stdout);

	printf("%-9s %-24s %9zu states, %5zu ends, depth %4u, %6.1f s%s%s\n",
	       model->name, model->scope[scope].name, e.states, e.ends,
	       e.depth, e.seconds, e.wrong ? ": " : "",
	       e.wrong ? e.wrong : "");
	fflush(stdout);
	if (!e.wrong && !e.ends)
		puts("  it never ends");
	return !e.wrong && e.ends;
}

/* Returns whether it is noticed that the rule is broken. */
static bool broken(const struct model *model, unsigned int i, FILE *trace)
{
	const struct model_break *rule = &model->breaks[i];
	struct explored e = explore(model, rule->scope, i + 1, trace);

	printf("%-9s %-24s %s: %s\n", model->name, rule->name,
	       e.wrong ? "noticed" : "NOT NOTICED",
	       e.wrong ? e.wrong : rule->rule);
	fflush(stdout);
	return e.wrong;
}

static bool check(const struct model *model, bool deep)
{
	bool well = true;

	for (unsigned int i = 0; i < model->nscopes; i++)
		if (deep || !model->scope[i].deep)
			well &= unbroken(model, i);
	for (unsigned int i = 0; i < model->nbreaks; i++)
		well &= broken(model, i, NULL);
	return well;
}

static int show_break(const char *name)
{
	int found = 0;

	for (size_t m = 0; m < COUNT(models); m++) {
		for (unsigned int i = 0; i < models[m]->nbreaks; i++) {
			if (strcmp(models[m]->breaks[i].name, name))
				continue;
			found = 1;
			if (!broken(models[m], i, stdout))
				return 0;
		}
	}
	if (!found)
		fprintf(stderr, "test-model: no rule %s\n", name);
	return 1 + !found;
}

/* As a program of which a rule is broken should: it fails. */
int main(int argc, char **argv)
{
	static const char option[] = "--break=";
	const char *size = getenv("VDC_MODEL");
	bool well = true;

	if (argc == 2 && !strncmp(argv[1], option, strlen(option)))
		return show_break(argv[1] + strlen(option));
	if (argc != 1) {
		fputs("usage: test-model [--break=RULE]\n", stderr);
		return 2;
	}
	for (size_t m = 0; m < COUNT(models); m++)
		well &= check(models[m], size && !strcmp(size, "deep"));
	return well ? 0 : 1;
}
