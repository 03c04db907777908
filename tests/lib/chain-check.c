/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/chain-check.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/must.h"

#define SHOWN_MAX	16

static struct vring_chain chain;
static struct chain_model model;

static void show_ring(const struct ring_image *img)
{
	for (uint32_t i = 0; i < img->vr.num && i < SHOWN_MAX; i++) {
		const struct virtq_desc *d = &img->desc[i];

		fprintf(stderr, "\t%u: addr 0x%llx len %u flags %u next %u\n",
			i, (unsigned long long)le64toh(d->addr),
			le32toh(d->len), le16toh(d->flags), le16toh(d->next));
	}
}

static void count_error(struct chain_counts *counts, const char *text)
{
	unsigned int i = 0;

	while (i < counts->nerrors && strcmp(counts->error[i].text, text) != 0)
		i++;
	if (i == counts->nerrors) {
		must(i < CHAIN_ERRORS_MAX, "too many kinds of errors");
		counts->error[i].text = text;
		counts->nerrors++;
	}
	counts->error[i].n++;
}

void chain_check(const struct ring_image *img, uint16_t avail,
		 struct chain_counts *counts)
{
	int err = vring_get(&img->vr, avail, &chain);

	chain_model(&img->vr, avail, &model);
	counts->chains++;
	counts->verdict[model.verdict]++;
	if (chain.error != NULL)
		count_error(counts, chain.error);
	if (chain_model_agrees(&model, &img->gmem, &chain, err))
		return;
	show_ring(img);
	must(false, "head %u: %d (%s), the model says %u", chain.head, err,
	     chain.error ? chain.error : "good", model.verdict);
}

void chain_counts_show(const char *what, const struct chain_counts *counts)
{
	printf("%s: %llu chains, %llu good, %llu bad, %llu fatal, %llu broken\n",
	       what, (unsigned long long)counts->chains,
	       (unsigned long long)counts->verdict[CHAIN_GOOD],
	       (unsigned long long)counts->verdict[CHAIN_BAD],
	       (unsigned long long)counts->verdict[CHAIN_FATAL],
	       (unsigned long long)counts->verdict[CHAIN_BROKEN]);
	for (unsigned int i = 0; i < counts->nerrors; i++)
		printf("%12llu %s\n", (unsigned long long)counts->error[i].n,
		       counts->error[i].text);
}
