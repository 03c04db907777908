/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/fuzz/ctrl-model.h"

#include <string.h>

#include "tests/fuzz/input.h"
#include "tests/lib/vhost.h"

/* The oldest chain, if the device can get at one. */
static struct ctrl_chain *oldest(struct ctrl_queue *q)
{
	if (!q->started || q->broken)
		return NULL;
	if (q->jumped || (q->n && q->chain[0].kind >= CTRL_LOOP))
		q->broken = true;
	return q->n && !q->broken ? &q->chain[0] : NULL;
}

/* It goes back, with @bytes in it or with nothing. */
static void give_back(struct ctrl_queue *q, const uint8_t *bytes)
{
	struct ctrl_done *done = &q->done[q->ndone++];

	fuzz_check(q->ndone <= CTRL_CHAINS, "more than there were");
	*done = (struct ctrl_done){ .head = q->chain[0].head };
	if (bytes) {
		done->len = CTRL_BYTES;
		memcpy(done->bytes, bytes, CTRL_BYTES);
	}
	q->broken |= q->chain[0].kind == CTRL_FATAL;
	q->n--;
	memmove(q->chain, q->chain + 1, q->n * sizeof(q->chain[0]));
}

/*
 * A driver that starts is told of the port. One that has the port ready is told
 * that it is a console, and open. A driver or port that failed is told nothing.
 */
static void hear(struct ctrl_model *m, const uint8_t *bytes)
{
	bool port_0 = !(bytes[0] | bytes[1] | bytes[2] | bytes[3]);
	bool good = bytes[6] == 1 && bytes[7] == 0;
	unsigned int event = bytes[4] | bytes[5] << 8;

	if (event == CTRL_DEVICE_READY) {
		m->add = good;
		m->console = m->open = false;
	} else if (event == CTRL_PORT_READY && port_0) {
		m->add &= good;
		m->console = m->open = good;
	}
}

static bool *next_to_tell(struct ctrl_model *m, uint8_t bytes[CTRL_BYTES])
{
	bool *what = m->add ? &m->add : m->console ? &m->console :
		     m->open ? &m->open : NULL;

	memset(bytes, 0, CTRL_BYTES);
	bytes[4] = what == &m->add ? CTRL_PORT_ADD :
		   what == &m->console ? CTRL_CONSOLE_PORT : CTRL_PORT_OPEN;
	bytes[6] = what != &m->add;
	return what;
}

void ctrl_model_service(struct ctrl_model *m)
{
	struct ctrl_chain *chain;
	uint8_t bytes[CTRL_BYTES];
	bool *what;

	if (!m->multiport)
		return;
	while ((chain = oldest(&m->from_guest))) {
		if (chain->kind == CTRL_WHOLE)
			hear(m, chain->bytes);
		give_back(&m->from_guest, NULL);
	}
	/* whom nobody can ask is told nothing */
	while (m->from_guest.started && (what = next_to_tell(m, bytes)) &&
	       (chain = oldest(&m->to_guest))) {
		if (chain->kind == CTRL_WHOLE)
			*what = false;
		give_back(&m->to_guest,
			  chain->kind == CTRL_WHOLE ? bytes : NULL);
	}
}

void ctrl_model_skip(struct ctrl_model *m)
{
	/* without a look at what they are; a buffer only if it was used */
	struct ctrl_queue *q[] = { &m->from_guest,
				   m->add || m->console || m->open ?
					   &m->to_guest : NULL };

	for (unsigned int i = 0; i < 2 && q[i]; i++) {
		if (!q[i]->started || q[i]->broken || q[i]->jumped ||
		    !q[i]->n || q[i]->chain[0].kind == CTRL_NO_HEAD)
			continue;
		q[i]->chain[0].kind = CTRL_BAD;
		give_back(q[i], NULL);
	}
}

void ctrl_model_start(struct ctrl_model *m, struct ctrl_queue *q,
		      uint16_t base)
{
	q->started = true;
	q->broken = q->jumped = false;
	/* a guest that starts from nothing has asked for nothing */
	if (q == &m->from_guest && !base)
		m->add = m->console = m->open = false;
}

void ctrl_model_gone(struct ctrl_model *m)
{
	m->to_guest.started = m->from_guest.started = false;
	m->multiport = false;
}
