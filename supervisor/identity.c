/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/vis.h"

/* A line is the first id inside, the first outside, and how many. */
static bool has_id(const char *line, unsigned long id)
{
	char *end;
	unsigned long first = strtoul(line, &end, 10), length;

	strtoul(end, &end, 10);
	length = strtoul(end, NULL, 10);
	return id >= first && id - first < length;
}

/* Whether this user namespace has the id. */
static bool is_mapped(const char *map, unsigned long id)
{
	FILE *file = fopen(map, "re");
	bool mapped = !file;
	char line[80];

	while (!mapped && fgets(line, sizeof(line), file))
		mapped = has_id(line, id);
	if (file)
		fclose(file);
	return mapped;
}

static int check_mapped(const char *option, const char *name, const char *map,
			unsigned long id)
{
	if (is_mapped(map, id))
		return 0;
	log_error("--%s %s: this user namespace does not have that id; start the daemon outside of it, as an ordinary user",
		  option, vis_once(name));
	return -EINVAL;
}

static int find_user(const char *option, const char *name, uid_t *uid,
		     gid_t *gid)
{
	const struct passwd *pw;
	int err;

	errno = 0;
	pw = getpwnam(name);
	if (!pw) {
		err = errno;
		log_error("--%s %s: no such user", option, vis_once(name));
		return err ? -err : -ENOENT;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	err = check_mapped(option, name, "/proc/self/uid_map", *uid);
	return err ? err : check_mapped(option, name, "/proc/self/gid_map",
					*gid);
}

/* The user compiled in if this system has it, else nobody. */
static const char *default_user(void)
{
	return getpwnam(VDC_USER) ? VDC_USER : "nobody";
}

static int find_server(struct identity *identity, const char *user)
{
	const char *name = user;
	int err;

	if (!name && geteuid() != 0)
		return 0;
	if (!name)
		name = default_user();
	err = find_user("user", name, &identity->uid, &identity->gid);
	if (err)
		return err;
	if (geteuid() != 0) {
		if (identity->uid == geteuid())
			return 0;
		log_error("--user %s: only root can become another user",
			  vis_once(name));
		return -EPERM;
	}
	if (identity->uid == 0) {
		log_error("--user %s: guests are not served as root",
			  vis_once(name));
		return -EPERM;
	}
	identity->name = name;
	return 0;
}

static int find_owner(struct identity *identity, const struct options *options)
{
	const char *user = options->socket_user;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	int err;

	if (user) {
		err = find_user("socket-user", user, &uid, &gid);
		if (err)
			return err;
		if (geteuid() != 0 && uid != geteuid()) {
			log_error("--socket-user %s: only root can give "
				  "sockets away", vis_once(user));
			return -EPERM;
		}
		if (identity->name) {
			identity->socket_uid = uid;
			identity->socket_gid = gid;
		}
	}
	if (options->socket_group) {
		const struct group *gr = getgrnam(options->socket_group);

		if (!gr) {
			log_error("--socket-group %s: no such group",
				  vis_once(options->socket_group));
			return -ENOENT;
		}
		identity->socket_gid = gr->gr_gid;
		return check_mapped("socket-group", options->socket_group,
				    "/proc/self/gid_map", gr->gr_gid);
	}
	return 0;
}

int identity_find(struct identity *identity, const struct options *options)
{
	int err;

	*identity = (struct identity){ .uid = geteuid(), .gid = getegid() };
	err = find_server(identity, options->user);
	if (err)
		return err;
	identity->socket_uid = identity->name ? identity->uid : (uid_t)-1;
	identity->socket_gid = identity->name ? identity->gid : (gid_t)-1;
	return find_owner(identity, options);
}
