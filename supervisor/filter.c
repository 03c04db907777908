/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum argument_check {
	CHECK_NOTHING,
	CHECK_VALUE,			/* argument == value */
	CHECK_WITHOUT,			/* argument & value == 0 */
};

struct filter_row {
	const char *name;
	enum argument_check check;
	unsigned int arg;
	unsigned int value;
};

#define ALLOW(name)			{ #name, CHECK_NOTHING, 0, 0 },
#define ALLOW_VALUE(name, arg, value)	{ #name, CHECK_VALUE, arg, value },
#define ALLOW_WITHOUT(name, arg, bits)	{ #name, CHECK_WITHOUT, arg, bits },

static const struct filter_row worker_rows[] = {
#include "supervisor/syscalls.h"
};

/* Remove the sockets, restore the terminal, end. */
static const struct filter_row caretaker_rows[] = {
	ALLOW(read)
	ALLOW(write)
	ALLOW(newfstatat)
	ALLOW(fstatat64)
	ALLOW(unlinkat)
	ALLOW_VALUE(ioctl, 1, TCGETS)
	ALLOW_VALUE(ioctl, 1, TCSETS)
#ifdef TCGETS2				/* tcgetattr() since glibc 2.42 */
	ALLOW_VALUE(ioctl, 1, TCGETS2)
	ALLOW_VALUE(ioctl, 1, TCSETS2)
#endif
	ALLOW(rt_sigprocmask)
	ALLOW(restart_syscall)
	ALLOW(exit_group)
#ifdef VDC_SANITIZERS
	ALLOW(mmap)
	ALLOW(munmap)
	ALLOW(madvise)
	ALLOW(close)
	ALLOW(getpid)
#endif
};

#define COUNT(rows)	(sizeof(rows) / sizeof((rows)[0]))

static int add_row(scmp_filter_ctx ctx, const struct filter_row *row)
{
	int call = seccomp_syscall_resolve_name(row->name);
	struct scmp_arg_cmp cmp = { .arg = row->arg };
	int err;

	/* Negative: another machine's call. */
	if (call < 0)
		return 0;
	switch (row->check) {
	case CHECK_VALUE:
		cmp.op = SCMP_CMP_MASKED_EQ;
		cmp.datum_a = UINT32_MAX;
		cmp.datum_b = row->value;
		break;
	case CHECK_WITHOUT:
		cmp.op = SCMP_CMP_MASKED_EQ;
		cmp.datum_a = row->value;
		cmp.datum_b = 0;
		break;
	case CHECK_NOTHING:
		break;
	}
	err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call,
				     row->check != CHECK_NOTHING, &cmp);
	return err == -EEXIST ? 0 : err;
}

/* Returns NULL when out of memory, or when a rule cannot be had. */
static scmp_filter_ctx new_filter(const struct filter_row *rows, size_t n)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!ctx)
		return NULL;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			       SCMP_ACT_KILL_PROCESS);
	/* A tree instead of a list; if it is refused, that only costs time. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; !err && i < n; i++)
		err = add_row(ctx, &rows[i]);
	if (!err)
		return ctx;
	seccomp_release(ctx);
	return NULL;
}

/* Returns the memfd or -errno. */
static int export(scmp_filter_ctx ctx)
{
	int fd = memfd_create("filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(ctx, fd);
	if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
					   F_SEAL_WRITE | F_SEAL_SEAL))
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

int filter_for_workers(void)
{
	scmp_filter_ctx ctx = new_filter(worker_rows, COUNT(worker_rows));
	int fd;

	if (!ctx)
		return -ENOMEM;
	fd = export(ctx);
	seccomp_release(ctx);
	return fd;
}

int filter_enter_caretaker(void)
{
	scmp_filter_ctx ctx = new_filter(caretaker_rows,
					 COUNT(caretaker_rows));
	int err;

	if (!ctx)
		return -ENOMEM;
	err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}
