/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What Linux's virtio_console does with the four rings.
 */
#ifndef TESTS_LIB_GCONSOLE_H
#define TESTS_LIB_GCONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/guest.h"

/* Prints: chains of at most a buffer, kicked, then waited for, length 0. */
void guest_print(struct guest *g, const void *data, size_t len);
void guest_print_text(struct guest *g, const char *text);
void guest_print_pattern(struct guest *g, uint64_t at, size_t len);

/* The same without waiting; @len is at most a buffer. */
void guest_print_start(struct guest *g, const void *data, size_t len);
/* Takes what has come back of it. */
void guest_print_collect(struct guest *g);

/* Makes every free descriptor of a ring a buffer for the device, and kicks. */
void guest_fill(struct guest *g, enum ring_role ring);

/*
 * The next buffer with input, which goes back to the device. Returns the
 * bytes, 0 if none comes within @ms. @size is at least a buffer.
 */
size_t guest_read(struct guest *g, void *data, size_t size, unsigned int ms);
void guest_expect_input(struct guest *g, const void *data, size_t len);
void guest_expect_text(struct guest *g, const char *text);
void guest_expect_input_pattern(struct guest *g, uint64_t at, size_t len);
/* Nothing came, once all that was sent before is through. */
void guest_expect_no_input(struct guest *g, unsigned int ms);

/* Control messages of 8 bytes. */
#define CTRL_ANY	(-1)
void guest_ctrl_send(struct guest *g, uint32_t id, uint16_t event,
		     uint16_t value);
void guest_ctrl_expect(struct guest *g, uint32_t id, uint16_t event, int value);
void guest_ctrl_expect_none(struct guest *g, unsigned int ms);

/* Everything from DEVICE_READY to an open console, RX filled. */
void guest_boot(struct guest *g);

#endif
