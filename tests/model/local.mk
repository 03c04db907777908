# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The models: nothing of the two programs is linked to them.

model_tests = \
	%D%/test-model

%C%_test_model_SOURCES = \
	%D%/control.c %D%/control.h \
	%D%/control-worker.c \
	%D%/explore.c \
	%D%/input.c %D%/input.h \
	%D%/input-worker.c \
	%D%/main.c \
	%D%/messages.c %D%/messages.h \
	%D%/messages-worker.c \
	%D%/model.h \
	%D%/output.c %D%/output.h \
	%D%/output-worker.c \
	%D%/queue.c %D%/queue.h
%C%_test_model_LDADD =

check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)

# All sizes: minutes, and a few GiB of memory.
.PHONY: model
model: $(model_tests)
	VDC_MODEL=deep $(model_tests)
