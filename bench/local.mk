# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Built by "make bench", never by "make" or "make check".

bench_programs = \
	%D%/bench

%C%_bench_SOURCES = \
	%D%/bench.c \
	%D%/ideal.c %D%/ideal.h \
	%D%/interruption.c %D%/interruption.h \
	%D%/load.c %D%/load.h \
	%D%/neighbours.c %D%/neighbours.h \
	%D%/rig.c %D%/rig.h

dist_noinst_DATA += \
	%D%/README.md

EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)

.PHONY: bench
bench: $(bench_programs)
