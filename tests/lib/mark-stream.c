/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/mark-stream.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/must.h"

#define WORD_MASK	((UINT64_C(1) << 56) - 1)
#define MIX		UINT64_C(0x9e3779b97f4a7c15)	/* odd */
#define UNMIX		UINT64_C(0xf1de83e19937733d)	/* MIX * UNMIX = 1 */
#define EPOCH_SHIFT	40

static uint64_t mix(uint64_t word)
{
	word = word * MIX & WORD_MASK;
	word ^= word >> 28;
	return word * MIX & WORD_MASK;
}

static uint64_t unmix(uint64_t word)
{
	word = word * UNMIX & WORD_MASK;
	word ^= word >> 28;
	return word * UNMIX & WORD_MASK;
}

static uint8_t mark_byte(uint64_t epoch, uint64_t at)
{
	uint64_t word = mix((epoch << EPOCH_SHIFT | at / 8) & WORD_MASK);

	return (uint8_t)(0x80 | word >> at % 8 * 7);
}

void mark_fill(void *buf, uint64_t epoch, uint64_t at, size_t len)
{
	uint8_t *byte = buf;
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++, at++) {
		if (i == 0 || at % 8 == 0)
			word = mix((epoch << EPOCH_SHIFT | at / 8) &
				   WORD_MASK);
		byte[i] = (uint8_t)(0x80 | word >> at % 8 * 7);
	}
}

char mark_said(uint64_t n)
{
	return (char)('a' + n % 26);
}

void mark_begin(struct mark_stream *s, const struct epochs *epochs,
		bool anywhere)
{
	*s = (struct mark_stream){
		.epochs = epochs,
		.epoch = epochs->now,
		.located = !anywhere,
	};
}

void epochs_next(struct epochs *epochs, struct epoch_end end)
{
	epochs->end[epochs->now++ % EPOCHS_KEPT] = end;
}

static void begin_epoch(struct mark_stream *s)
{
	struct epoch_end end = s->epochs->end[s->epoch % EPOCHS_KEPT];

	must(s->epoch < s->epochs->now, "epoch %llu of %llu begins",
	     (unsigned long long)s->epoch + 1,
	     (unsigned long long)s->epochs->now);
	must(s->pos >= end.least && s->pos <= end.most,
	     "epoch %llu ends at %llu, not from %llu to %llu",
	     (unsigned long long)s->epoch, (unsigned long long)s->pos,
	     (unsigned long long)end.least, (unsigned long long)end.most);
	s->epoch++;
	s->pos = 0;
}

/* Text of the daemon's, whole: "\r\n[vhost-device-console: ...]\r\n". */
static void take_mark(struct mark_stream *s)
{
	unsigned long long n;

	s->mark[s->mark_len] = '\0';
	s->mark_len = 0;
	if (strstr(s->mark, "front-end disconnected") != NULL) {
		s->ends++;
		return;
	}
	must(sscanf(s->mark, "\r\n[vhost-device-console: %llu bytes skipped]",
		    &n) == 1 && n > 0, "strange text '%s'", s->mark);
	s->pos += n;
	s->skipped += n;
	s->nhead = 0;
}

static void take_text(struct mark_stream *s, char c)
{
	if (s->mark_len == 0 && c == EPOCH_BYTE) {
		begin_epoch(s);
	} else if (s->mark_len == 0 && c >= 'a' && c <= 'z') {
		must(c == mark_said(s->said), "emergency write %llu is '%c'",
		     (unsigned long long)s->said, c);
		s->said++;
	} else {
		must(s->mark_len > 0 || c == '\r', "text 0x%02x in a stream",
		     c);
		must(s->mark_len < sizeof(s->mark) - 1, "a mark has no end");
		s->mark[s->mark_len++] = c;
		if (c == '\n' && s->mark_len > 2)
			take_mark(s);
	}
}

static uint64_t read_word(const uint8_t *byte)
{
	uint64_t word = 0;

	for (unsigned int i = 0; i < 8; i++)
		word |= (uint64_t)(byte[i] & 0x7f) << i * 7;
	return unmix(word);
}

/* Finds out which the first bytes are. */
static void locate(struct mark_stream *s, uint8_t byte)
{
	s->head[s->nhead++] = byte;
	if (s->nhead < sizeof(s->head))
		return;
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t word = read_word(s->head + i);

		if (read_word(s->head + i + 8) != word + 1 ||
		    word >> EPOCH_SHIFT != s->epoch)
			continue;
		s->located = true;
		s->pos = (word & ((UINT64_C(1) << EPOCH_SHIFT) - 1)) * 8 - i;
		break;
	}
	must(s->located, "no place in the stream has these bytes");
	for (unsigned int i = 0; i < s->nhead; i++, s->pos++)
		must(s->head[i] == mark_byte(s->epoch, s->pos),
		     "byte %u of a stream joined at its middle", i);
}

void mark_check(struct mark_stream *s, const void *buf, size_t len)
{
	const uint8_t *byte = buf;
	uint64_t word = 0, known = UINT64_MAX;

	for (size_t i = 0; i < len; i++) {
		if ((byte[i] & 0x80) == 0) {
			take_text(s, (char)byte[i]);
			known = UINT64_MAX;
			continue;
		}
		must(s->mark_len == 0, "byte 0x%02x in the middle of a mark",
		     byte[i]);
		if (!s->located) {
			locate(s, byte[i]);
			continue;
		}
		if (s->pos / 8 != known) {
			known = s->pos / 8;
			word = mix((s->epoch << EPOCH_SHIFT | known) &
				   WORD_MASK);
		}
		must(byte[i] == (uint8_t)(0x80 | word >> s->pos % 8 * 7),
		     "epoch %llu: byte %llu is 0x%02x",
		     (unsigned long long)s->epoch, (unsigned long long)s->pos,
		     byte[i]);
		s->pos++;
	}
}
