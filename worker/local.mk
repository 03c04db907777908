# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The worker. All but main.c is a library that the tests link too. Every .c and
# .h of this folder is listed here.

pkglibexec_PROGRAMS += vhost-device-console-worker
vhost_device_console_worker_SOURCES = %D%/main.c
vhost_device_console_worker_LDADD = \
	%D%/libworker.a \
	common/libcommon.a \
	$(LIBEVENT_LIBS) $(LIBCAP_NG_LIBS)

noinst_LIBRARIES += %D%/libworker.a
%C%_libworker_a_SOURCES = \
	%D%/budget.c %D%/budget.h \
	%D%/client.c %D%/client.h \
	%D%/clients.c %D%/clients.h \
	%D%/clients_hold.c \
	%D%/console.c %D%/console.h \
	%D%/console_ctrl.c \
	%D%/console_rx.c \
	%D%/console_tx.c \
	%D%/control.c %D%/control.h \
	%D%/ctrl.c %D%/ctrl.h \
	%D%/device.h \
	%D%/fault.c %D%/fault.h \
	%D%/gmem.c %D%/gmem.h \
	%D%/guest_point.h \
	%D%/handover.c %D%/handover.h \
	%D%/jail.c %D%/jail.h \
	%D%/jail_landlock.c \
	%D%/jail_rights.c \
	%D%/jail_space.c \
	%D%/loop.c %D%/loop.h \
	%D%/proof.c %D%/proof.h \
	%D%/pulse.h \
	%D%/ring.c %D%/ring.h \
	%D%/ring_pos.c %D%/ring_pos.h \
	%D%/state_check.c %D%/state_check.h \
	%D%/terminal.c %D%/terminal.h \
	%D%/virtio_ring.h \
	%D%/vq.c %D%/vq.h \
	%D%/vring.c %D%/vring.h \
	%D%/vu.c %D%/vu.h \
	%D%/vu_config.c \
	%D%/vu_feature.c \
	%D%/vu_handlers.h \
	%D%/vu_in.c %D%/vu_in.h \
	%D%/vu_mem.c \
	%D%/vu_out.c %D%/vu_out.h \
	%D%/vu_proto.h \
	%D%/vu_sync.c %D%/vu_sync.h \
	%D%/vu_table.c %D%/vu_table.h \
	%D%/vu_vring.c
