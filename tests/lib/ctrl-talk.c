/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/ctrl-talk.h"

#include <string.h>

#define BUFFERS		4
#define BURST_MAX	12
#define POISON		0xa5

#define BIT(event)	(1u << (event))
#define PORT_BITS	(BIT(CTRL_CONSOLE_PORT) | BIT(CTRL_PORT_OPEN))

static void give_buffers(struct ctrl_talk *t)
{
	struct gring *r = t->to_guest.r;

	while (gring_outstanding(r) < BUFFERS) {
		uint16_t head = gring_add_own(r, r->buf_size, true);

		memset(gring_buf_ptr(r, head), POISON, 16);
	}
	gring_kick(r);
}

static void ask(struct ctrl_talk *t, uint16_t event)
{
	const uint32_t id = event == CTRL_DEVICE_READY ? 0xffffffff : 0;
	const uint16_t what[2] = { event, 1 };
	struct gring *r = t->from_guest.r;
	uint8_t *byte = gring_buf_ptr(r, gring_add_own(r, 8, false));

	memcpy(byte, &id, 4);
	memcpy(byte + 4, what, 4);
	gring_kick(r);
}

/* One question, after all that went before is answered. */
static void ask_one(struct ctrl_talk *t, bool device)
{
	t->expect = device ? BIT(CTRL_PORT_ADD) : PORT_BITS;
	ask(t, device ? CTRL_DEVICE_READY : CTRL_PORT_READY);
}

/* DEVICE_READY takes back what is owed of an older one. */
static void ask_many_starved(struct ctrl_talk *t)
{
	unsigned int n = 1 + rnd_below(t->rnd, BURST_MAX);

	t->expect = 0;
	while (n-- > 0) {
		bool device = rnd_one_in(t->rnd, 4);

		t->expect = device ? BIT(CTRL_PORT_ADD) :
				     t->expect | PORT_BITS;
		ask(t, device ? CTRL_DEVICE_READY : CTRL_PORT_READY);
	}
}

static void ask_burst(struct ctrl_talk *t)
{
	t->burst = 1 + rnd_below(t->rnd, BURST_MAX);
	t->consoles = t->opened = 0;
	for (unsigned int i = 0; i < t->burst; i++)
		ask(t, CTRL_PORT_READY);
	ask(t, CTRL_DEVICE_READY);
	t->expect = BIT(CTRL_PORT_ADD);
}

void talk_begin(struct ctrl_talk *t, struct guest *g, struct rnd *rnd)
{
	*t = (struct ctrl_talk){
		.g = g,
		.rnd = rnd,
		.from_guest = { &g->ring[CTRL_TX], true },
		.to_guest = { &g->ring[CTRL_RX], true },
		.round = TALK_BOOT,
	};
	give_buffers(t);
	ask_one(t, true);
}

static void answer_to_burst(struct ctrl_talk *t, unsigned int event)
{
	if (event == CTRL_CONSOLE_PORT)
		t->consoles++;
	else if (event == CTRL_PORT_OPEN)
		t->opened++;
	else
		t->expect &= ~BIT(event);
	must(t->consoles <= t->burst && t->opened <= t->consoles,
	     "%u questions, %u and %u answers", t->burst, t->consoles,
	     t->opened);
}

static void take_answer(struct ctrl_talk *t, const struct gused *used)
{
	const uint8_t *byte = gring_buf_ptr(t->to_guest.r, used->head);
	unsigned int lowest = t->expect & -t->expect;
	uint16_t got[4];

	must(used->len == 8, "a control message of %u bytes", used->len);
	memcpy(got, byte, sizeof(got));
	for (unsigned int i = 8; i < 16; i++)
		must(byte[i] == POISON, "a control message of more bytes");
	must(got[0] == 0 && got[1] == 0 && got[2] < 16 &&
	     got[3] == (got[2] != CTRL_PORT_ADD), "answer %u %u %u %u", got[0],
	     got[1], got[2], got[3]);
	t->answers++;
	if (t->round == TALK_BURST) {
		answer_to_burst(t, got[2]);
		return;
	}
	must(BIT(got[2]) == lowest, "answer %u, expected is one of 0x%x",
	     got[2], t->expect);
	t->expect &= ~lowest;
}

static void next_round(struct ctrl_talk *t)
{
	switch (t->round) {
	case TALK_BOOT:
		t->round = TALK_ASK;
		ask_one(t, false);
		return;
	case TALK_USE_UP:
		if (gring_outstanding(t->to_guest.r) > 0) {
			ask_one(t, true);
			return;
		}
		t->round = TALK_STARVED;
		ask_many_starved(t);
		return;
	default:
		break;
	}
	if (t->resting)
		return;
	t->round = (enum talk_round)(TALK_ASK + rnd_below(t->rnd, 3));
	if (t->round == TALK_ASK)
		ask_one(t, rnd_one_in(t->rnd, 2));
	else if (t->round == TALK_BURST)
		ask_burst(t);
	else
		ask_one(t, true);
}

void talk_step(struct ctrl_talk *t)
{
	struct gused used;

	while (sleeper_take(&t->from_guest, &used))
		must(used.len == 0, "a question has used length %u", used.len);
	while (sleeper_take(&t->to_guest, &used)) {
		take_answer(t, &used);
		if (t->round != TALK_USE_UP && t->round != TALK_STARVED)
			give_buffers(t);
	}
	if (gring_outstanding(t->from_guest.r) > 0)
		return;
	if (t->round == TALK_STARVED)
		give_buffers(t);
	if (t->expect == 0)
		next_round(t);
}

bool talk_rest(struct ctrl_talk *t)
{
	t->resting = true;
	return t->expect == 0 && gring_outstanding(t->from_guest.r) == 0 &&
	       (t->round == TALK_ASK || t->round == TALK_BURST ||
		t->round == TALK_STARVED);
}
