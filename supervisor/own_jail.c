/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/own_jail.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>

#include "common/confine.h"
#include "common/log.h"
#include "supervisor/filter.h"
#include "supervisor/rights.h"

struct limit {
	int resource;
	rlim_t value;
};

static int lower(const struct limit *limits, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = confine_limit(limits[i].resource, limits[i].value);
	return err;
}

static int judge(const char *who, const char *layer, int err,
		 enum sandbox_policy policy)
{
	if (err >= 0)
		return 0;
	if (policy == SANDBOX_STRICT)
		log_error("sandbox: %s for the %s: %s, forbidden by a container or a security module; --sandbox=best-effort goes on without it",
			  layer, who, strerror(-err));
	else
		log_warn("sandbox: the %s runs without %s: %s, forbidden by a container or a security module",
			 who, layer, strerror(-err));
	return policy == SANDBOX_STRICT ? err : 0;
}

int own_jail_begin(enum sandbox_policy policy)
{
	static const struct limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_NICE, 0 },
		{ RLIMIT_RTPRIO, 0 },
	};
	int err = lower(limits, sizeof(limits) / sizeof(limits[0]));

	if (err) {
		log_error("sandbox: resource limits: %s", strerror(-err));
		return err;
	}
	return judge("supervisor", "MDWE", confine_exec_gain(), policy);
}

struct own_jail_report own_jail_caretaker(int folder)
{
	static const struct limit limits[] = {
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_NOFILE, 0 },
		{ RLIMIT_FSIZE, 0 },
	};
	struct own_jail_report report = {
		.err = rights_keep_one(CAP_DAC_OVERRIDE),
	};

	if (!report.err) {
		report.landlock = confine_landlock(true, folder);
		report.err = lower(limits, sizeof(limits) / sizeof(limits[0]));
	}
	if (!report.err)
		report.err = filter_enter_caretaker();
	return report;
}

int own_jail_judge_caretaker(const struct own_jail_report *report,
			     enum sandbox_policy policy)
{
	if (report->err) {
		log_error("sandbox: the caretaker: %s", strerror(-report->err));
		return report->err;
	}
	return judge("caretaker", "Landlock", report->landlock, policy);
}

int own_jail_supervisor(enum sandbox_policy policy)
{
	int err = judge("supervisor", "Landlock", confine_landlock(false, -1),
			policy);

	if (err)
		return err;
	err = filter_enter_supervisor();
	if (err)
		log_error("sandbox: seccomp for the supervisor: %s",
			  strerror(-err));
	return err;
}
