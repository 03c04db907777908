# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Patches that break a rule each, which the suite has to notice.

mutants = \
	%D%/bound-avail-jump.patch \
	%D%/bound-chain-loop.patch \
	%D%/bound-fetch-twice.patch \
	%D%/bound-file-end.patch \
	%D%/bound-indirect-next.patch \
	%D%/bound-input-buffers.patch \
	%D%/bound-payload-size.patch \
	%D%/bound-payload.patch \
	%D%/bound-region-wrap.patch \
	%D%/bound-ring-end.patch \
	%D%/bound-span-end.patch \
	%D%/bound-spans.patch \
	%D%/call-not-repeated.patch \
	%D%/commit-not-repeated.patch \
	%D%/control-owed.patch \
	%D%/control-publish-before-switch.patch \
	%D%/copy-before-tail.patch \
	%D%/generation-at-start.patch \
	%D%/input-counted-by-us.patch \
	%D%/input-generation.patch \
	%D%/jail-bounding-set.patch \
	%D%/jail-exec-gain.patch \
	%D%/jail-filter-argument.patch \
	%D%/jail-filter-default.patch \
	%D%/jail-filter-seals.patch \
	%D%/jail-foreign-calls.patch \
	%D%/jail-landlock.patch \
	%D%/jail-limits.patch \
	%D%/jail-memory.patch \
	%D%/jail-network.patch \
	%D%/jail-root-pivot.patch \
	%D%/jail-root-user.patch \
	%D%/kick-not-assumed.patch \
	%D%/mark-cursor.patch \
	%D%/open-chain-offset.patch \
	%D%/output-publish-before-switch.patch \
	%D%/peeked-fds.patch \
	%D%/put-after-consume.patch \
	%D%/reply-outside-session.patch \
	%D%/send-counted-by-us.patch

dist_noinst_SCRIPTS += %D%/run
dist_noinst_DATA += $(mutants)

.PHONY: mutants
mutants:
	abs_top_builddir='$(abs_top_builddir)' MAKE='$(MAKE)' \
		$(SHELL) $(top_srcdir)/%D%/run $(MUTANTS)

clean-local: clean-mutants
.PHONY: clean-mutants
clean-mutants:
	rm -rf mutants.tmp
