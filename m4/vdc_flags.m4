# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

# VDC_APPEND_CFLAGS(FLAGS)
# Adds to VDC_CFLAGS each of the blank-separated FLAGS that the compiler takes
# without a complaint. A shell loop and not an m4 one: a flag with commas in it
# then stays one flag.
AC_DEFUN([VDC_APPEND_CFLAGS], [
  for vdc_flag in $1; do
    AC_MSG_CHECKING([whether the compiler takes $vdc_flag])
    vdc_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $VDC_CFLAGS -Werror $vdc_flag"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
      [AC_MSG_RESULT([yes])
       VDC_CFLAGS="$VDC_CFLAGS $vdc_flag"],
      [AC_MSG_RESULT([no])])
    CFLAGS=$vdc_saved_CFLAGS
  done
])

# VDC_APPEND_LDFLAGS(FLAGS)
# The same for VDC_LDFLAGS and the linker.
AC_DEFUN([VDC_APPEND_LDFLAGS], [
  for vdc_flag in $1; do
    AC_MSG_CHECKING([whether the linker takes $vdc_flag])
    vdc_saved_CFLAGS=$CFLAGS
    vdc_saved_LDFLAGS=$LDFLAGS
    CFLAGS="$CFLAGS $VDC_CFLAGS -Werror"
    LDFLAGS="$LDFLAGS $VDC_LDFLAGS $vdc_flag"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
      [AC_MSG_RESULT([yes])
       VDC_LDFLAGS="$VDC_LDFLAGS $vdc_flag"],
      [AC_MSG_RESULT([no])])
    CFLAGS=$vdc_saved_CFLAGS
    LDFLAGS=$vdc_saved_LDFLAGS
  done
])

# VDC_ARG_LANGUAGE
# C11 with the GNU extensions.
AC_DEFUN([VDC_ARG_LANGUAGE], [
  AC_SUBST([VDC_CPPFLAGS])
  AC_SUBST([VDC_CFLAGS])
  AC_SUBST([VDC_LDFLAGS])
  VDC_APPEND_CFLAGS([-std=gnu11])
])

# VDC_ARG_WARNINGS
# Always on; fatal only when asked for.
AC_DEFUN([VDC_ARG_WARNINGS], [
  VDC_APPEND_CFLAGS([-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes \
    -Wshadow -Wvla -Wformat=2 -Wpointer-arith -Wwrite-strings])
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [make every warning an error])],
    [], [enable_werror=no])
  AS_IF([test "x$enable_werror" = xyes], [VDC_CFLAGS="$VDC_CFLAGS -Werror"])
])
