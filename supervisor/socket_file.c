/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/vis.h"

#define BACKLOG	16

int socket_folder_open(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = ".";
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	int fd;

	if (slash) {
		len = len ? len : 1;
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 ||
	    faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS)) {
		char shown[4 * sizeof(folder)];
		int err = -errno;

		vis(shown, sizeof(shown), folder, strlen(folder));
		log_error("--socket-path %s: folder %s: %s", vis_once(path),
			  shown, strerror(-err));
		fd_close(&fd);
		return err;
	}
	return fd;
}

const char *socket_file_name(const struct socket_file *file)
{
	const char *slash = strrchr(file->path, '/');

	return slash ? slash + 1 : file->path;
}

static void fill_address(struct sockaddr_un *address,
			 const struct socket_file *file)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, file->path, sizeof(address->sun_path));
}

/*
 * 0 if nobody answers, or -errno. A stream socket refuses a datagram socket
 * for its type alone (EPROTOTYPE), before it would see a connection.
 */
static int probe(const struct socket_file *file)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	fill_address(&address, file);
	err = connect(fd, (struct sockaddr *)&address, sizeof(address)) ?
	      -errno : -EADDRINUSE;
	close(fd);
	switch (err) {
	case -ECONNREFUSED:
	case -ENOENT:
		return 0;
	case -EPROTOTYPE:
		return -EADDRINUSE;
	default:
		return err;
	}
}

int socket_file_check(const struct socket_file *file, int folder,
		      unsigned int console)
{
	struct stat st;
	int err;

	if (fstatat(folder, socket_file_name(file), &st,
		    AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return 0;
		err = -errno;
		log_error("console %u: %s: %s", console, vis_once(file->path),
			  strerror(-err));
		return err;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_error("console %u: %s exists and is not a socket", console,
			  vis_once(file->path));
		return -EEXIST;
	}
	err = probe(file);
	if (err == -EADDRINUSE)
		log_error("console %u: %s: another daemon answers there",
			  console, vis_once(file->path));
	else if (err)
		log_error("console %u: %s: %s", console, vis_once(file->path),
			  strerror(-err));
	return err;
}

/* Remembers which file is ours, and gives it to whom it belongs. */
static int adopt(struct socket_file *file, int folder,
		 const struct socket_rules *rules)
{
	int fd = openat(folder, socket_file_name(file),
			O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
	} else if (!S_ISSOCK(st.st_mode)) {
		err = -ENOTSOCK;
	} else {
		file->dev = st.st_dev;
		file->ino = st.st_ino;
		file->made = true;
		if (fchownat(fd, "", rules->uid, rules->gid, AT_EMPTY_PATH))
			err = -errno;
	}
	close(fd);
	return err;
}

/* Returns 0, or -1 with errno. */
static int remove_stale(const struct socket_file *file, int folder)
{
	const char *name = socket_file_name(file);
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	log_info("%s: replacing a socket that nobody answers on",
		 vis_once(file->path));
	return unlinkat(folder, name, 0);
}

int socket_file_listen(struct socket_file *file, int folder,
		       const struct socket_rules *rules, unsigned int console)
{
	struct sockaddr_un address;
	mode_t umask_before;
	int err = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* The file gets the mode of the socket, so never has another. */
	if (fd < 0 || fchmod(fd, rules->mode))
		goto out;
	if (remove_stale(file, folder))
		goto out;
	fill_address(&address, file);
	umask_before = umask(0);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) ?
	      -errno : 0;
	umask(umask_before);
	if (!err)
		err = adopt(file, folder, rules);
	if (!err && !listen(fd, BACKLOG))
		return fd;
out:
	if (!err)
		err = -errno;
	log_error("console %u: %s: %s", console, vis_once(file->path),
		  strerror(-err));
	fd_close(&fd);
	return err;
}

void socket_file_remove(const struct socket_file *file, int folder)
{
	const char *name = socket_file_name(file);
	struct stat st;

	if (!file->made || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (st.st_dev == file->dev && st.st_ino == file->ino)
		unlinkat(folder, name, 0);
}
