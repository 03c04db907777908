/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "tests/lib/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "tests/lib/must.h"
#include "tests/lib/pattern.h"
#include "tests/lib/wait.h"

void tclient_open(struct tclient *c, unsigned int port, int receive_buffer)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	uint64_t deadline = wait_until(WAIT_MS);
	int one = 1;

	*c = (struct tclient){
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	};
	must(c->fd >= 0, "socket: errno %d", errno);
	if (receive_buffer != 0)
		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
			   sizeof(receive_buffer));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		must(errno == ECONNREFUSED && wait_left(deadline) > 0,
		     "connect to port %u: errno %d", port, errno);
		wait_pause();
	}
	must(fd_set_nonblocking(c->fd) == 0, "O_NONBLOCK");
}

unsigned int tclient_port(const struct tclient *c)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	must(getsockname(c->fd, (struct sockaddr *)&addr, &len) == 0,
	     "getsockname: errno %d", errno);
	return ntohs(addr.sin_port);
}

void tclient_close(struct tclient *c)
{
	fd_close(&c->fd);
}

void tclient_reset(struct tclient *c)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	fd_close(&c->fd);
}

void tclient_half_close(struct tclient *c)
{
	must(shutdown(c->fd, SHUT_WR) == 0, "shutdown: errno %d", errno);
}

size_t tclient_send_some(struct tclient *c, const void *data, size_t len)
{
	ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	must(n >= 0 || errno == EAGAIN || errno == EINTR,
	     "send to the console: errno %d", errno);
	return n < 0 ? 0 : (size_t)n;
}

void tclient_send(struct tclient *c, const void *data, size_t len)
{
	uint64_t deadline = wait_until(WAIT_MS);

	for (size_t sent = 0; sent < len;) {
		must(wait_fd(c->fd, POLLOUT, deadline),
		     "the console took %zu of %zu bytes", sent, len);
		sent += tclient_send_some(c, (const char *)data + sent,
					  len - sent);
	}
}

void tclient_type(struct tclient *c, const char *text)
{
	tclient_send(c, text, strlen(text));
}

long tclient_read_some(struct tclient *c, void *data, size_t size)
{
	ssize_t n = recv(c->fd, data, size, MSG_DONTWAIT);

	if (n < 0) {
		must(errno == EAGAIN || errno == EINTR || errno == ECONNRESET,
		     "recv from the console: errno %d", errno);
		return errno == ECONNRESET ? -1 : 0;
	}
	c->received += (uint64_t)n;
	return n == 0 ? -1 : (long)n;
}

/* Exactly @len bytes to @data. */
static void read_all(struct tclient *c, char *data, size_t len)
{
	uint64_t deadline = wait_until(WAIT_MS);

	for (size_t got = 0; got < len;) {
		long n;

		must(wait_fd(c->fd, POLLIN, deadline),
		     "only %zu of %zu bytes came: '%.*s'", got, len, (int)got,
		     data);
		n = tclient_read_some(c, data + got, len - got);
		must(n >= 0, "the console closed after %zu of %zu bytes", got,
		     len);
		got += (size_t)n;
	}
}

void tclient_expect(struct tclient *c, const void *data, size_t len)
{
	const unsigned char *want = data;
	unsigned char buf[4096];

	for (size_t at = 0; at < len;) {
		size_t n = len - at < sizeof(buf) ? len - at : sizeof(buf);

		read_all(c, (char *)buf, n);
		for (size_t i = 0; i < n; i++)
			must(buf[i] == want[at + i],
			     "byte %zu is 0x%02x, not 0x%02x", at + i, buf[i],
			     want[at + i]);
		at += n;
	}
}

void tclient_expect_text(struct tclient *c, const char *text)
{
	tclient_expect(c, text, strlen(text));
}

void tclient_expect_pattern(struct tclient *c, uint64_t at, size_t len)
{
	char buf[4096];

	while (len > 0) {
		size_t n = len < sizeof(buf) ? len : sizeof(buf);

		read_all(c, buf, n);
		pattern_check(buf, at, n, "client");
		at += n;
		len -= n;
	}
}

void tclient_expect_quiet(struct tclient *c, unsigned int ms)
{
	char buf[64] = "";
	long n;

	if (!wait_fd(c->fd, POLLIN, wait_until(ms)))
		return;
	n = tclient_read_some(c, buf, sizeof(buf) - 1);
	must(n == 0, "not quiet: %ld bytes came: '%s'", n, buf);
}

void tclient_expect_end(struct tclient *c)
{
	uint64_t deadline = wait_until(WAIT_MS);
	char buf[4096];

	do {
		must(wait_fd(c->fd, POLLIN, deadline),
		     "the console did not close the connection");
	} while (tclient_read_some(c, buf, sizeof(buf)) >= 0);
}

size_t tclient_read_quiet(struct tclient *c, void *data, size_t size,
			  unsigned int ms)
{
	char rest[4096];
	size_t got = 0;

	while (wait_fd(c->fd, POLLIN, wait_until(ms))) {
		long n = got < size ?
			tclient_read_some(c, (char *)data + got, size - got) :
			tclient_read_some(c, rest, sizeof(rest));

		if (n < 0)
			break;
		got += (size_t)n;
	}
	return got;
}

size_t tclient_read_to(struct tclient *c, const char *text, char *data,
		       size_t size)
{
	size_t got = 0;

	data[0] = '\0';
	while (strstr(data, text) == NULL) {
		must(got < size - 1, "no '%s' in %zu bytes", text, got);
		read_all(c, data + got, 1);
		data[++got] = '\0';
	}
	return got;
}
