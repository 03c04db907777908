# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# What both programs use. Every .c and .h of this folder is listed here.

noinst_LIBRARIES += %D%/libcommon.a
%C%_libcommon_a_SOURCES = \
	%D%/confine.c %D%/confine.h \
	%D%/contract.h \
	%D%/ctl.c %D%/ctl.h \
	%D%/fd.c %D%/fd.h \
	%D%/log.c %D%/log.h \
	%D%/mono.c %D%/mono.h \
	%D%/parse.c %D%/parse.h \
	%D%/state.h \
	%D%/state_point.h \
	%D%/userns.c %D%/userns.h \
	%D%/vis.c %D%/vis.h
