/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/proto/storm.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"

#define MESSAGES_MAX	10
#define CUTS_MAX	6
#define EXTRA_GPA	0x40000000ULL
#define EXTRA_UVA	0x7f2000000000ULL
#define EXTRA_SIZE	0x10000ULL
#define EMERG_WR	8
#define CONFIG_LEN	12

enum answer { ANSWER_ACK, ANSWER_REFUSAL, ANSWER_VALUE, ANSWER_ANY };

struct talk {
	struct storm_console *s;
	struct fe_msg m[MESSAGES_MAX];
	enum answer answer[MESSAGES_MAX];
	uint64_t value[MESSAGES_MAX];
	unsigned int n;
	int old[2 * MESSAGES_MAX];	/* to be closed when all is answered */
	unsigned int nold;
};

static void add(struct talk *talk, struct fe_msg m, enum answer answer,
		uint64_t value)
{
	if (answer == ANSWER_ACK || answer == ANSWER_REFUSAL)
		m.flags |= FE_NEED_REPLY;
	talk->m[talk->n] = m;
	talk->answer[talk->n] = answer;
	talk->value[talk->n++] = value;
}

static void add_status(struct talk *talk, struct rnd *rnd)
{
	struct storm_console *s = talk->s;

	if (rnd_one_in(rnd, 2)) {
		s->status = rnd_below(rnd, 256);
		add(talk, fe_msg_u64(FE_SET_STATUS, s->status), ANSWER_ACK, 0);
	} else {
		add(talk, fe_msg(FE_GET_STATUS), ANSWER_VALUE, s->status);
	}
}

static void replace(struct talk *talk, int *fd, int by)
{
	must(by >= 0, "eventfd");
	talk->old[talk->nold++] = *fd;
	*fd = by;
}

static void add_notifier(struct talk *talk, struct rnd *rnd)
{
	unsigned int i = rnd_below(rnd, RINGS);
	struct gring *r = &storm_guest(talk->s)->ring[i];

	switch (rnd_below(rnd, 3)) {
	case 0:
		replace(talk, &r->call, eventfd(0, EFD_NONBLOCK));
		add(talk, fe_msg_fd(FE_SET_VRING_CALL, i, r->call), ANSWER_ACK,
		    0);
		break;
	case 1:
		replace(talk, &r->kick, eventfd(0, EFD_NONBLOCK));
		add(talk, fe_msg_fd(FE_SET_VRING_KICK, i, r->kick), ANSWER_ACK,
		    0);
		break;
	default:
		add(talk, fe_msg_fd(FE_SET_VRING_ERR, i, r->err), ANSWER_ACK,
		    0);
		break;
	}
}

/* Memory that no ring is in comes and goes. */
static void add_memory(struct talk *talk)
{
	struct storm_console *s = talk->s;

	if (s->extra.fd < 0) {
		s->extra = (struct fe_region){
			EXTRA_GPA, EXTRA_SIZE, EXTRA_UVA, 0,
			memfd_create("extra", MFD_CLOEXEC),
		};
		must(ftruncate(s->extra.fd, EXTRA_SIZE) == 0, "ftruncate");
	}
	add(talk, fe_msg_region(s->extra_memory ? FE_REM_MEM_REG :
						  FE_ADD_MEM_REG, &s->extra),
	    ANSWER_ACK, 0);
	s->extra_memory = !s->extra_memory;
}

/* Its byte appears in the output, once. With `block` it need not. */
static void add_emergency_write(struct talk *talk)
{
	struct storm_console *s = talk->s;
	uint8_t space[CONFIG_LEN] = { 0 };

	if (s->block)
		return;
	space[EMERG_WR] = (uint8_t)mark_said(s->traffic.said++);
	add(talk, fe_msg_config(FE_SET_CONFIG, 0, CONFIG_LEN, 0, space),
	    ANSWER_ACK, 0);
}

static void add_message(struct talk *talk, struct rnd *rnd)
{
	unsigned int i = rnd_below(rnd, RINGS);

	switch (rnd_below(rnd, 9)) {
	case 0:
		add(talk, fe_msg(FE_GET_FEATURES), ANSWER_VALUE,
		    OFFERED_FEATURES);
		break;
	case 1:
		add_status(talk, rnd);
		break;
	case 2:
	case 3:
		add_notifier(talk, rnd);
		break;
	case 4:
		add_memory(talk);
		break;
	case 5:
		add_emergency_write(talk);
		break;
	case 6:
		add(talk, fe_msg_config(FE_GET_CONFIG, 0, CONFIG_LEN, 0, NULL),
		    ANSWER_ANY, 0);
		break;
	case 7:
		add(talk, fe_msg(FE_UNKNOWN), ANSWER_REFUSAL, 0);
		break;
	default:
		if (talk->n + 2 > MESSAGES_MAX)
			break;
		add(talk, fe_msg_state(FE_SET_VRING_ENABLE, i, 0), ANSWER_ACK,
		    0);
		add(talk, fe_msg_state(FE_SET_VRING_ENABLE, i, 1), ANSWER_ACK,
		    0);
		break;
	}
}

static void send_in_pieces(struct talk *talk, struct rnd *rnd)
{
	size_t cut[CUTS_MAX], len = 0;
	unsigned int n = rnd_below(rnd, CUTS_MAX + 1);

	for (unsigned int i = 0; i < talk->n; i++)
		len += FE_HEADER + talk->m[i].size;
	for (unsigned int i = 0; i < n; i++) {
		size_t at = rnd_below(rnd, (uint32_t)len);
		unsigned int k = i;

		for (; k > 0 && cut[k - 1] > at; k--)
			cut[k] = cut[k - 1];
		cut[k] = at;
	}
	fe_send_cut(&talk->s->fe, talk->m, talk->n, cut, n);
}

static void check_answers(struct talk *talk)
{
	for (unsigned int i = 0; i < talk->n; i++) {
		uint32_t request = talk->m[i].request;
		struct fe_msg reply;
		uint64_t value;

		must(fe_recv(&talk->s->fe, &reply),
		     "message %u of %u, request %u: the connection ended", i,
		     talk->n, request);
		must(reply.request == request && reply.flags == FE_REPLY_FLAGS,
		     "message %u of %u: answer to %u, flags 0x%x, not to %u",
		     i, talk->n, reply.request, reply.flags, request);
		if (talk->answer[i] == ANSWER_ANY)
			continue;
		value = fe_msg_get_u64(&reply, 0);
		must(reply.size == 8 &&
		     (talk->answer[i] == ANSWER_REFUSAL ? value != 0 :
						value == talk->value[i]),
		     "answer to %u is %llu, not %llu", request,
		     (unsigned long long)value,
		     (unsigned long long)talk->value[i]);
	}
}

void storm_messages(struct storm_console *s)
{
	struct rnd *rnd = &s->traffic.rnd;
	unsigned int n = 1 + rnd_below(rnd, MESSAGES_MAX);
	struct talk *talk = calloc(1, sizeof(*talk));

	must(talk != NULL, "out of memory");
	talk->s = s;
	while (talk->n < n)
		add_message(talk, rnd);
	send_in_pieces(talk, rnd);
	check_answers(talk);
	for (unsigned int i = 0; i < talk->nold; i++)
		fd_close(&talk->old[i]);
	free(talk);
	/* A call may have gone to an fd that is closed now. */
	traffic_wake(&s->traffic);
}
