# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

dist_man8_MANS += %D%/vhost-device-console.8
dist_doc_DATA = \
	CHANGELOG.md \
	HACKING.md \
	LICENSE-APACHE \
	LICENSE-BSD-3-Clause \
	README.md \
	SECURITY.md
