/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/worker_msg.h"

#include <errno.h>

#include "supervisor/attach.h"
#include "supervisor/closer.h"
#include "supervisor/half_closed.h"
#include "supervisor/jobctl.h"
#include "supervisor/supervise.h"
#include "supervisor/worker.h"

static void owe_ack(struct console *c, uint64_t id, int error)
{
	c->worker.ack_owed = true;
	c->worker.ack_id = id;
	c->worker.ack_error = error;
}

static bool has_frontend(const struct console *c)
{
	return fdstore_count(&c->store, FD_FRONTEND) != 0;
}

static int put(struct console *c, const struct ctl_msg *msg, int *fds,
	       unsigned int nfds)
{
	int err = -ENOTCONN;

	if (has_frontend(c))
		err = fdstore_put(&c->store, msg->id, fds, nfds);
	if (err)
		closer_close_all(c->index, fds, nfds);
	if (err == -EINVAL)
		return err;
	owe_ack(c, msg->id, err);
	return 0;
}

static int commit(struct console *c, const struct ctl_msg *msg)
{
	int err = -ENOTCONN;

	if (has_frontend(c))
		err = fdstore_commit(&c->store, msg->id, msg->place,
				     msg->nplaces);
	if (err == -EINVAL)
		return err;
	owe_ack(c, msg->id, err);
	return 0;
}

static int drop(struct console *c, const struct ctl_msg *msg)
{
	int err = attach_drop(c, msg->kind, msg->index, msg->id);

	return err == -ENOENT ? 0 : err;
}

static int quit(struct console *c)
{
	struct supervisor *s = c->supervisor;

	if (s->tty.fd < 0)
		return -EINVAL;
	supervise_end(s, "the escape key was typed");
	return 0;
}

bool worker_msg_is_acked(const struct ctl_msg *msg)
{
	return msg->type == CTL_PUT || msg->type == CTL_COMMIT;
}

int worker_msg_handle(struct console *c, const struct ctl_msg *msg, int *fds,
		      unsigned int nfds)
{
	if (msg->type == CTL_PUT)
		return put(c, msg, fds, nfds);
	if (nfds) {
		closer_close_all(c->index, fds, nfds);
		return -EINVAL;
	}
	switch (msg->type) {
	case CTL_READY:
		return worker_ready(c);
	case CTL_DISCARD:
		fdstore_discard(&c->store);
		return 0;
	case CTL_COMMIT:
		return commit(c, msg);
	case CTL_DROP:
		return drop(c, msg);
	case CTL_HALF_CLOSED:
		half_closed_noticed(c);
		return 0;
	case CTL_PAUSED:
		return jobctl_paused(c->supervisor);
	case CTL_PONG:
		return worker_pong(c, msg->id);
	case CTL_QUIT:
		return quit(c);
	default:
		return -EINVAL;
	}
}
