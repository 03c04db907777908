# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

# VDC_ARG_HARDENING
# Position-independent programs with read-only relocations, a stack that is
# protected and not executable, and checked libc calls. Each flag is tried by
# itself. _FORTIFY_SOURCE is set in config.h, so that a CFLAGS given to make
# later on still decides.
AC_DEFUN([VDC_ARG_HARDENING], [
  AC_ARG_ENABLE([hardening],
    [AS_HELP_STRING([--disable-hardening],
      [do not add hardening flags to the packager's])],
    [], [enable_hardening=yes])
  AS_IF([test "x$enable_hardening" = xyes], [
    VDC_APPEND_CFLAGS([-fstack-protector-strong -fstack-clash-protection \
      -fcf-protection -ftrivial-auto-var-init=zero -fPIE])
    VDC_APPEND_LDFLAGS([-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack])
    AC_DEFINE([VDC_HARDENING], [1], [Built with the hardening flags])
  ])
  AH_BOTTOM([/* Checked libc calls, unless the packager or a sanitizer has them. */
#if defined VDC_HARDENING && !defined VDC_SANITIZERS && \
    defined __OPTIMIZE__ && !defined _FORTIFY_SOURCE
# define _FORTIFY_SOURCE 2
#endif])
  AM_CONDITIONAL([HARDENING], [test "x$enable_hardening" = xyes])
])
