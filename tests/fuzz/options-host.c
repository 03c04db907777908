/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/options-host.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "supervisor/identity.h"
#include "tests/fuzz/input.h"

struct passwd *__wrap_getpwnam(const char *name);
struct group *__wrap_getgrnam(const char *name);
uid_t __wrap_geteuid(void);
void __wrap_log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static struct {
	bool root;
	char log[LOG_LINE_MAX];
	unsigned int lines;
} host;

void __wrap_log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	fuzz_check(level == LOG_ERROR, "level %d", level);
	va_start(ap, fmt);
	vsnprintf(host.log, sizeof(host.log), fmt, ap);
	va_end(ap);
	host.lines++;
}

uid_t __wrap_geteuid(void)
{
	return host.root ? 0 : 1000;
}

/* Of the users there are; -1: no such user. */
static int uid_of(const char *name)
{
	static const char *const names[] = { "root", "nobody", "daemon", "me" };
	static const int uids[] = { 0, 65534, 1, 1000 };

	for (unsigned int i = 0; i < 4; i++)
		if (!strcmp(name, names[i]))
			return uids[i];
	return -1;
}

struct passwd *__wrap_getpwnam(const char *name)
{
	static struct passwd pw;

	if (uid_of(name) < 0) {
		errno = strlen(name) > 100 ? EIO : 0;
		return NULL;
	}
	pw.pw_uid = pw.pw_gid = (uid_t)uid_of(name);
	return &pw;
}

struct group *__wrap_getgrnam(const char *name)
{
	static struct group gr = { .gr_gid = 7 };

	return strcmp(name, "kvm") ? NULL : &gr;
}

void options_host_root(bool root)
{
	host.root = root;
}

static bool may_be(const char *user)
{
	int uid = uid_of(user);

	return host.root ? uid >= 0 : uid == 1000;
}

void options_host_check(const struct options *o)
{
	bool good = (!o->user || (may_be(o->user) && uid_of(o->user))) &&
		    (!o->socket_user || may_be(o->socket_user)) &&
		    (!o->socket_group || !strcmp(o->socket_group, "kvm"));
	struct identity id;
	int err;

	host.lines = 0;
	err = identity_find(&id, o);
	fuzz_check(!err == good, "%d: %s", err, err ? host.log : "");
	if (err) {
		fuzz_check(host.lines == 1 &&
			   (!strncmp(host.log, "--user ", 7) ||
			    !strncmp(host.log, "--socket-user ", 14) ||
			    !strncmp(host.log, "--socket-group ", 15)),
			   "%u lines: %s", host.lines, host.log);
		return;
	}
	fuzz_check(!host.lines, "%s", host.log);
	fuzz_check(id.uid && host.root == !!id.name, "becomes %u, %s", id.uid,
		   id.name);
	if (!host.root)
		fuzz_check(id.uid == 1000 && id.socket_uid == (uid_t)-1,
			   "becomes %u, sockets for %u", id.uid,
			   id.socket_uid);
}
