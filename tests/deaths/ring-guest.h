/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A guest that kicks when it is asked to and writes over each buffer that it
 * has back, and its one client.
 */
#ifndef TESTS_DEATHS_RING_GUEST_H
#define TESTS_DEATHS_RING_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fuzz/ring-world.h"

#define NUM		4
#define TURNS_MAX	400		/* until all has come that will */
#define REUSED		0xee

/* The first three regions of data memory, as one from address 0 on. */
#define LOW_LEN		0xb08
/* The last one, in pieces. */
#define HIGH_GPA	(UINT64_MAX - 0x100)
#define PIECE		48

struct ring_guest {
	struct ring_world w;
	uint16_t used[CONSOLE_RINGS];	/* chains taken back */
	uint64_t printed, got;		/* bytes, by the guest */
	uint64_t typed, read;		/* bytes, by the client */
	bool notices;
	char text[100];
	size_t text_len;
	unsigned int heard;		/* control messages */
	uint32_t at[NUM], len[NUM];	/* of output, by slot */
};

extern struct ring_guest rguest;

/* A console with its guest's rings, all empty; and its end, with all checks. */
void rguest_begin(uint8_t overflow, bool notices);
void rguest_end(void);

/* Byte @at of the low memory. */
uint8_t *rguest_low_byte(uint32_t at);

/* A chain of one buffer; the driver kicks if the device wants it to. */
void rguest_add(unsigned int ring, uint64_t gpa, uint32_t len, bool write);
unsigned int rguest_outstanding(unsigned int ring);

/* Was the guest called? */
bool rguest_called(unsigned int ring);
/* The next used element of @ring; it has to be of the oldest chain. */
bool rguest_take(unsigned int ring, uint32_t *len);

/* Prints from low memory, and takes what has come back of it. */
void rguest_print(uint32_t at, uint32_t len);
void rguest_take_printed(void);

/* One more buffer for input. */
void rguest_add_buffer(void);

/* The client types, and reads; what it gets has to be right. */
void rguest_type(unsigned int len);
void rguest_client_reads(void);

/* No more deaths: every byte on its way comes. */
void rguest_all_arrives(void);

#endif
