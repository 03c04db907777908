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
      -fcf-protection -fno-strict-aliasing -ftrivial-auto-var-init=zero -fPIE])
    dnl Before its version 16 clang wants to be told twice.
    vdc_twice=-enable-trivial-auto-var-init-zero
    vdc_twice=$vdc_twice-knowing-it-will-be-removed-from-clang
    AS_CASE([$VDC_CFLAGS], [*-ftrivial-auto-var-init=zero*], [],
      [VDC_APPEND_CFLAGS(["-ftrivial-auto-var-init=zero $vdc_twice"])])
    VDC_APPEND_LDFLAGS([-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack])
    AC_DEFINE([VDC_HARDENING], [1], [Built with the hardening flags])
    VDC_FORTIFY_LEVEL
  ])
  AH_BOTTOM([/* Checked libc calls, unless the packager or a sanitizer has them. */
#if defined VDC_HARDENING && !defined VDC_SANITIZERS && \
    defined __OPTIMIZE__ && !defined _FORTIFY_SOURCE
# define _FORTIFY_SOURCE VDC_FORTIFY
#endif])
  AM_CONDITIONAL([HARDENING], [test "x$enable_hardening" = xyes])
])

# VDC_FORTIFY_LEVEL
# The third level also checks sizes that are only known at run time; compilers
# and libcs that do not have it say so.
AC_DEFUN([VDC_FORTIFY_LEVEL], [
  AC_MSG_CHECKING([for the level of _FORTIFY_SOURCE])
  vdc_saved_CFLAGS=$CFLAGS
  CFLAGS="-O2 -Werror"
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[#undef _FORTIFY_SOURCE
#define _FORTIFY_SOURCE 3
#include <string.h>
int main(void) { return 0; }]])],
    [vdc_fortify=3], [vdc_fortify=2])
  CFLAGS=$vdc_saved_CFLAGS
  AC_MSG_RESULT([$vdc_fortify])
  AC_DEFINE_UNQUOTED([VDC_FORTIFY], [$vdc_fortify],
    [Level of _FORTIFY_SOURCE])
])
