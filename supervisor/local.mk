# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The daemon. All but main.c is a library that the tests link too. Every .c and
# .h of this folder is listed here.

bin_PROGRAMS += vhost-device-console
vhost_device_console_SOURCES = %D%/main.c
vhost_device_console_LDADD = \
	%D%/libsupervisor.a \
	common/libcommon.a \
	$(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) $(LIBCAP_NG_LIBS)

noinst_LIBRARIES += %D%/libsupervisor.a
%C%_libsupervisor_a_SOURCES = \
	%D%/accept.c %D%/accept.h \
	%D%/access.c %D%/access.h \
	%D%/attach.c %D%/attach.h \
	%D%/caretaker.c %D%/caretaker.h \
	%D%/cause.c %D%/cause.h \
	%D%/closer.c %D%/closer.h \
	%D%/console.c %D%/console.h \
	%D%/fdstore.c %D%/fdstore.h \
	%D%/filter.c %D%/filter.h \
	%D%/half_closed.c %D%/half_closed.h \
	%D%/identity.c %D%/identity.h \
	%D%/jobctl.c %D%/jobctl.h \
	%D%/listen.c %D%/listen.h \
	%D%/log_stream.c %D%/log_stream.h \
	%D%/notifier.c %D%/notifier.h \
	%D%/option_value.c %D%/option_value.h \
	%D%/options.c %D%/options.h \
	%D%/own_jail.c %D%/own_jail.h \
	%D%/program.c %D%/program.h \
	%D%/restart.c %D%/restart.h \
	%D%/rights.c %D%/rights.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/serve.c %D%/serve.h \
	%D%/socket_file.c %D%/socket_file.h \
	%D%/spawn.c %D%/spawn.h \
	%D%/statefd.c %D%/statefd.h \
	%D%/supervise.c %D%/supervise.h \
	%D%/syscalls.h \
	%D%/syscalls_own.h \
	%D%/tcp_peer.c %D%/tcp_peer.h \
	%D%/tty.c %D%/tty.h \
	%D%/turn.c %D%/turn.h \
	%D%/watch.c %D%/watch.h \
	%D%/watchdog.c %D%/watchdog.h \
	%D%/worker.c %D%/worker.h \
	%D%/worker_end.c %D%/worker_end.h \
	%D%/worker_link.c %D%/worker_link.h \
	%D%/worker_log.c %D%/worker_log.h \
	%D%/worker_msg.c %D%/worker_msg.h
