/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Breadth first through all worlds, so that the way to an error is short. */
#include "tests/model/model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_PARENT	UINT32_MAX

/* How a world was reached. */
struct way {
	uint32_t parent;
	uint16_t depth;
	uint16_t action;
};

struct explorer {
	const struct model *model;
	size_t stride;			/* bytes of a world, whole words */
	unsigned char *world;
	struct way *way;
	size_t n, room;
	uint32_t *slot;			/* hash table of indexes + 1 */
	size_t slots;			/* a power of two */
};

static char wrong[200];

void model_wrong(const char *format, ...)
{
	va_list args;

	if (wrong[0])
		return;
	va_start(args, format);
	vsnprintf(wrong, sizeof(wrong), format, args);
	va_end(args);
}

static void *must_have(void *memory)
{
	if (!memory) {
		fputs("model: out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

static unsigned char *world_at(const struct explorer *e, size_t i)
{
	return e->world + i * e->stride;
}

static uint64_t hash(const struct explorer *e, const unsigned char *world)
{
	uint64_t h = 0x9e3779b97f4a7c15, word;

	for (size_t i = 0; i < e->stride; i += sizeof(word)) {
		memcpy(&word, world + i, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return h;
}

/* The slot of @world, or the free one where it belongs. */
static uint32_t *find_slot(const struct explorer *e,
			   const unsigned char *world)
{
	size_t i = hash(e, world) & (e->slots - 1);

	while (e->slot[i] &&
	       memcmp(world_at(e, e->slot[i] - 1), world, e->stride))
		i = (i + 1) & (e->slots - 1);
	return &e->slot[i];
}

static void grow(struct explorer *e)
{
	e->room = e->room ? 2 * e->room : 1024;
	e->world = must_have(realloc(e->world, e->room * e->stride));
	e->way = must_have(realloc(e->way, e->room * sizeof(*e->way)));
	e->slots = 4 * e->room;
	free(e->slot);
	e->slot = must_have(calloc(e->slots, sizeof(*e->slot)));
	for (size_t i = 0; i < e->n; i++)
		*find_slot(e, world_at(e, i)) = (uint32_t)i + 1;
}

/* Keeps @world if it is new. */
static void reach(struct explorer *e, const unsigned char *world,
		  struct way way)
{
	uint32_t *slot;

	if (e->n == e->room)
		grow(e);
	slot = find_slot(e, world);
	if (*slot)
		return;
	memcpy(world_at(e, e->n), world, e->stride);
	e->way[e->n] = way;
	*slot = (uint32_t)++e->n;
}

/* Every action that is possible in world @i. */
static bool go_on(struct explorer *e, size_t i, unsigned char *next)
{
	const struct model *model = e->model;
	bool more = false;

	for (unsigned int a = 0; a < model->nactions && !wrong[0]; a++) {
		memcpy(next, world_at(e, i), e->stride);
		if (!model->act(next, a))
			continue;
		more |= !model->action[a].optional;
		reach(e, next, (struct way){
			.parent = (uint32_t)i,
			.depth = (uint16_t)(e->way[i].depth + 1),
			.action = (uint16_t)a,
		});
	}
	return more;
}

static void show(const struct explorer *e, size_t i, FILE *to)
{
	const struct way *way = &e->way[i];

	if (way->parent != NO_PARENT)
		show(e, way->parent, to);
	fprintf(to, "  %3u %-12s ", way->depth, way->parent == NO_PARENT ?
		"begin" : e->model->action[way->action].name);
	e->model->show(world_at(e, i), to);
	fputc('\n', to);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct explored explore(const struct model *model, unsigned int scope,
			unsigned int broken, FILE *trace)
{
	size_t stride = (model->size + 7) & ~(size_t)7;
	struct explorer e = { .model = model, .stride = stride };
	unsigned char *next = must_have(calloc(1, stride));
	struct explored result = { 0 };
	double begin = seconds();
	size_t i;

	wrong[0] = '\0';
	model->init(next, model->scope[scope].config, broken);
	reach(&e, next, (struct way){ .parent = NO_PARENT });
	for (i = 0; i < e.n && !wrong[0]; i++) {
		if (!go_on(&e, i, next) && !wrong[0]) {
			result.ends++;
			model->end(world_at(&e, i));
		}
	}
	result.states = e.n;
	result.depth = e.way[e.n - 1].depth;
	result.seconds = seconds() - begin;
	result.wrong = wrong[0] ? wrong : NULL;
	if (wrong[0] && trace) {
		show(&e, i - 1, trace);
		fprintf(trace, "  then: %s\n", wrong);
	}
	free(e.world);
	free(e.way);
	free(e.slot);
	free(next);
	return result;
}
