/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "supervisor/options.h"
#include "supervisor/serve.h"

#define EXIT_USAGE	2

#ifdef VDC_SANITIZERS
/* To look for leaks it would have to trace a process that nobody may trace. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int main(int argc, char **argv)
{
	char why[OPTIONS_WHY_MAX];
	struct options options;

	if (fd_fill_standard())
		return EXIT_FAILURE;
	close_range(STDERR_FILENO + 1, ~0U, 0);
	switch (options_parse(&options, argc, argv, why)) {
	case OPTIONS_HELP:
		options_print_help(stdout);
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	case OPTIONS_VERSION:
		puts(PACKAGE_STRING);
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	case OPTIONS_BAD:
		log_error("%s", why);
		return EXIT_USAGE;
	case OPTIONS_RUN:
		break;
	}
	log_init(options.log_level, false);
	return serve(&options);
}
