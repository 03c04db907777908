# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Built by "make bench", never by "make" or "make check".

bench_programs =

EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)

.PHONY: bench
bench: $(bench_programs)
