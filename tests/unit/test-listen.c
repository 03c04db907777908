/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The vhost-user sockets in the file system, and who may be in the way. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "supervisor/socket_file.h"
#include "tests/lib/must.h"

static const struct socket_rules rules = { 0640, (uid_t)-1, (gid_t)-1 };

static char dir[64];
static struct socket_file file;
static int folder;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vdc-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	file = (struct socket_file){ .made = false };
	snprintf(file.path, sizeof(file.path), "%s/sock0", dir);
	folder = socket_folder_open(file.path);
	return folder < 0;
}

static int teardown(void **state)
{
	char command[80];

	(void)state;
	close(folder);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static bool there(void)
{
	struct stat st;

	return !lstat(file.path, &st);
}

static int check(void)
{
	return socket_file_check(&file, folder, 0);
}

/* A socket of @type that somebody else has bound here. */
static int foreign_socket(int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, file.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	if (type != SOCK_DGRAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void makes_and_removes(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(check(), 0);
	assert_false(there());
	umask(0777);
	fd = socket_file_listen(&file, folder, &rules, 0);
	assert_int_equal(umask(022), 0777);
	assert_true(fd >= 0);
	assert_int_equal(lstat(file.path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	socket_file_remove(&file, folder);
	assert_false(there());
	close(fd);
}

static void stale_is_replaced(void **state)
{
	struct stat before, after;
	int fd;

	(void)state;
	fd = foreign_socket(SOCK_STREAM);
	close(fd);
	assert_int_equal(lstat(file.path, &before), 0);
	assert_int_equal(check(), 0);
	assert_true(there());
	fd = socket_file_listen(&file, folder, &rules, 0);
	assert_true(fd >= 0);
	assert_int_equal(lstat(file.path, &after), 0);
	assert_int_equal(after.st_mode & 0777, 0640);
	assert_int_equal(check(), -EADDRINUSE);
	close(fd);
}

/* Whoever answers is left alone, and does not even see that we asked. */
static void live_is_refused(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		int fd = foreign_socket(types[i]);
		char byte;

		must(check() == -EADDRINUSE, "type %d", types[i]);
		if (types[i] == SOCK_DGRAM)
			must(recv(fd, &byte, 1, 0) < 0, "a datagram");
		else
			must(accept(fd, NULL, NULL) < 0, "a connection");
		assert_int_equal(errno, EAGAIN);
		assert_true(there());
		close(fd);
		unlink(file.path);
	}
}

/* One that accepts nobody any more is alive all the same. */
static void busy_is_refused(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, peer[3];

	(void)state;
	fd = foreign_socket(SOCK_STREAM);
	strcpy(address.sun_path, file.path);
	for (int i = 0; i < 3; i++) {
		peer[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(peer[i], (struct sockaddr *)&address, sizeof(address));
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(check(), -EADDRINUSE);
	for (int i = 0; i < 3; i++)
		close(peer[i]);
	close(fd);
}

static void other_files_are_left_alone(void **state)
{
	char target[80];
	int fd;

	(void)state;
	fd = open(file.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(check(), -EEXIST);
	assert_int_equal(socket_file_listen(&file, folder, &rules, 0), -EEXIST);
	assert_true(there());
	unlink(file.path);

	assert_int_equal(mkdir(file.path, 0700), 0);
	assert_int_equal(check(), -EEXIST);
	assert_int_equal(rmdir(file.path), 0);

	/* Not even a link to a socket is followed, or to nowhere. */
	snprintf(target, sizeof(target), "%s/target", dir);
	assert_int_equal(symlink(target, file.path), 0);
	assert_int_equal(check(), -EEXIST);
	assert_int_equal(socket_file_listen(&file, folder, &rules, 0), -EEXIST);
	assert_int_equal(access(target, F_OK), -1);
	assert_true(there());
}

static void removes_only_its_own(void **state)
{
	int fd, other;

	(void)state;
	fd = socket_file_listen(&file, folder, &rules, 0);
	assert_true(fd >= 0);
	unlink(file.path);
	socket_file_remove(&file, folder);
	other = foreign_socket(SOCK_STREAM);
	socket_file_remove(&file, folder);
	assert_true(there());
	close(fd);
	close(other);
}

static void never_made_never_removed(void **state)
{
	int other;

	(void)state;
	other = foreign_socket(SOCK_STREAM);
	socket_file_remove(&file, folder);
	assert_true(there());
	close(other);
}

static void folders(void **state)
{
	char path[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/none/sock", dir);
	assert_int_equal(socket_folder_open(path), -ENOENT);
	fd = open(file.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(path, sizeof(path), "%s/sock", file.path);
	assert_int_equal(socket_folder_open(path), -ENOTDIR);
	fd = socket_folder_open("sock");
	assert_true(fd >= 0);
	close(fd);
	fd = socket_folder_open("/sock");
	if (geteuid() == 0)
		assert_true(fd >= 0);
	else
		assert_int_equal(fd, -EACCES);
	close(fd);
}

static void names(void **state)
{
	struct socket_file f = { .path = "/run/x/sock3" };

	(void)state;
	assert_string_equal(socket_file_name(&f), "sock3");
	strcpy(f.path, "sock3");
	assert_string_equal(socket_file_name(&f), "sock3");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_and_removes),
		TEST(stale_is_replaced),
		TEST(live_is_refused),
		TEST(busy_is_refused),
		TEST(other_files_are_left_alone),
		TEST(removes_only_its_own),
		TEST(never_made_never_removed),
		TEST(folders),
		TEST(names),
	};

	log_init(LOG_ERROR, false);
	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
