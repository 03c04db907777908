#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Holds the layers apart: who may include what, who may know what.
set -u
. "$abs_top_srcdir/tests/lib/require.sh"

cd "$abs_top_srcdir" || fail "no $abs_top_srcdir"
LC_ALL=C
export LC_ALL
rules=0
broken=0

# strip FILE: its lines, numbered, without comments and string literals, so that
# a word in a sentence breaks no rule. #include lines stay whole.
strip() {
	awk '
	{
		line = $0
		if (in_comment) {
			if ((end = index(line, "*/")) == 0) next
			line = substr(line, end + 2)
			in_comment = 0
		}
		if (line !~ /^[ \t]*#[ \t]*include/)
			gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
		while ((start = index(line, "/*")) != 0) {
			rest = substr(line, start + 2)
			if ((end = index(rest, "*/")) == 0) {
				line = substr(line, 1, start - 1)
				in_comment = 1
				break
			}
			line = substr(line, 1, start - 1) " " \
				substr(rest, end + 2)
		}
		sub(/\/\/.*/, "", line)
		if (line ~ /[^ \t]/) print FILENAME ":" FNR ": " line
	}' "$1"
}

# never RULE PATTERN FILE...: no line of the FILEs may match PATTERN.
never() {
	rule=$1
	pattern=$2
	shift 2
	rules=$((rules + 1))
	for file; do
		[ -f "$file" ] || continue
		found=$(strip "$file" | grep -E "^[^:]*:[0-9]+: .*($pattern)") ||
			continue
		printf '%s\n' "$rule" "$found" | sed '2,$s/^/  /' >&2
		broken=$((broken + 1))
	done
}

# but LIST FILE...: prints the FILEs that are not in LIST.
but() {
	list=$1
	shift
	for file; do
		case " $(echo $list) " in
		*" $file "*) ;;
		*) echo "$file" ;;
		esac
	done
}

include='#[[:space:]]*include[[:space:]]*'

# Folders. Ours are included by their path from the top, so the first part of
# the path says which folder a header belongs to.
never 'common/ includes only common/' \
	"${include}\"(supervisor|worker|tests|bench)/|${include}[\"<].*\.\./" \
	common/*.c common/*.h
never 'common/ knows no library but libc' \
	"${include}<(event2/|event\.h|seccomp\.h|cap-ng\.h)" \
	common/*.c common/*.h
never 'supervisor/ includes only common/ and itself' \
	"${include}\"(worker|tests|bench)/|${include}[\"<].*\.\./" \
	supervisor/*.c supervisor/*.h
never 'worker/ includes only common/ and itself' \
	"${include}\"(supervisor|tests|bench)/|${include}[\"<].*\.\./" \
	worker/*.c worker/*.h
never 'the worker only loads a filter, it builds none' \
	"${include}<seccomp\.h" worker/*.c worker/*.h

# libevent: only in files that face the loop, and by way of loop.h in the worker.
loop_files='supervisor/accept.c supervisor/half_closed.c supervisor/jobctl.c
	supervisor/supervise.c supervisor/turn.c supervisor/watch.c
	supervisor/worker.c supervisor/worker_link.c supervisor/worker_log.c
	worker/loop.h'
loop_h_files='worker/client.h worker/console.c worker/control.c worker/loop.c
	worker/main.c worker/proof.c worker/vq.c worker/vq.h'
never 'event2 headers only in loop-facing files' \
	"${include}<(event2/|event\.h)" \
	$(but "$loop_files" supervisor/*.c supervisor/*.h worker/*.c worker/*.h)
never 'loop.h only in loop-facing files' \
	"${include}\"worker/loop\.h\"" \
	$(but "$loop_h_files" worker/*.c worker/*.h)

# Pure memory.
pure='worker/gmem.c worker/gmem.h worker/vring*.c worker/vring*.h
	worker/ring*.c worker/ring*.h worker/budget.c worker/budget.h'
never 'vring, gmem and ring never mention libevent' \
	'event_(base|new|add|del|free|active|assign)|evutil|evconnlistener|struct event\>|bufferevent' \
	$pure
never 'vring, gmem and ring never mention sockets' \
	"${include}<(sys/socket|sys/un|netinet/|arpa/)|\<(socket|socketpair|accept4?|bind|listen|connect|sendto|recvfrom|sendm?msg|recvm?msg|shutdown|setsockopt|getsockopt)\(|sockaddr" \
	$pure
never 'the output ring never mentions virtio' \
	'vring|virtio|vq_|\<gpa|VIRTIO_|VRING_|vhost|VHOST' \
	worker/ring.c worker/ring.h
never 'vring holds no fds' '\<fds?\>|_fd\>' worker/vring*.c worker/vring*.h
never 'vring and gmem never mention the console' \
	'console' worker/vring*.c worker/vring*.h worker/gmem.c worker/gmem.h

# The console sees iovecs.
never 'console files never mention descriptors or guest addresses' \
	'vring_desc|VRING_DESC|\<gpas?\>|_gpa\>|\<gpa_|\<uvas?\>|_uva\>|\<uva_' \
	worker/console*.c worker/console*.h worker/ctrl*.c worker/ctrl*.h
never 'client and log files never mention virtio' \
	'virtio|VIRTIO_|vring|VRING_|\<gpa\>|vhost_user|VHOST_USER' \
	worker/client*.c worker/client*.h worker/terminal*.c worker/terminal*.h
never 'the supervisor never mentions rings or vhost-user messages' \
	'vring_|VRING_|VIRTIO_|VHOST_USER_|\<gpa\>|\<uva\>' \
	supervisor/*.c supervisor/*.h

# One console's trouble is not another's.
never 'closer_close() closes what came from peers and workers' \
	'\<(fd_)?close(_all)?\(' \
	supervisor/accept.c supervisor/fdstore.c supervisor/worker_link.c \
	supervisor/worker_msg.c
never 'what the supervisor logs is limited by console' \
	'\<log_limited\(' supervisor/*.c

# Nothing from outside ends a worker.
never 'no assert, abort or die in the worker' \
	'\<(assert|abort|die|err|errx|verr|__builtin_trap)\(|'"${include}<(assert|err)\.h" \
	worker/*.c worker/*.h common/*.c common/*.h
never 'exit only where the worker is started and stopped' \
	'\<_?exit\(|\<_Exit\(|\<quick_exit\(' \
	$(but 'worker/main.c worker/control.c worker/fault.c worker/handover.c
		worker/jail.c worker/loop.c worker/proof.c' \
		worker/*.c worker/*.h common/*.c common/*.h)

[ -f worker/main.c ] && [ -f supervisor/main.c ] || fail 'no sources found'
[ $broken -eq 0 ] || fail "$broken files break a rule"
echo "ok: $rules rules"
