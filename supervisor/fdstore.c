/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/fdstore.h"

#include <errno.h>
#include <stddef.h>

#include "supervisor/closer.h"
#include "supervisor/notifier.h"

/* The order of the places, which is the order of handing over. */
static const enum fd_kind order[] = {
	FD_FRONTEND, FD_MEM, FD_KICK, FD_CALL, FD_BACKEND, FD_PENDING,
	FD_CLIENT, FD_TERM_IN, FD_TERM_OUT,
};

#define ORDER	(sizeof(order) / sizeof(order[0]))

_Static_assert(ORDER == FD_KINDS, "every kind has its place");

static unsigned int first_place(enum fd_kind kind)
{
	unsigned int first = 0;

	for (size_t i = 0; order[i] != kind; i++)
		first += fd_kind_places(order[i]);
	return first;
}

static bool exists(enum fd_kind kind, unsigned int index)
{
	return (unsigned int)kind < FD_KINDS && index < fd_kind_places(kind);
}

static struct fdstore_place *find(struct fdstore *store, enum fd_kind kind,
				  unsigned int index)
{
	return exists(kind, index) ?
	       &store->place[first_place(kind) + index] : NULL;
}

static void fill(struct fdstore *store, struct fdstore_place *place, int fd,
		 uint64_t id, bool handed)
{
	*place = (struct fdstore_place){ fd, handed, false, id };
	store->count++;
}

static void empty(struct fdstore *store, struct fdstore_place *place)
{
	if (place->fd < 0)
		return;
	closer_close(store->owner, &place->fd);
	store->count--;
}

static void empty_kind(struct fdstore *store, enum fd_kind kind)
{
	struct fdstore_place *place = &store->place[first_place(kind)];

	for (unsigned int i = 0; i < fd_kind_places(kind); i++)
		empty(store, &place[i]);
}

void fdstore_init(struct fdstore *store, unsigned int owner,
		  unsigned int budget)
{
	*store = (struct fdstore){ .owner = owner, .budget = budget };
	for (unsigned int i = 0; i < FDSTORE_PLACES; i++)
		store->place[i].fd = -1;
}

void fdstore_clear(struct fdstore *store)
{
	for (unsigned int i = 0; i < FDSTORE_PLACES; i++)
		empty(store, &store->place[i]);
	store->next_seq = 0;
}

int fdstore_set(struct fdstore *store, enum fd_kind kind, unsigned int index,
		uint64_t id, int fd)
{
	struct fdstore_place *place = find(store, kind, index);

	if (!place || fd < 0)
		return -EINVAL;
	switch (kind) {
	case FD_FRONTEND:
	case FD_CLIENT:
	case FD_TERM_IN:
	case FD_TERM_OUT:
		break;
	default:
		return -EINVAL;
	}
	if (place->fd >= 0)
		return -EBUSY;
	if (store->count >= store->budget)
		return -EMFILE;
	fill(store, place, fd, id, false);
	return 0;
}

int fdstore_put(struct fdstore *store, uint64_t seq, const int *fds,
		unsigned int nfds)
{
	struct fdstore_place *pending = find(store, FD_PENDING, 0);
	unsigned int others = store->count - fdstore_count(store, FD_PENDING);

	if (!nfds || nfds > PENDING_MAX || seq == UINT64_MAX)
		return -EINVAL;
	for (unsigned int i = 0; i < nfds; i++)
		if (fds[i] < 0)
			return -EINVAL;
	if (seq < store->next_seq)
		return -ESTALE;
	if (others + nfds > store->budget)
		return -EMFILE;
	fdstore_discard(store);
	for (unsigned int i = 0; i < nfds; i++)
		fill(store, &pending[i], fds[i], seq, true);
	return 0;
}

void fdstore_discard(struct fdstore *store)
{
	empty_kind(store, FD_PENDING);
}

static bool may_be_committed(enum fd_kind kind)
{
	return kind == FD_MEM || kind == FD_KICK || kind == FD_CALL ||
	       kind == FD_BACKEND;
}

/* All of a commit is checked before any of it is done. */
static int check_places(const struct fdstore *store, uint64_t seq,
			const struct ctl_place *places, unsigned int nplaces)
{
	const struct fdstore_place *pending =
		&store->place[first_place(FD_PENDING)];
	bool used[PENDING_MAX] = { false };

	for (unsigned int i = 0; i < nplaces; i++) {
		const struct ctl_place *p = &places[i];

		if (!may_be_committed(p->kind) || !exists(p->kind, p->index))
			return -EINVAL;
		if (p->fd == CTL_NO_FD)
			continue;
		if (p->fd >= PENDING_MAX || used[p->fd] ||
		    pending[p->fd].fd < 0 || pending[p->fd].id != seq)
			return -EINVAL;
		used[p->fd] = true;
	}
	return 0;
}

int fdstore_commit(struct fdstore *store, uint64_t seq,
		   const struct ctl_place *places, unsigned int nplaces)
{
	struct fdstore_place *pending = find(store, FD_PENDING, 0);
	int err;

	if (nplaces > PENDING_MAX || seq == UINT64_MAX)
		return -EINVAL;
	if (seq < store->next_seq)
		return 0;
	err = check_places(store, seq, places, nplaces);
	if (err)
		return err;
	for (unsigned int i = 0; i < nplaces; i++) {
		const struct ctl_place *p = &places[i];
		struct fdstore_place *place = find(store, p->kind, p->index);

		empty(store, place);
		if (p->fd != CTL_NO_FD) {
			*place = pending[p->fd];
			pending[p->fd].fd = -1;
			place->plain = p->kind == FD_KICK &&
				       notifier_is_plain(place->fd);
		}
	}
	fdstore_discard(store);
	store->next_seq = seq + 1;
	return 0;
}

static bool is_connection(enum fd_kind kind)
{
	return kind == FD_FRONTEND || kind == FD_CLIENT ||
	       kind == FD_TERM_IN || kind == FD_TERM_OUT;
}

int fdstore_drop(struct fdstore *store, enum fd_kind kind, unsigned int index,
		 uint64_t id)
{
	struct fdstore_place *place = find(store, kind, index);

	if (!place || kind == FD_PENDING)
		return -EINVAL;
	if (place->fd < 0 || (is_connection(kind) && place->id != id))
		return -ENOENT;
	if (kind == FD_FRONTEND)
		fdstore_clear_session(store);
	else
		empty(store, place);
	return 0;
}

void fdstore_clear_session(struct fdstore *store)
{
	static const enum fd_kind session[] = {
		FD_FRONTEND, FD_MEM, FD_KICK, FD_CALL, FD_BACKEND, FD_PENDING,
	};

	for (size_t i = 0; i < sizeof(session) / sizeof(session[0]); i++)
		empty_kind(store, session[i]);
	store->next_seq = 0;
}

bool fdstore_is_behind(const struct fdstore *store)
{
	unsigned int behind = closer_behind(store->owner);

	return behind && behind + store->count + PENDING_MAX > store->budget;
}

int fdstore_get(const struct fdstore *store, enum fd_kind kind,
		unsigned int index, uint64_t *id)
{
	const struct fdstore_place *place;

	if (!exists(kind, index))
		return -1;
	place = &store->place[first_place(kind) + index];
	if (place->fd < 0)
		return -1;
	*id = place->id;
	return place->fd;
}

int fdstore_get_pollable(const struct fdstore *store, enum fd_kind kind,
			 unsigned int index)
{
	uint64_t id;
	int fd = fdstore_get(store, kind, index, &id);

	if (fd < 0 || is_connection(kind) ||
	    store->place[first_place(kind) + index].plain)
		return fd;
	return -1;
}

int fdstore_free_index(const struct fdstore *store, enum fd_kind kind)
{
	const struct fdstore_place *place = &store->place[first_place(kind)];

	for (unsigned int i = 0; i < fd_kind_places(kind); i++)
		if (place[i].fd < 0)
			return (int)i;
	return -ENOSPC;
}

unsigned int fdstore_count(const struct fdstore *store, enum fd_kind kind)
{
	const struct fdstore_place *place = &store->place[first_place(kind)];
	unsigned int n = 0;

	for (unsigned int i = 0; i < fd_kind_places(kind); i++)
		n += place[i].fd >= 0;
	return n;
}

void fdstore_unhand(struct fdstore *store)
{
	for (unsigned int i = 0; i < FDSTORE_PLACES; i++)
		store->place[i].handed = false;
}

int fdstore_next(const struct fdstore *store, struct fdstore_ref *ref)
{
	const struct fdstore_place *place = store->place;

	for (size_t i = 0; i < ORDER; i++)
		for (unsigned int j = 0; j < fd_kind_places(order[i]); j++,
		     place++)
			if (place->fd >= 0 && !place->handed) {
				*ref = (struct fdstore_ref){
					order[i], j, place->id, place->fd
				};
				return 0;
			}
	return -ENOENT;
}

void fdstore_handed(struct fdstore *store, const struct fdstore_ref *ref)
{
	store->place[first_place(ref->kind) + ref->index].handed = true;
}
