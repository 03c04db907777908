/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/jail.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"
#include "common/userns.h"
#include "worker/proof.h"

#define FILTER_LEN_MAX	4096

struct program {
	struct sock_filter insn[FILTER_LEN_MAX];
	struct sock_fprog prog;
};

/* Takes the program from @fd, and closes that. */
static int read_program(struct program *p, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || (size_t)st.st_size > sizeof(p->insn) ||
	    (size_t)st.st_size % sizeof(p->insn[0]))
		return -ENOEXEC;
	if (pread(fd, p->insn, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	close(fd);
	p->prog.filter = p->insn;
	p->prog.len = (unsigned short)((size_t)st.st_size /
				       sizeof(p->insn[0]));
	return 0;
}

static int load_program(const struct program *p)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p->prog) != 0)
		return -errno;
	return 0;
}

/*
 * Should: load the supervisor's seccomp program, once a first one that only
 * traps has shown that nothing we need is missing. Last: what came before
 * needs calls that it kills for.
 */
int jail_filter(void)
{
	static struct program proof, filter;
	int err = read_program(&proof, WORKER_FD_PROOF);

	if (!err)
		err = read_program(&filter, WORKER_FD_FILTER);
	if (!err)
		err = load_program(&proof);
	if (!err)
		err = proof_run();
	return err ? err : load_program(&filter);
}

const struct jail_layer jail_layers[] = {
	{ "user", jail_user, true },
	{ "user namespace", jail_user_namespace, false },
	{ "mount namespace", jail_mount_namespace, false },
	{ "network namespace", jail_network_namespace, false },
	{ "ipc namespace", jail_ipc_namespace, false },
	{ "uts namespace", jail_uts_namespace, false },
	{ "cgroup namespace", jail_cgroup_namespace, false },
	{ "empty root", jail_empty_root, false },
	{ "resource limits", jail_limits, true },
	{ "securebits", jail_securebits, false },
	{ "capabilities", jail_capabilities, true },
	{ "no_new_privs", jail_no_new_privs, true },
	{ "MDWE", jail_exec_gain, false },
	{ "Landlock", jail_landlock, false },
	{ "not dumpable", jail_not_dumpable, true },
	{ "parent death signal", jail_parent_death, true },
	{ "seccomp", jail_filter, true },
};

const unsigned int jail_layer_count =
	sizeof(jail_layers) / sizeof(jail_layers[0]);

/* Settings of the host forbid namespaces; nothing there forbids the others. */
static const char *forbidden_by(const struct jail_layer *layer, int err,
				char *out, size_t size)
{
	if (strstr(layer->name, "namespace") || strstr(layer->name, "root"))
		return userns_forbidden_by(err, out, size);
	return "a container or a security module";
}

static void refuse(const struct jail_layer *layer, int err, bool fatal,
		   bool tell)
{
	char words[160];
	const char *by = forbidden_by(layer, err, words, sizeof(words));

	if (fatal && layer->always) {
		log_error("sandbox: %s: %s", layer->name, strerror(-err));
	} else if (fatal) {
		log_error("sandbox: %s: %s, forbidden by %s; --sandbox=best-effort goes on without it",
			  layer->name, strerror(-err), by);
	} else if (tell) {
		log_warn("sandbox: workers run without %s: %s, forbidden by %s",
			 layer->name, strerror(-err), by);
	}
	if (fatal)
		_Exit(WORKER_EXIT_JAIL);
}

void jail_enter(enum sandbox_policy policy, bool tell)
{
	for (unsigned int i = 0; i < jail_layer_count; i++) {
		const struct jail_layer *layer = &jail_layers[i];
		int err = layer->enter();

		if (err == JAIL_LACKING && tell)
			log_warn("sandbox: workers run without %s: this kernel has none",
				 layer->name);
		if (err < 0)
			refuse(layer, err, layer->always ||
					   policy == SANDBOX_STRICT, tell);
	}
}
