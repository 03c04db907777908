# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

# VDC_ARG_INSTRUMENTATION
# --enable-sanitizers[=LIST], --enable-fuzzing, --enable-coverage.
AC_DEFUN([VDC_ARG_INSTRUMENTATION], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
      [build with these sanitizers @<:@address,undefined@:>@])],
    [], [enable_sanitizers=no])
  AC_ARG_ENABLE([fuzzing],
    [AS_HELP_STRING([--enable-fuzzing],
      [build tests/fuzz/fuzz-* for libFuzzer; needs clang])],
    [], [enable_fuzzing=no])
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [count what the tests run, for gcov])],
    [], [enable_coverage=no])

  AS_IF([test "x$enable_sanitizers" = xyes],
    [enable_sanitizers=address,undefined])
  AS_IF([test "x$enable_sanitizers" != xno], [
    VDC_CFLAGS="$VDC_CFLAGS -fsanitize=$enable_sanitizers"
    VDC_CFLAGS="$VDC_CFLAGS -fno-sanitize-recover=all -fno-omit-frame-pointer"
    VDC_LDFLAGS="$VDC_LDFLAGS -fsanitize=$enable_sanitizers"
    VDC_MUST_LINK([--enable-sanitizers=$enable_sanitizers])
    AC_DEFINE([VDC_SANITIZERS], [1], [Built with sanitizers])
  ])
  AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" != xno])

  VDC_FUZZ_LDFLAGS=
  AS_IF([test "x$enable_fuzzing" = xyes], [
    VDC_CFLAGS="$VDC_CFLAGS -fsanitize=fuzzer-no-link"
    VDC_LDFLAGS="$VDC_LDFLAGS -fsanitize=fuzzer-no-link"
    VDC_FUZZ_LDFLAGS=-fsanitize=fuzzer
    VDC_MUST_LINK([--enable-fuzzing])
    AC_DEFINE([VDC_FUZZING], [1], [Built for libFuzzer])
  ])
  AC_SUBST([VDC_FUZZ_LDFLAGS])
  AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])

  AS_IF([test "x$enable_coverage" = xyes], [
    VDC_CFLAGS="$VDC_CFLAGS --coverage"
    VDC_LDFLAGS="$VDC_LDFLAGS --coverage"
    VDC_MUST_LINK([--enable-coverage])
  ])
])

# VDC_MUST_LINK(OPTION)
# Ends configure when nothing can be linked with our flags: OPTION is to blame.
AC_DEFUN([VDC_MUST_LINK], [
  AC_MSG_CHECKING([whether $1 works])
  vdc_saved_CFLAGS=$CFLAGS
  vdc_saved_LDFLAGS=$LDFLAGS
  CFLAGS="$CFLAGS $VDC_CFLAGS"
  LDFLAGS="$LDFLAGS $VDC_LDFLAGS"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([$CC cannot link a program with $1])])
  CFLAGS=$vdc_saved_CFLAGS
  LDFLAGS=$vdc_saved_LDFLAGS
])
