/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/spawn.h"

enum argument_check {
	CHECK_NOTHING,
	CHECK_VALUE,			/* argument == value */
	CHECK_WITHOUT,			/* argument & value == 0 */
	CHECK_WITH,			/* argument & value == value */
	CHECK_NULL,			/* all of a pointer's bits are 0 */
};

#define CHECKS_MAX	3

struct filter_check {
	enum argument_check kind;
	unsigned int arg;
	unsigned int value;
};

struct filter_row {
	const char *name;
	struct filter_check check[CHECKS_MAX];
};

#define VALUE(arg, value)		{ CHECK_VALUE, arg, value }
#define WITHOUT(arg, bits)		{ CHECK_WITHOUT, arg, bits }
#define WITH(arg, bits)			{ CHECK_WITH, arg, bits }
#define NO_POINTER(arg)			{ CHECK_NULL, arg, 0 }

#define ALLOW(name)			{ #name, { { 0 } } },
#define ALLOW_VALUE(name, arg, value)	{ #name, { VALUE(arg, value) } },
#define ALLOW_WITHOUT(name, arg, bits)	{ #name, { WITHOUT(arg, bits) } },
#define ALLOW_WITH(name, arg, bits)	{ #name, { WITH(arg, bits) } },
#define ALLOW_BOTH(name, check, other)	{ #name, { check, other } },
#define ALLOW_SELF(name, sig)						\
	{ #name, { VALUE(0, 1), VALUE(1, 1), VALUE(2, sig) } },

#ifdef __s390__
#define CLONE_FLAGS_ARG		1
#else
#define CLONE_FLAGS_ARG		0
#endif

static const struct filter_row worker_rows[] = {
#include "supervisor/syscalls.h"
};

static const struct filter_row supervisor_rows[] = {
#include "supervisor/syscalls_own.h"
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

static struct scmp_arg_cmp compare(const struct filter_check *check)
{
	struct scmp_arg_cmp cmp = {
		.arg = check->arg,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = UINT32_MAX,
		.datum_b = check->value,
	};

	switch (check->kind) {
	case CHECK_NOTHING:
	case CHECK_VALUE:
		break;
	case CHECK_WITHOUT:
		cmp.datum_a = check->value;
		cmp.datum_b = 0;
		break;
	case CHECK_WITH:
		cmp.datum_a = check->value;
		break;
	case CHECK_NULL:
		cmp.datum_a = UINT64_MAX;
		break;
	}
	return cmp;
}

static int add_row(scmp_filter_ctx ctx, const struct filter_row *row)
{
	int call = seccomp_syscall_resolve_name(row->name);
	struct scmp_arg_cmp cmp[CHECKS_MAX];
	unsigned int n = 0;
	int err;

	/* Negative: another machine's call. */
	if (call < 0)
		return 0;
	while (n < CHECKS_MAX && row->check[n].kind != CHECK_NOTHING) {
		cmp[n] = compare(&row->check[n]);
		n++;
	}
	err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, n, cmp);
	return err == -EEXIST ? 0 : err;
}

static int add_rows(scmp_filter_ctx ctx, const struct filter_row *rows,
		    size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = add_row(ctx, &rows[i]);
	return err;
}

/* Returns NULL when this kernel has or grants none, or out of memory. */
static scmp_filter_ctx new_filter(uint32_t otherwise,
				  const struct filter_row *rows, size_t n)
{
	scmp_filter_ctx ctx = seccomp_init(otherwise);
	int err;

	if (!ctx)
		return NULL;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			       SCMP_ACT_KILL_PROCESS);
	/* A tree instead of a list; if it is refused, that only costs time. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		err = add_rows(ctx, rows, n);
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
	scmp_filter_ctx ctx = new_filter(SCMP_ACT_KILL_PROCESS, worker_rows,
					 COUNT(worker_rows));
	int fd;

	if (!ctx)
		return -EOPNOTSUPP;
	fd = export(ctx);
	seccomp_release(ctx);
	return fd;
}

int filter_for_proof(void)
{
	static const struct filter_row next[] = { ALLOW(seccomp) };
	scmp_filter_ctx ctx = new_filter(SCMP_ACT_TRAP, worker_rows,
					 COUNT(worker_rows));
	int fd;

	if (!ctx)
		return -EOPNOTSUPP;
	fd = add_rows(ctx, next, COUNT(next));
	if (!fd)
		fd = export(ctx);
	seccomp_release(ctx);
	return fd;
}

const char *filter_call_name(unsigned int nr, char *out, size_t size)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
						      (int)nr);

	if (name)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "number %u", nr);
	free(name);
	return out;
}

int filter_enter_caretaker(void)
{
	scmp_filter_ctx ctx = new_filter(SCMP_ACT_KILL_PROCESS, caretaker_rows,
					 COUNT(caretaker_rows));
	int err;

	if (!ctx)
		return -EOPNOTSUPP;
	err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

int filter_enter_supervisor(void)
{
	scmp_filter_ctx ctx = new_filter(SCMP_ACT_ERRNO(ENOSYS),
					 supervisor_rows,
					 COUNT(supervisor_rows));
	int err;

	if (!ctx)
		return -EOPNOTSUPP;
	err = add_rows(ctx, worker_rows, COUNT(worker_rows));
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}
