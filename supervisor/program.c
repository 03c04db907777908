/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

static const char *program_path(void)
{
#ifdef VDC_BUILD_DIR
	static const char build[] = VDC_BUILD_DIR "/";
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		if (!strncmp(self, build, strlen(build)))
			return VDC_BUILD_DIR "/vhost-device-console-worker";
	}
#endif
	return VDC_WORKER_PATH;
}

int program_open(void)
{
	const char *path = program_path();
	struct stat st;
	int err = 0;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		err = -EACCES;
	if (!err)
		return fd;
	log_error("worker program %s: %s", path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}
