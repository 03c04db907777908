/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/tcp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

struct tcp_ends tcp_peer_ends(int fd, const struct sockaddr_in *theirs)
{
	struct tcp_ends ends = { .theirs = *theirs };
	socklen_t len = sizeof(ends.ours);

	if (getsockname(fd, (struct sockaddr *)&ends.ours, &len) < 0)
		ends.ours.sin_family = AF_UNSPEC;
	return ends;
}

/* The other end's socket, seen from there. False when that is not IPv4. */
static bool fill(struct request *request, const struct tcp_ends *ends)
{
	const struct sockaddr_in *ours = &ends->ours, *theirs = &ends->theirs;

	if (ours->sin_family != AF_INET || theirs->sin_family != AF_INET)
		return false;
	if ((ntohl(theirs->sin_addr.s_addr) >> 24) != IN_LOOPBACKNET)
		return false;
	*request = (struct request){
		.header = {
			.nlmsg_len = sizeof(*request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.diag = {
			.sdiag_family = AF_INET,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = UINT32_MAX,
			.id = {
				.idiag_sport = theirs->sin_port,
				.idiag_dport = ours->sin_port,
				.idiag_src = { theirs->sin_addr.s_addr },
				.idiag_dst = { ours->sin_addr.s_addr },
				.idiag_cookie = { INET_DIAG_NOCOOKIE,
						  INET_DIAG_NOCOOKIE },
			},
		},
	};
	return true;
}

/* A socket that no process has open any more has no inode. */
static bool says_closed(const void *reply, size_t len)
{
	const struct nlmsghdr *header = reply;
	const void *data = NLMSG_DATA(header);

	if (len < sizeof(*header))
		return false;
	if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
	    len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		return !((const struct inet_diag_msg *)data)->idiag_inode;
	if (header->nlmsg_type == NLMSG_ERROR &&
	    len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return ((const struct nlmsgerr *)data)->error == -ENOENT;
	return false;
}

bool tcp_peer_closed(const struct tcp_ends *ends)
{
	struct request request;
	union {
		struct nlmsghdr header;
		char buf[8192];
	} reply;
	bool closed = false;
	ssize_t n;
	int nl;

	if (!fill(&request, ends))
		return false;
	nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_SOCK_DIAG);
	if (nl < 0)
		return false;
	if (send(nl, &request, sizeof(request), 0) == sizeof(request)) {
		n = recv(nl, &reply, sizeof(reply), 0);
		closed = n > 0 && says_closed(&reply, (size_t)n);
	}
	close(nl);
	return closed;
}
