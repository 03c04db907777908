/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The driver's side of one split ring. Used elements must come back in the
 * order in which chains were made available, as this device promises.
 */
#ifndef TESTS_LIB_GRING_H
#define TESTS_LIB_GRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;

struct gdesc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct gbuf {
	uint64_t gpa;
	uint32_t len;
	bool write;			/* for the device to write */
};

struct gused {
	uint16_t head;
	uint32_t len;
};

struct gring {
	struct guest *guest;
	unsigned int index;
	uint16_t num;

	uint64_t desc_gpa;
	uint64_t avail_gpa;
	uint64_t used_gpa;
	struct gdesc *desc;
	uint16_t *avail;		/* flags, idx, ring[num], used_event */
	uint16_t *used;			/* flags, idx, elements, avail_event */
	uint64_t bufs;			/* gpa of each descriptor's buffer */
	uint32_t buf_size;

	bool event_idx;			/* negotiated */
	bool silent;			/* no calls; waits look at memory */
	uint16_t avail_idx;		/* next, not all published */
	uint16_t kicked_idx;		/* published when last kicked */
	uint16_t used_idx;		/* next to take */

	uint16_t *free;			/* descriptors, as a stack */
	uint16_t nfree;
	uint16_t *chain_len;		/* descriptors of the chain at a head */
	uint16_t *pending;		/* heads in order, by avail index */

	int kick;			/* we write */
	int call;			/* we read */
	int call_peer;			/* the daemon's end, if not the same */
	int err;
};

void gring_clear(struct gring *r);
void gring_init(struct gring *r, struct guest *g, unsigned int index,
		uint16_t num, unsigned int region, uint32_t buf_size);
void gring_destroy(struct gring *r);

/* Notification fds: eventfds as QEMU has them, or what UML has. */
void gring_fds_like_qemu(struct gring *r);
void gring_fds_like_uml(struct gring *r);

/* A fresh ring, all descriptors free, both indices at @idx. */
void gring_reset(struct gring *r, uint16_t idx);

/* The gpa of descriptor @i's buffer. */
uint64_t gring_buf(const struct gring *r, uint16_t i);
void *gring_buf_ptr(const struct gring *r, uint16_t i);

/* Chains; each returns the head. The device sees them after a publish. */
uint16_t gring_add(struct gring *r, const struct gbuf *buf, unsigned int n);
uint16_t gring_add_indirect(struct gring *r, const struct gbuf *buf,
			    unsigned int n);
/* One descriptor with the buffer that belongs to it. */
uint16_t gring_add_own(struct gring *r, uint32_t len, bool write);
/* Takes a descriptor off the free ones, for a caller that writes it itself. */
uint16_t gring_take_desc(struct gring *r);
/* A head as it stands, however bad; @ndesc descriptors are freed at its end. */
void gring_add_head(struct gring *r, uint16_t head, uint16_t ndesc);

void gring_publish(struct gring *r);
/* As Linux does: publishes, and kicks if the device asked for it. */
bool gring_kick(struct gring *r);
void gring_kick_anyway(struct gring *r);

unsigned int gring_outstanding(const struct gring *r);
uint16_t gring_device_idx(const struct gring *r);	/* used->idx */

/* Takes one used element if there is one, checked against what is due. */
bool gring_take(struct gring *r, struct gused *used);
/* Waits for the call, unless silent; false at the deadline. */
bool gring_wait(struct gring *r, struct gused *used, unsigned int ms);
/* The next chain must come back in time, with exactly this length. */
void gring_expect(struct gring *r, uint32_t len);
/* Until the device has used all there is; nothing is taken. */
void gring_await_all_used(const struct gring *r);
/* Asks for a call at the next used element, as a driver before it sleeps. */
void gring_arm(struct gring *r);

/* Takes the calls so far; returns how many there were. */
uint64_t gring_calls(struct gring *r);

#endif
