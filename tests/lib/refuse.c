/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/refuse.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

int refuse_calls(const struct refusal *list)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = ctx == NULL ? -ENOMEM : 0;

	for (const struct refusal *r = list; err == 0 && r->call != NULL; r++) {
		const struct scmp_arg_cmp cmp = {
			.arg = r->arg < 0 ? 0 : (unsigned int)r->arg,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = r->mask,
			.datum_b = r->value,
		};

		err = seccomp_rule_add_array(ctx,
			SCMP_ACT_ERRNO((unsigned int)r->error),
			seccomp_syscall_resolve_name(r->call), r->arg >= 0,
			&cmp);
	}
	if (err == 0)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}
