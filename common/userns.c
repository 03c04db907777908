/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "common/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void userns_maps_init(struct userns_maps *maps, uid_t uid, gid_t gid)
{
	snprintf(maps->uid, sizeof(maps->uid), "%u %u 1\n", uid, uid);
	snprintf(maps->gid, sizeof(maps->gid), "%u %u 1\n", gid, gid);
}

static int write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		err = -errno;
	close(fd);
	return err;
}

int userns_map(const struct userns_maps *maps)
{
	int err;

	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
		return -errno;
	err = write_file("/proc/self/setgroups", "deny");
	if (!err)
		err = write_file("/proc/self/uid_map", maps->uid);
	if (!err)
		err = write_file("/proc/self/gid_map", maps->gid);
	return err;
}

/* -1 if there is no such setting. */
static long read_setting(const char *path)
{
	char text[24] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtol(text, NULL, 10) : -1;
}

const char *userns_forbidden_by(int err, char *out, size_t size)
{
	static const struct {
		const char *path;
		long value;
		const char *words;
	} settings[] = {
		{ "/proc/sys/user/max_user_namespaces", 0,
		  "sysctl user.max_user_namespaces=0" },
		{ "/proc/sys/kernel/unprivileged_userns_clone", 0,
		  "sysctl kernel.unprivileged_userns_clone=0" },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		  "sysctl kernel.apparmor_restrict_unprivileged_userns=1 without an AppArmor profile for this program" },
	};
	const char *words = "a chroot, a container or a security module";

	if (err == -ENOSPC || err == -EUSERS)
		words = "a limit of sysctl user.max_*_namespaces";
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (read_setting(settings[i].path) == settings[i].value)
			words = settings[i].words;
	snprintf(out, size, "%s", words);
	return out;
}
