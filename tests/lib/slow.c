/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/slow.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/must.h"

#define SLOW_MAX	16

/* What keeps the others open: their bytes are not read. */
static int other_end[SLOW_MAX];
static unsigned int slow_count;

static int tcp_listener(struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	must(fd >= 0 && !bind(fd, (struct sockaddr *)address, len) &&
	     !listen(fd, 1) &&
	     !getsockname(fd, (struct sockaddr *)address, &len), "listener");
	return fd;
}

int slow_socket(void)
{
	static const char bytes[65536];
	struct linger linger = { 1, SLOW_S };
	struct sockaddr_in address;
	int listener = tcp_listener(&address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(slow_count < SLOW_MAX, "more than %u slow sockets", SLOW_MAX);
	must(!connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	     !setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
	     "slow socket");
	other_end[slow_count++] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return fd;
}

void slow_end(void)
{
	while (slow_count)
		close(other_end[--slow_count]);
}
