/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a descriptor chain means, written from VIRTIO 1.2, 2.7, for the sake of
 * being obviously right: it collects all descriptors first, looks at guest
 * memory byte by byte, and judges afterwards. Needs nothing that runs a test.
 */
#ifndef TESTS_LIB_CHAIN_MODEL_H
#define TESTS_LIB_CHAIN_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/gmem.h"
#include "worker/vring.h"

enum chain_verdict {
	CHAIN_GOOD,
	CHAIN_BAD,		/* goes back with length 0 */
	CHAIN_FATAL,		/* goes back, and the ring is broken */
	CHAIN_BROKEN,		/* the ring is broken */
};

#define CHAIN_MODEL_MAX	(32768 + VRING_CHAIN_DESCS_MAX)

struct chain_buffer {
	uint64_t gpa;
	uint64_t len;			/* not 0 */
	bool write;
};

struct chain_model {
	enum chain_verdict verdict;
	uint16_t head;
	uint64_t out_len, in_len;
	unsigned int nbuffers;		/* readable ones first */
	struct chain_buffer buffer[CHAIN_MODEL_MAX];
};

/* The chain at @avail of @vr, whose memory has to hold still meanwhile. */
void chain_model(const struct vring *vr, uint16_t avail,
		 struct chain_model *model);

/* Does vring_get(), which returned @err, say the same? */
bool chain_model_agrees(const struct chain_model *model,
			const struct gmem *gmem,
			const struct vring_chain *chain, int err);

#endif
