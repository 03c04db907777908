/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The one upward call of the vhost-user engine: what it asks of the device
 * whose rings it runs.
 */
#ifndef WORKER_DEVICE_H
#define WORKER_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "common/state.h"

struct device_ops {
	/* virtio feature bits of this device type; @config: CONFIG acked */
	uint64_t (*features)(void *dev, int config);

	/* Copies device configuration space; zeros past its end. */
	void (*config_read)(void *dev, uint32_t offset, void *out,
			    uint32_t len);

	/*
	 * A write to it. Text for the output ring goes to @say, at most
	 * SAY_MAX bytes; returns its length.
	 */
	uint32_t (*config_write)(void *dev, uint32_t offset, const void *in,
				 uint32_t len, char *say);

	/* The ring at @index runs from now on, at the generation of @ring. */
	void (*ring_start)(void *dev, unsigned int index,
			   const struct state_ring *ring);

	/* Next avail index of @ring: nothing below it is unfinished. */
	uint16_t (*ring_base)(void *dev, unsigned int index,
			      const struct state_ring *ring);

	/* Bytes that were taken of the chain there, which is not finished. */
	uint32_t (*ring_taken)(void *dev, unsigned int index,
			       const struct state_ring *ring);

	/* The driver kicked, or may have. */
	void (*ring_ready)(void *dev, unsigned int index);

	/*
	 * The chain that the worker before may have died on is given up, in
	 * each ring that runs; once for one number of config.skip.
	 */
	void (*skip_open)(void *dev);

	/* session.say is to be appended to the output unless it was. */
	void (*say)(void *dev);
};

#endif
