/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* User namespaces, of which both programs make one for each worker. */
#ifndef COMMON_USERNS_H
#define COMMON_USERNS_H

#include <stddef.h>
#include <sys/types.h>

/* The one id that exists in a worker's namespaces, as /proc wants it. */
struct userns_maps {
	char uid[40];
	char gid[40];
};

void userns_maps_init(struct userns_maps *maps, uid_t uid, gid_t gid);

/*
 * Maps the one id in the namespace this process has just come into, for good.
 * Async-signal-safe. The process becomes dumpable: what /proc has of it would
 * belong to nobody it could be otherwise. Returns 0 or -errno.
 */
int userns_map(const struct userns_maps *maps);

/*
 * Which of this host's settings keeps user namespaces from us, in words, as
 * far as it can be seen; for use before / is left. Returns @out.
 */
const char *userns_forbidden_by(int err, char *out, size_t size);

#endif
