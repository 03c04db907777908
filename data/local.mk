# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# What other software reads about this one. Packages put the profile where
# their AppArmor looks.

dist_noinst_DATA += %D%/vhost-device-console.apparmor.in
nodist_pkgdata_DATA = %D%/vhost-device-console.apparmor
CLEANFILES += %D%/vhost-device-console.apparmor

%D%/vhost-device-console.apparmor: $(srcdir)/%D%/vhost-device-console.apparmor.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && sed \
		-e 's|@bindir[@]|$(bindir)|' \
		-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' \
		$(srcdir)/%D%/vhost-device-console.apparmor.in >$@
