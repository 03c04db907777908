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
	{ "user", jail_user, JAIL_ALWAYS },
	{ "user namespace", jail_user_namespace, JAIL_NAMESPACE },
	{ "mount namespace", jail_mount_namespace, JAIL_NAMESPACE },
	{ "network namespace", jail_network_namespace, JAIL_NAMESPACE },
	{ "ipc namespace", jail_ipc_namespace, JAIL_NAMESPACE },
	{ "uts namespace", jail_uts_namespace, JAIL_NAMESPACE },
	{ "cgroup namespace", jail_cgroup_namespace, JAIL_NAMESPACE },
	{ "empty root", jail_empty_root, JAIL_NAMESPACE },
	{ "resource limits", jail_limits, JAIL_ALWAYS },
	{ "securebits", jail_securebits, JAIL_OPTIONAL },
	{ "capabilities", jail_capabilities, JAIL_ALWAYS },
	{ "no_new_privs", jail_no_new_privs, JAIL_ALWAYS },
	{ "MDWE", jail_exec_gain, JAIL_OPTIONAL },
	{ "Landlock", jail_landlock, JAIL_OPTIONAL },
	{ "not dumpable", jail_not_dumpable, JAIL_ALWAYS },
	{ "parent death signal", jail_parent_death, JAIL_ALWAYS },
	{ "seccomp", jail_filter, JAIL_ALWAYS },
};

const unsigned int jail_layer_count =
	sizeof(jail_layers) / sizeof(jail_layers[0]);

static void refuse(const struct jail_layer *layer, int err, bool fatal,
		   bool tell)
{
	char words[160];
	const char *by = "a container or a security module";

	if (layer->kind == JAIL_NAMESPACE)
		by = userns_forbidden_by(err, words, sizeof(words));
	if (fatal && layer->kind == JAIL_ALWAYS) {
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
			refuse(layer, err, layer->kind == JAIL_ALWAYS ||
					   policy == SANDBOX_STRICT, tell);
	}
}
