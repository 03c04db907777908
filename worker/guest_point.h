/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * GUEST_POINT() stands before each load of what a guest may change at the same
 * time. It is nothing but in the worker of the fuzz targets, whose guest changes
 * it there.
 */
#ifndef WORKER_GUEST_POINT_H
#define WORKER_GUEST_POINT_H

#ifdef VDC_GUEST_HOOK

void guest_hook(const void *at);

#define GUEST_POINT(at)	guest_hook(at)

#else

#define GUEST_POINT(at)	((void)0)

#endif

#endif
