/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Namespaces, and a root with nothing in it. The supervisor has made the
 * outer user namespace and the pid namespace: only by being born there can one
 * be in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/userns.h"
#include "worker/jail.h"

static int leave(int namespace)
{
	if (unshare(namespace) == 0)
		return 0;
	/* What a kernel was built without. */
	return errno == EINVAL ? JAIL_LACKING : -errno;
}

/*
 * Should: give us capabilities over what follows, and over nothing else.
 * Mustn't: leave any other id to become.
 */
int jail_user_namespace(void)
{
	struct userns_maps maps;
	int err;

	userns_maps_init(&maps, getuid(), getgid());
	err = leave(CLONE_NEWUSER);
	return err ? err : userns_map(&maps);
}

/* Should: keep what we mount to ourselves. */
int jail_mount_namespace(void)
{
	int err = leave(CLONE_NEWNS);

	if (!err && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		err = -errno;
	return err;
}

/* Should: leave nothing to connect to, not even the loopback interface. */
int jail_network_namespace(void)
{
	return leave(CLONE_NEWNET);
}

/* Should: leave no System V object and no message queue within reach. */
int jail_ipc_namespace(void)
{
	return leave(CLONE_NEWIPC);
}

int jail_uts_namespace(void)
{
	return leave(CLONE_NEWUTS);
}

int jail_cgroup_namespace(void)
{
	return leave(CLONE_NEWCGROUP);
}

static int verify_root(void)
{
	struct statvfs fs;
	int fd;

	if (statvfs("/", &fs) != 0)
		return -errno;
	if (!(fs.f_flag & ST_RDONLY))
		return -EPERM;
	fd = open("/", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return 0;
	close(fd);
	return -EPERM;
}

/*
 * Should: have an empty file system that no one can write to for a root.
 * Mustn't: keep a way back to the one before.
 */
int jail_empty_root(void)
{
	/* A folder that is there: without it we would not be here. */
	static const char place[] = "/proc";

	if (mount("none", place, "tmpfs",
		  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0555,size=4k,nr_inodes=2") != 0 ||
	    chdir(place) != 0 ||
	    syscall(SYS_pivot_root, ".", ".") != 0 ||
	    umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
		return -errno;
	return verify_root();
}
