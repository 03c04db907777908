# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# To add a test in C: write tests/<kind>/test-<name>.c and add its name, without
# the .c, to the list of its kind. It is linked with everything the two programs
# are made of but their main(), so a function's name is used once in the whole
# tree. To add a script: put it in check_scripts. A test that cannot run here
# calls test_skip() of tests/lib/require.h or require.sh.

unit_tests = \
	%D%/unit/test-access \
	%D%/unit/test-budget \
	%D%/unit/test-cause \
	%D%/unit/test-client \
	%D%/unit/test-client-stream \
	%D%/unit/test-closer \
	%D%/unit/test-confine \
	%D%/unit/test-ctl \
	%D%/unit/test-ctrl \
	%D%/unit/test-fd \
	%D%/unit/test-fdstore \
	%D%/unit/test-fdstore-order \
	%D%/unit/test-filter \
	%D%/unit/test-filter-own \
	%D%/unit/test-gmem \
	%D%/unit/test-gmem-map \
	%D%/unit/test-half-closed \
	%D%/unit/test-inflight \
	%D%/unit/test-jail \
	%D%/unit/test-link \
	%D%/unit/test-link-bad \
	%D%/unit/test-link-closing \
	%D%/unit/test-listen \
	%D%/unit/test-log \
	%D%/unit/test-log-stream \
	%D%/unit/test-notifier \
	%D%/unit/test-options \
	%D%/unit/test-parse \
	%D%/unit/test-pulse \
	%D%/unit/test-restart \
	%D%/unit/test-ring \
	%D%/unit/test-ring-pos \
	%D%/unit/test-skip \
	%D%/unit/test-spawn \
	%D%/unit/test-state-check \
	%D%/unit/test-state-fields \
	%D%/unit/test-statefd \
	%D%/unit/test-vis \
	%D%/unit/test-vring \
	%D%/unit/test-vring-chain \
	%D%/unit/test-vring-event \
	%D%/unit/test-vring-every \
	%D%/unit/test-vring-fetch \
	%D%/unit/test-vring-indirect \
	%D%/unit/test-vring-model \
	%D%/unit/test-vu-feature \
	%D%/unit/test-vu-in \
	%D%/unit/test-vu-mem \
	%D%/unit/test-vu-start \
	%D%/unit/test-vu-table \
	%D%/unit/test-vu-vring \
	%D%/unit/test-watch \
	%D%/unit/test-watchdog \
	%D%/unit/test-worker
proto_tests = \
	%D%/proto/test-audit \
	%D%/proto/test-bounded \
	%D%/proto/test-clients \
	%D%/proto/test-closing \
	%D%/proto/test-config \
	%D%/proto/test-console \
	%D%/proto/test-control \
	%D%/proto/test-fair \
	%D%/proto/test-flood \
	%D%/proto/test-framing \
	%D%/proto/test-hostile \
	%D%/proto/test-isolation \
	%D%/proto/test-leaks \
	%D%/proto/test-lifecycle \
	%D%/proto/test-log-bytes \
	%D%/proto/test-malformed \
	%D%/proto/test-memory \
	%D%/proto/test-notify \
	%D%/proto/test-odd-fds \
	%D%/proto/test-others-fds \
	%D%/proto/test-overflow \
	%D%/proto/test-queue-size \
	%D%/proto/test-race \
	%D%/proto/test-repeat \
	%D%/proto/test-request \
	%D%/proto/test-resume \
	%D%/proto/test-ring \
	%D%/proto/test-shrink \
	%D%/proto/test-slots \
	%D%/proto/test-state \
	%D%/proto/test-used
# Under sanitizers a worker makes other calls than the one that is released.
if !SANITIZERS
proto_tests += %D%/proto/test-attacks %D%/proto/test-syscalls
endif
# Workers that are killed or hang, again and again: some take a minute or more.
kill_tests = \
	%D%/proto/test-hang \
	%D%/proto/test-crowd \
	%D%/proto/test-kills \
	%D%/proto/test-ladder \
	%D%/proto/test-storm \
	%D%/proto/test-sweep-qemu \
	%D%/proto/test-sweep-skip \
	%D%/proto/test-sweep-uml
e2e_tests = \
	%D%/e2e/test-cli \
	%D%/e2e/test-life \
	%D%/e2e/test-nested \
	%D%/e2e/test-orphans \
	%D%/e2e/test-qemu \
	%D%/e2e/test-qemu-storm \
	%D%/e2e/test-sandbox \
	%D%/e2e/test-stdio \
	%D%/e2e/test-terminal \
	%D%/e2e/test-uml \
	%D%/e2e/test-uml-storm

# Both kinds of real guest pass the same tests.
guest_tests = \
	%D%/e2e/guest-alone.c \
	%D%/e2e/guest-shells.c \
	%D%/e2e/guest-tests.c %D%/e2e/guest-tests.h
%C%_e2e_test_qemu_SOURCES = %D%/e2e/test-qemu.c $(guest_tests)
%C%_e2e_test_uml_SOURCES = %D%/e2e/test-uml.c $(guest_tests)
guest_storm = %D%/e2e/guest-storm.c %D%/e2e/guest-storm.h
%C%_e2e_test_qemu_storm_SOURCES = %D%/e2e/test-qemu-storm.c $(guest_storm)
%C%_e2e_test_uml_storm_SOURCES = %D%/e2e/test-uml-storm.c $(guest_storm)

# Each console of a storm has a thread.
%C%_proto_test_storm_SOURCES = \
	%D%/proto/test-storm.c \
	%D%/proto/storm.h \
	%D%/proto/storm-messages.c \
	%D%/proto/storm-sessions.c \
	%D%/proto/storm-traffic.c
%C%_proto_test_storm_CFLAGS = $(AM_CFLAGS) -pthread
%C%_proto_test_storm_LDFLAGS = $(AM_LDFLAGS) -pthread

%C%_proto_test_odd_fds_SOURCES = \
	%D%/proto/test-odd-fds.c \
	%D%/proto/odd-fds.c %D%/proto/odd-fds.h

# A guest with a thread that rewrites its rings.
%C%_proto_test_race_SOURCES = \
	%D%/proto/test-race.c \
	%D%/proto/racer.c %D%/proto/racer.h

sweep_sources = \
	%D%/proto/sweep.c %D%/proto/sweep.h \
	%D%/proto/sweep-moves.c %D%/proto/sweep-moves.h \
	%D%/proto/sweep-places.c %D%/proto/sweep-places.h
%C%_proto_test_sweep_qemu_SOURCES = \
	%D%/proto/test-sweep-qemu.c $(sweep_sources)
%C%_proto_test_sweep_skip_SOURCES = \
	%D%/proto/test-sweep-skip.c $(sweep_sources)
%C%_proto_test_sweep_uml_SOURCES = \
	%D%/proto/test-sweep-uml.c $(sweep_sources)

%C%_proto_test_attacks_SOURCES = \
	%D%/proto/test-attacks.c \
	%D%/proto/attack-rows.c %D%/proto/attack-rows.h
%C%_proto_test_syscalls_SOURCES = \
	%D%/proto/test-syscalls.c \
	%D%/proto/argument-rows.c %D%/proto/argument-rows.h

# The daemon of the sweeps: its worker has a system call at each STATE_POINT().
if TESTS_IN_C
check_PROGRAMS += %D%/points/daemon %D%/points/worker
endif
%C%_points_daemon_SOURCES = supervisor/main.c supervisor/program.c
%C%_points_daemon_CPPFLAGS = -include config.h $(VDC_CPPFLAGS) \
	-DVDC_WORKER_PATH=\"$(abs_top_builddir)/%D%/points/worker\"
%C%_points_daemon_LDADD = $(vhost_device_console_LDADD)
%C%_points_worker_SOURCES = worker/main.c $(worker_libworker_a_SOURCES)
%C%_points_worker_CPPFLAGS = $(AM_CPPFLAGS) -DVDC_STATE_POINTS
%C%_points_worker_LDADD = \
	common/libcommon.a \
	$(LIBEVENT_LIBS) $(LIBCAP_NG_LIBS)

# The daemon of test-state: it shows its states.
if TESTS_IN_C
check_PROGRAMS += %D%/spy/daemon
endif
%C%_spy_daemon_SOURCES = supervisor/main.c %D%/spy/memfd.c
%C%_spy_daemon_LDADD = $(vhost_device_console_LDADD)
%C%_spy_daemon_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=memfd_create

# The kernel's part of a call, and a guest that writes between two fetches.
peer_ldflags = $(AM_LDFLAGS) -Wl,--wrap=sendmmsg -Wl,--wrap=writev
%C%_unit_test_client_LDFLAGS = $(peer_ldflags)
%C%_unit_test_client_stream_LDFLAGS = $(peer_ldflags)
%C%_unit_test_jail_SOURCES = \
	%D%/unit/test-jail.c \
	%D%/unit/jail-look.c %D%/unit/jail-look.h
%C%_unit_test_confine_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
%C%_unit_test_pulse_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_us
%C%_unit_test_skip_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=vring_put -Wl,--wrap=vring_publish
%C%_unit_test_vring_fetch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=gmem_spans

# Fuzz targets, tests/fuzz/fuzz-<name>.c, hold LLVMFuzzerTestOneInput() only.
# Without --enable-fuzzing they get the main() of replay.c, and "make check"
# replays tests/fuzz/corpus/fuzz-<name>/*; those files go to fuzz/corpus.mk.
# Each target has two lines of its own:
#   %C%_fuzz_fuzz_<name>_LDADD = $(fuzz_ldadd)
#   %C%_fuzz_fuzz_<name>_LDFLAGS = $(fuzz_ldflags)
fuzz_targets = \
	%D%/fuzz/fuzz-control \
	%D%/fuzz/fuzz-messages \
	%D%/fuzz/fuzz-options \
	%D%/fuzz/fuzz-resume \
	%D%/fuzz/fuzz-ring \
	%D%/fuzz/fuzz-supervisor
include %D%/fuzz/corpus.mk

# Worker code that calls the target before each load from guest memory.
check_LIBRARIES += %D%/fuzz/libworker.a
%C%_fuzz_libworker_a_SOURCES = $(worker_libworker_a_SOURCES)
%C%_fuzz_libworker_a_CPPFLAGS = $(AM_CPPFLAGS) -DVDC_GUEST_HOOK

# All run a worker in the target itself, and see it die between two calls.
fuzz_machine = \
	%D%/fuzz/input.h \
	%D%/fuzz/machine.c %D%/fuzz/machine.h \
	%D%/fuzz/overseer.c %D%/fuzz/overseer.h
fuzz_machine_ldflags = $(fuzz_ldflags) \
	-Wl,--wrap=sendmmsg -Wl,--wrap=recvmmsg -Wl,--wrap=recvmsg \
	-Wl,--wrap=vring_put -Wl,--wrap=vring_publish \
	-Wl,--wrap=mmap -Wl,--wrap=munmap

fuzz_front = \
	%D%/fuzz/front.c %D%/fuzz/front.h \
	%D%/fuzz/some-fd.c %D%/fuzz/some-fd.h \
	%D%/fuzz/stream.c %D%/fuzz/stream.h \
	%D%/fuzz/stream-foretell.c \
	$(fuzz_machine)

%C%_fuzz_fuzz_control_SOURCES = \
	%D%/fuzz/fuzz-control.c \
	%D%/fuzz/ctrl-guest.c %D%/fuzz/ctrl-guest.h \
	%D%/fuzz/ctrl-model.c %D%/fuzz/ctrl-model.h \
	$(fuzz_front)
%C%_fuzz_fuzz_control_LDADD = supervisor/libsupervisor.a $(fuzz_ldadd)
%C%_fuzz_fuzz_control_LDFLAGS = $(fuzz_machine_ldflags)

%C%_fuzz_fuzz_messages_SOURCES = %D%/fuzz/fuzz-messages.c $(fuzz_front)
%C%_fuzz_fuzz_messages_LDADD = supervisor/libsupervisor.a $(fuzz_ldadd)
%C%_fuzz_fuzz_messages_LDFLAGS = $(fuzz_machine_ldflags)

%C%_fuzz_fuzz_options_SOURCES = \
	%D%/fuzz/fuzz-options.c \
	%D%/fuzz/input.h \
	%D%/fuzz/options-host.c %D%/fuzz/options-host.h \
	%D%/fuzz/options-model.c %D%/fuzz/options-model.h
%C%_fuzz_fuzz_options_LDADD = \
	$(fuzz_main) \
	supervisor/libsupervisor.a \
	common/libcommon.a
%C%_fuzz_fuzz_options_LDFLAGS = $(fuzz_ldflags) \
	-Wl,--wrap=log_write -Wl,--wrap=geteuid \
	-Wl,--wrap=getpwnam -Wl,--wrap=getgrnam

%C%_fuzz_fuzz_resume_SOURCES = \
	%D%/fuzz/fuzz-resume.c \
	%D%/fuzz/state-oracle.c %D%/fuzz/state-oracle.h \
	%D%/fuzz/tamper.c %D%/fuzz/tamper.h \
	$(fuzz_front)
%C%_fuzz_fuzz_resume_LDADD = supervisor/libsupervisor.a $(fuzz_ldadd)
%C%_fuzz_fuzz_resume_LDFLAGS = $(fuzz_machine_ldflags)

%C%_fuzz_fuzz_ring_SOURCES = \
	%D%/fuzz/fuzz-ring.c \
	%D%/fuzz/ring-exact.c %D%/fuzz/ring-exact.h \
	%D%/fuzz/ring-world.c %D%/fuzz/ring-world.h \
	%D%/lib/chain-model.c \
	$(fuzz_machine)
%C%_fuzz_fuzz_ring_LDADD = supervisor/libsupervisor.a $(fuzz_ldadd)
%C%_fuzz_fuzz_ring_LDFLAGS = $(fuzz_machine_ldflags) \
	-Wl,--wrap=gmem_map -Wl,--wrap=gmem_release

%C%_fuzz_fuzz_supervisor_SOURCES = \
	%D%/fuzz/fuzz-supervisor.c \
	%D%/fuzz/input.h \
	%D%/fuzz/some-fd.c %D%/fuzz/some-fd.h \
	%D%/fuzz/sup.c %D%/fuzz/sup.h \
	%D%/fuzz/sup-check.c \
	%D%/fuzz/sup-clock.c %D%/fuzz/sup-clock.h \
	%D%/fuzz/sup-fds.c %D%/fuzz/sup-fds.h \
	%D%/fuzz/sup-log.c %D%/fuzz/sup-log.h \
	%D%/fuzz/sup-model.c %D%/fuzz/sup-model.h \
	%D%/fuzz/sup-talk.c \
	%D%/fuzz/sup-worker.c %D%/fuzz/sup-worker.h
%C%_fuzz_fuzz_supervisor_LDADD = \
	$(fuzz_main) \
	supervisor/libsupervisor.a \
	common/libcommon.a \
	$(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) $(LIBCAP_NG_LIBS)
%C%_fuzz_fuzz_supervisor_LDFLAGS = $(fuzz_ldflags) \
	-Wl,--wrap=close -Wl,--wrap=recvmsg -Wl,--wrap=sendmsg \
	-Wl,--wrap=pread -Wl,--wrap=write -Wl,--wrap=poll \
	-Wl,--wrap=waitid -Wl,--wrap=syscall -Wl,--wrap=raise \
	-Wl,--wrap=pthread_create -Wl,--wrap=pthread_cond_wait \
	-Wl,--wrap=event_new -Wl,--wrap=event_free \
	-Wl,--wrap=event_add -Wl,--wrap=event_del \
	-Wl,--wrap=event_base_dispatch -Wl,--wrap=mono_us \
	-Wl,--wrap=closer_start -Wl,--wrap=ctl_recv_all \
	-Wl,--wrap=fdstore_drop -Wl,--wrap=fdstore_set \
	-Wl,--wrap=log_stream_close \
	-Wl,--wrap=log_stream_read -Wl,--wrap=log_write_limited \
	-Wl,--wrap=restart_next -Wl,--wrap=spawn_worker \
	-Wl,--wrap=tcp_peer_closed \
	-Wl,--wrap=worker_ended -Wl,--wrap=worker_hangs \
	-Wl,--wrap=worker_msg_handle -Wl,--wrap=worker_ping

dist_noinst_SCRIPTS += %D%/fuzz/coverage
.PHONY: fuzz-coverage
fuzz-coverage:
	abs_top_builddir='$(abs_top_builddir)' MAKE='$(MAKE)' \
		$(SHELL) $(top_srcdir)/%D%/fuzz/coverage $(fuzz_targets)

clean-local: clean-fuzz-coverage
.PHONY: clean-fuzz-coverage
clean-fuzz-coverage:
	rm -rf fuzz-coverage.tmp

check_scripts = \
	%D%/build/apparmor.sh \
	%D%/build/claims.sh \
	%D%/build/hardening.sh \
	%D%/build/install.sh \
	%D%/build/layers.sh \
	%D%/build/mutants.sh \
	%D%/build/spdx.sh \
	%D%/build/threats.sh

if TESTS_IN_C
check_LIBRARIES += %D%/lib/libtest.a
endif
%C%_lib_libtest_a_SOURCES = \
	%D%/lib/attacks.c %D%/lib/attacks.h \
	%D%/lib/chain-check.c %D%/lib/chain-check.h \
	%D%/lib/chain-model.c %D%/lib/chain-model.h \
	%D%/lib/client.c %D%/lib/client.h \
	%D%/lib/command.c %D%/lib/command.h \
	%D%/lib/ctrl-talk.c %D%/lib/ctrl-talk.h \
	%D%/lib/daemon.c %D%/lib/daemon.h \
	%D%/lib/daemon-log.c \
	%D%/lib/echo.c %D%/lib/echo.h \
	%D%/lib/fe-msg.c %D%/lib/fe-msg.h \
	%D%/lib/fe-setup.c %D%/lib/fe-setup.h \
	%D%/lib/frontend.c %D%/lib/frontend.h \
	%D%/lib/gconsole.c %D%/lib/gconsole.h \
	%D%/lib/good-state.c %D%/lib/good-state.h \
	%D%/lib/gring.c %D%/lib/gring.h \
	%D%/lib/gring-notify.c \
	%D%/lib/guest.c %D%/lib/guest.h \
	%D%/lib/guest-copy.c %D%/lib/guest-copy.h \
	%D%/lib/guest-dmesg.c %D%/lib/guest-dmesg.h \
	%D%/lib/guest-pair.c %D%/lib/guest-pair.h \
	%D%/lib/guest-shell.c %D%/lib/guest-shell.h \
	%D%/lib/hog.c %D%/lib/hog.h \
	%D%/lib/inject.c %D%/lib/inject.h \
	%D%/lib/killer.c %D%/lib/killer.h \
	%D%/lib/mark-stream.c %D%/lib/mark-stream.h \
	%D%/lib/log-tail.c %D%/lib/log-tail.h \
	%D%/lib/must.c %D%/lib/must.h \
	%D%/lib/obedient.c %D%/lib/obedient.h \
	%D%/lib/ordinary.c %D%/lib/ordinary.h \
	%D%/lib/pattern.c %D%/lib/pattern.h \
	%D%/lib/peer.c %D%/lib/peer.h \
	%D%/lib/process.c %D%/lib/process.h \
	%D%/lib/pty.c %D%/lib/pty.h \
	%D%/lib/pty-shell.c %D%/lib/pty-shell.h \
	%D%/lib/pump.c %D%/lib/pump.h \
	%D%/lib/real-guest.c %D%/lib/real-guest.h \
	%D%/lib/refuse.c %D%/lib/refuse.h \
	%D%/lib/require.c %D%/lib/require.h \
	%D%/lib/ring-image.c %D%/lib/ring-image.h \
	%D%/lib/seize.c %D%/lib/seize.h \
	%D%/lib/supervised.c %D%/lib/supervised.h \
	%D%/lib/sleeper.h \
	%D%/lib/slow.c %D%/lib/slow.h \
	%D%/lib/town.c %D%/lib/town.h \
	%D%/lib/tracer.c %D%/lib/tracer.h \
	%D%/lib/traffic.c %D%/lib/traffic.h \
	%D%/lib/traffic-kills.h \
	%D%/lib/unit.h \
	%D%/lib/vhost.h \
	%D%/lib/vu-world.c %D%/lib/vu-world.h \
	%D%/lib/wait.c %D%/lib/wait.h \
	%D%/lib/world.c %D%/lib/world.h

# The default for each program that has no _LDADD of its own.
LDADD = \
	%D%/lib/libtest.a \
	supervisor/libsupervisor.a \
	worker/libworker.a \
	common/libcommon.a \
	$(CMOCKA_LIBS) $(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) $(LIBCAP_NG_LIBS)

fuzz_ldadd = \
	$(fuzz_main) \
	%D%/fuzz/libworker.a \
	common/libcommon.a \
	$(LIBEVENT_LIBS) $(LIBCAP_NG_LIBS)
fuzz_ldflags = $(AM_LDFLAGS) $(VDC_FUZZ_LDFLAGS)

if FUZZING
fuzz_main =
else
fuzz_main = %D%/fuzz/libreplay.a
check_LIBRARIES += %D%/fuzz/libreplay.a
endif
%C%_fuzz_libreplay_a_SOURCES = %D%/fuzz/replay.c

if TESTS_IN_C
AM_CFLAGS += $(CMOCKA_CFLAGS)
check_PROGRAMS += $(unit_tests) $(proto_tests) $(kill_tests) $(e2e_tests)
TESTS += $(unit_tests) $(proto_tests) $(kill_tests) $(e2e_tests)
endif
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets) $(check_scripts)

include %D%/deaths/local.mk
include %D%/model/local.mk
include %D%/mutants/local.mk

dist_noinst_SCRIPTS += $(check_scripts)
dist_noinst_DATA += %D%/THREATS.md
dist_noinst_DATA += \
	%D%/lib/require.sh \
	%D%/lib/run-test \
	$(fuzz_corpus)

# What needs no guest and takes no time, for builds that are slow.
quick_tests = $(unit_tests) $(proto_tests) $(model_tests) $(death_tests) \
	$(fuzz_targets) %D%/build/hardening.sh
.PHONY: check-quick
check-quick:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(quick_tests)'

# run-test ends a test that hangs, and hands a fuzz target its corpus.
TEST_EXTENSIONS = .sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/%D%/lib/run-test
SH_LOG_COMPILER = $(LOG_COMPILER) $(SHELL)
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	VDC_DAEMON='$(abs_top_builddir)/vhost-device-console'; \
	export VDC_DAEMON; \
	VDC_WORKER='$(abs_top_builddir)/vhost-device-console-worker'; \
	export VDC_WORKER;
