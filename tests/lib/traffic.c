/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/traffic.h"

#include <poll.h>
#include <string.h>

#include "common/mono.h"
#include "tests/lib/wait.h"

#define CHUNK		32768
#define DESCS_MAX	24
#define POISON		0xa5
#define QUIET_MS	20
#define REST_US		60000

static uint8_t typed_byte(unsigned int c, uint64_t at)
{
	uint64_t hash = (at + 1) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint8_t)(c << 6 | hash >> 58);
}

/* The buffer of the descriptor that will be taken as the @k-th from now. */
static uint16_t nth_free(const struct gring *r, unsigned int k)
{
	return r->free[r->nfree - 1 - k];
}

static uint32_t random_len(struct rnd *rnd, uint32_t max)
{
	return rnd_one_in(rnd, 3) ? 1 + rnd_below(rnd, 64) :
				    1 + rnd_below(rnd, max);
}

/* Mostly one descriptor, now and then as many as there are. */
static void print_chain(struct traffic *t)
{
	struct gring *r = t->tx.r;
	unsigned int n = rnd_one_in(&t->rnd, 24) ? t->descs_max : 1;
	struct gbuf buf[DESCS_MAX];
	uint32_t sum = 0;

	if (n > r->nfree)
		n = r->nfree;
	for (unsigned int k = 0; k < n; k++) {
		uint16_t i = nth_free(r, k);
		uint32_t len = n > 1 ? r->buf_size :
				       random_len(&t->rnd, r->buf_size);
		uint8_t *byte = gring_buf_ptr(r, i);
		uint32_t lead = 0;

		if (t->new_epoch)
			byte[lead++] = EPOCH_BYTE;
		t->new_epoch = false;
		if (len < lead)
			len = lead;
		mark_fill(byte + lead, t->epochs.now, t->printed + sum,
			  len - lead);
		sum += len - lead;
		buf[k] = (struct gbuf){ gring_buf(r, i), len, false };
	}
	t->chain_len[r->avail_idx & (r->num - 1)] = sum;
	gring_add(r, buf, n);
	t->printed += sum;
}

static void take_printed(struct traffic *t, const struct gused *used,
			 uint16_t idx)
{
	uint32_t len = t->chain_len[idx & (t->tx.r->num - 1)];

	must(used->len == 0, "TX: used length %u", used->len);
	t->returned += len;
	t->out += len;
	t->out_at = mono_us();
}

static void work_tx(struct traffic *t, bool feed)
{
	struct gring *r = t->tx.r;
	struct gused used;

	while (sleeper_take(&t->tx, &used))
		take_printed(t, &used, (uint16_t)(r->used_idx - 1));
	while (feed && r->nfree > 0) {
		print_chain(t);
		if (r->nfree == 0 || rnd_one_in(&t->rnd, 4))
			gring_kick(r);
	}
}

static void check_typed(struct traffic *t, const uint8_t *byte, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		unsigned int c = byte[i] >> 6;

		must(c < t->nc && t->got[c] < t->typed[c],
		     "input 0x%02x was not typed", byte[i]);
		must(byte[i] == typed_byte(c, t->got[c]),
		     "byte %llu that client %u typed is 0x%02x",
		     (unsigned long long)t->got[c], c, byte[i]);
		t->got[c]++;
	}
	t->in += len;
	t->in_at = mono_us();
}

/* What was written of the chain at @head, whose descriptors still stand. */
static void take_input(struct traffic *t, const struct gused *used)
{
	struct gring *r = t->rx.r;
	uint32_t left = used->len;
	uint16_t at = used->head;

	must(left > 0, "an RX buffer comes back empty");
	for (unsigned int n = r->chain_len[used->head]; n > 0; n--) {
		uint32_t len = r->desc[at].len < left ? r->desc[at].len : left;
		const uint8_t *byte = guest_ptr(t->g, r->desc[at].addr,
						r->desc[at].len);

		check_typed(t, byte, len);
		for (uint32_t i = len; i < r->desc[at].len; i++)
			must(byte[i] == POISON, "RX: byte %u written, %u used",
			     i, used->len);
		left -= len;
		at = r->desc[at].next;
	}
	must(left == 0, "RX: used length %u is %u too many", used->len, left);
}

static void give_buffers(struct traffic *t)
{
	struct gring *r = t->rx.r;

	while (r->nfree > 0) {
		unsigned int n = 1 + rnd_below(&t->rnd, 3);
		struct gbuf buf[3];

		if (n > r->nfree)
			n = r->nfree;
		for (unsigned int k = 0; k < n; k++) {
			uint16_t i = nth_free(r, k);

			buf[k] = (struct gbuf){
				gring_buf(r, i),
				random_len(&t->rnd, r->buf_size), true,
			};
			memset(gring_buf_ptr(r, i), POISON, buf[k].len);
		}
		gring_add(r, buf, n);
	}
	gring_kick(r);
}

static void work_rx(struct traffic *t)
{
	struct gused used;

	while (sleeper_take(&t->rx, &used))
		take_input(t, &used);
	give_buffers(t);
}

static bool multiport(const struct traffic *t)
{
	return (t->g->features & F_MULTIPORT) != 0;
}

static void read_client(struct traffic *t, unsigned int i)
{
	char buf[CHUNK];
	long n = tclient_read_some(&t->c[i], buf,
				   1 + rnd_below(&t->rnd, sizeof(buf)));

	must(n >= 0, "client %u: the console closed", i);
	t->shown += (uint64_t)n;
	mark_check(&t->seen[i], buf, (size_t)n);
	must(!t->lossless || t->seen[i].skipped == 0,
	     "client %u was skipped", i);
	if (t->kills != NULL && t->seen[i].skipped > 0)
		atomic_store(&t->kills->skipped, true);
	if (i == 0 && t->lazy && rnd_one_in(&t->rnd, 8))
		t->rests_until = mono_us() + rnd_below(&t->rnd, REST_US);
}

static void type_some(struct traffic *t, unsigned int i)
{
	uint8_t buf[8192];
	size_t len = random_len(&t->rnd, sizeof(buf));

	for (size_t k = 0; k < len; k++)
		buf[k] = typed_byte(i, t->typed[i] + k);
	t->typed[i] += tclient_send_some(&t->c[i], buf, len);
}

static void sleep_and_wake(struct traffic *t, bool feed)
{
	struct sleeper *ring[] = { &t->rx, &t->tx, &t->talk.to_guest,
				   &t->talk.from_guest };
	unsigned int rings = multiport(t) ? 4 : 2;
	struct pollfd p[4 + TRAFFIC_CLIENTS];
	bool rests = t->lazy && mono_us() < t->rests_until;

	for (unsigned int i = 0; i < rings; i++)
		p[i] = (struct pollfd){ ring[i]->r->call, POLLIN, 0 };
	for (unsigned int i = 0; i < t->nc; i++) {
		short events = POLLIN;

		if (feed && !t->mute[i])
			events |= POLLOUT;
		if (i == 0 && rests)
			events &= (short)~POLLIN;
		p[rings + i] = (struct pollfd){ t->c[i].fd, events, 0 };
	}
	poll(p, rings + t->nc, rests ? 1 : 100);
	for (unsigned int i = 0; i < rings; i++)
		if (p[i].revents != 0)
			sleeper_wake(ring[i]);
	for (unsigned int i = 0; i < t->nc; i++) {
		short events = p[rings + i].revents;

		if ((events & ~POLLOUT) != 0 && !(i == 0 && rests))
			read_client(t, i);
		if ((events & POLLOUT) != 0 && feed && !t->mute[i])
			type_some(t, i);
	}
}

static void step(struct traffic *t, bool feed)
{
	if (t->kills != NULL)
		traffic_kills_count(t->kills, t->shown, t->in);
	work_tx(t, feed);
	work_rx(t);
	if (multiport(t))
		talk_step(&t->talk);
	sleep_and_wake(t, feed);
}

static void on_time(const struct traffic *t, bool out_due, bool in_due)
{
	uint64_t oldest = mono_us() - WAIT_MS * 1000;

	must(!out_due || t->out_at > oldest,
	     "output stalls: %llu bytes printed, %llu taken",
	     (unsigned long long)t->printed, (unsigned long long)t->returned);
	must(!in_due || t->in_at > oldest,
	     "input stalls: client 0 typed %llu bytes, the guest got %llu",
	     (unsigned long long)t->typed[0], (unsigned long long)t->got[0]);
}

static bool types(const struct traffic *t)
{
	for (unsigned int i = 0; i < t->nc; i++)
		if (!t->mute[i])
			return true;
	return false;
}

void traffic_run(struct traffic *t, uint64_t bytes)
{
	uint64_t out = t->out + bytes;
	uint64_t in = types(t) ? t->in + bytes : 0;

	t->out_at = t->in_at = mono_us();
	t->talk.resting = false;
	while (t->out < out || t->in < in) {
		step(t, true);
		on_time(t, t->out < out, t->in < in);
	}
}

static bool has_all(const struct traffic *t, const struct mark_stream *seen)
{
	return seen->epoch == t->epochs.now && seen->pos == t->printed;
}

void traffic_trickle(struct traffic *t, uint64_t bytes)
{
	uint64_t out = t->out + bytes;
	uint64_t in = t->in + bytes;

	t->out_at = t->in_at = mono_us();
	t->talk.resting = false;
	while (t->out < out || t->in < in) {
		if (t->out < out && gring_outstanding(t->tx.r) == 0 &&
		    (t->new_epoch || has_all(t, &t->seen[0]))) {
			print_chain(t);
			gring_kick(t->tx.r);
		}
		if (t->in < in && t->got[0] == t->typed[0])
			type_some(t, 0);
		step(t, false);
		on_time(t, t->out < out, t->in < in);
	}
}

void traffic_mute(struct traffic *t, unsigned int i)
{
	t->mute[i] = true;
	t->in_at = mono_us();
	while (t->got[i] < t->typed[i]) {
		step(t, true);
		on_time(t, false, true);
	}
}

static bool everything_arrived(struct traffic *t)
{
	bool all = gring_outstanding(t->tx.r) == 0 &&
		   (!multiport(t) || talk_rest(&t->talk));

	for (unsigned int i = 0; i < t->nc; i++) {
		const struct mark_stream *seen = &t->seen[i];

		all = all && t->got[i] == t->typed[i];
		if (t->c[i].fd >= 0)
			all = all && has_all(t, seen);
	}
	return all && t->seen[0].said == t->said &&
	       t->seen[0].ends == t->ends;
}

void traffic_settle(struct traffic *t)
{
	uint64_t deadline = wait_until(WAIT_MS), moved = 0;
	bool lazy = t->lazy;

	t->lazy = false;
	/* Clients learn of the last epoch by its first byte. */
	if (t->new_epoch) {
		print_chain(t);
		gring_kick(t->tx.r);
	}
	while (!everything_arrived(t)) {
		step(t, false);
		if (t->shown + t->in + t->out != moved)
			deadline = wait_until(WAIT_MS);
		moved = t->shown + t->in + t->out;
		must(wait_left(deadline) > 0,
		     "not settled: %u chains out, client 0 has %llu of %llu bytes, the guest %llu of %llu, 0x%x is to be answered",
		     gring_outstanding(t->tx.r),
		     (unsigned long long)t->seen[0].pos,
		     (unsigned long long)t->printed,
		     (unsigned long long)t->got[0],
		     (unsigned long long)t->typed[0], t->talk.expect);
	}
	wait_time(QUIET_MS);
	step(t, false);
	must(everything_arrived(t), "more than everything arrived");
	t->lazy = lazy;
}

void traffic_collect(struct traffic *t)
{
	struct gused used;

	while (gring_take(t->tx.r, &used))
		take_printed(t, &used, (uint16_t)(t->tx.r->used_idx - 1));
	while (gring_take(t->rx.r, &used))
		take_input(t, &used);
	traffic_wake(t);
	if (multiport(t))
		talk_step(&t->talk);
}

void traffic_wake(struct traffic *t)
{
	t->rx.awake = t->tx.awake = true;
	t->talk.from_guest.awake = t->talk.to_guest.awake = true;
}

void traffic_guest_lost(struct traffic *t, uint16_t base)
{
	struct gring *r = t->tx.r;
	uint32_t open = 0;

	traffic_collect(t);
	must(base == r->used_idx, "TX: base %u, used index %u", base,
	     r->used_idx);
	if (gring_outstanding(r) > 0)
		open = t->chain_len[base & (r->num - 1)];
	epochs_next(&t->epochs, (struct epoch_end){ t->returned,
						    t->returned + open });
}

void traffic_guest_begins(struct traffic *t, struct guest *g)
{
	t->g = g;
	t->tx = (struct sleeper){ &g->ring[TX], true };
	t->rx = (struct sleeper){ &g->ring[RX], true };
	t->printed = t->returned = 0;
	t->new_epoch = t->epochs.now > 0;
	if (multiport(t))
		talk_begin(&t->talk, g, &t->rnd);
}

void traffic_client_joins(struct traffic *t, unsigned int i)
{
	mark_begin(&t->seen[i], &t->epochs, true);
}

void traffic_begin(struct traffic *t, struct guest *g, struct tclient *c,
		   unsigned int nc, uint64_t seed)
{
	must(nc <= TRAFFIC_CLIENTS && g->ring[TX].num <= TRAFFIC_RING,
	     "too much traffic");
	*t = (struct traffic){
		.c = c,
		.nc = nc,
		.rnd = { seed },
		.descs_max = DESCS_MAX,
	};
	for (unsigned int i = 0; i < nc; i++)
		mark_begin(&t->seen[i], &t->epochs, false);
	traffic_guest_begins(t, g);
}
