# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Worker code that calls the test at each STATE_POINT(), on the fuzz targets'
# machine.

death_tests = \
	%D%/test-message-deaths \
	%D%/test-ring-deaths

check_LIBRARIES += %D%/libworker.a
%C%_libworker_a_SOURCES = $(worker_libworker_a_SOURCES)
%C%_libworker_a_CPPFLAGS = $(AM_CPPFLAGS) -DVDC_STATE_HOOK

deaths_ldadd = \
	%D%/libworker.a \
	supervisor/libsupervisor.a \
	common/libcommon.a \
	$(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) $(LIBCAP_NG_LIBS)

%C%_test_message_deaths_SOURCES = \
	%D%/test-message-deaths.c \
	%D%/deaths.c %D%/deaths.h \
	tests/fuzz/stream.c tests/fuzz/stream.h \
	tests/fuzz/stream-foretell.c \
	$(fuzz_machine)
%C%_test_message_deaths_CPPFLAGS = $(AM_CPPFLAGS) -DVDC_STATE_HOOK
%C%_test_message_deaths_LDADD = $(deaths_ldadd)
%C%_test_message_deaths_LDFLAGS = $(fuzz_machine_ldflags)

%C%_test_ring_deaths_SOURCES = \
	%D%/test-ring-deaths.c \
	%D%/deaths.c %D%/deaths.h \
	%D%/ring-guest.c %D%/ring-guest.h \
	tests/fuzz/ring-world.c tests/fuzz/ring-world.h \
	$(fuzz_machine)
%C%_test_ring_deaths_CPPFLAGS = $(AM_CPPFLAGS) -DVDC_STATE_HOOK
%C%_test_ring_deaths_LDADD = $(deaths_ldadd)
%C%_test_ring_deaths_LDFLAGS = $(fuzz_machine_ldflags) \
	-Wl,--wrap=gmem_map -Wl,--wrap=gmem_release

check_PROGRAMS += $(death_tests)
TESTS += $(death_tests)
