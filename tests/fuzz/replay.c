/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */

/*
 * main() of a fuzz target built without libFuzzer: hands the target an empty
 * input and then each file named on the command line.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 1024 * 1024 };

static int replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data, *exact;
	size_t len;

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	data = malloc(INPUT_MAX);
	if (data == NULL)
		abort();
	len = fread(data, 1, INPUT_MAX, file);
	fclose(file);

	/* Of the exact size, so that a sanitizer sees a read past its end. */
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		abort();
	memcpy(exact, data, len);
	free(data);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2) {
		fprintf(stderr, "no inputs to replay\n");
		return 1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) < 0)
			failed = 1;
	printf("%d inputs replayed\n", argc - 1);
	return failed;
}
