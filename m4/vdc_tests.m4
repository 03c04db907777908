# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

# VDC_ARG_TESTS
# The tests in C want cmocka: used when it is there, unless told otherwise.
AC_DEFUN([VDC_ARG_TESTS], [
  AC_ARG_ENABLE([tests],
    [AS_HELP_STRING([--enable-tests],
      [fail if the tests in C cannot be built; --disable-tests does not even
       look @<:@auto@:>@])],
    [], [enable_tests=auto])
  vdc_tests=no
  AS_IF([test "x$enable_tests" != xno], [
    PKG_CHECK_MODULES([CMOCKA], [cmocka >= 1.1.5], [vdc_tests=yes], [
      AS_IF([test "x$enable_tests" = xyes],
        [AC_MSG_ERROR([--enable-tests wants cmocka >= 1.1.5: $CMOCKA_PKG_ERRORS])])
    ])
  ])
  AM_CONDITIONAL([TESTS_IN_C], [test "x$vdc_tests" = xyes])
])
