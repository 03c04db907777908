/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * every byte value from everyone who can say something: guest,
 * front-end, client, command line. The log stays printable ASCII, each line
 * begins with the program's name, and nobody's text is a line of its own.
 * What a worker that was taken over says is tests/unit/test-log-stream's.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/lib/unit.h"
#include "tests/lib/world.h"

#define NAME		"vhost-device-console: "
#define LINE_MAX_LEN	1024
#define PIECE		40		/* bytes of a path at a time */
#define SAID		"said by a stranger"

/* Returns the number of lines. */
static unsigned int check_log(const struct daemon *d)
{
	FILE *file = fopen(d->log, "re");
	char *line = NULL;
	size_t size = 0;
	unsigned int n = 0;
	ssize_t len;

	must(file != NULL, "no log");
	for (; (len = getline(&line, &size, file)) > 0; n++) {
		must(len <= LINE_MAX_LEN, "a line of %zd bytes", len);
		must(strncmp(line, NAME, strlen(NAME)) == 0,
		     "line %u begins like this: '%.30s'", n, line);
		must(line[len - 1] == '\n', "no end of line %u", n);
		for (ssize_t i = 0; i + 1 < len; i++)
			must(line[i] >= 0x20 && line[i] < 0x7f,
			     "line %u has a byte 0x%02x", n,
			     (unsigned char)line[i]);
	}
	free(line);
	fclose(file);
	return n;
}

/* The next of all bytes that a name may have. */
static unsigned int piece(char *text, unsigned int from)
{
	unsigned int n = 0;

	for (; n < PIECE && from < 256; from++)
		if (from != '/')
			text[n++] = (char)from;
	text[n] = '\0';
	return from;
}

/* One that does not start says so in one line. */
static void expect_one_line(struct daemon *d, const char *const *options)
{
	int status = daemon_run(d, options);

	must(WIFEXITED(status) && WEXITSTATUS(status) != 0,
	     "it starts: 0x%x", status);
	must(check_log(d) == 1, "%u lines", check_log(d));
	must(daemon_log_count(d, "error: ") == 1, "no error");
	daemon_destroy(d);
}

static void r_35_log_bytes_of_options(void **state)
{
	static const char *const option[] = {
		"--user", "--socket-user", "--socket-group", "--backend",
		"--tcp-port", "--max-queue-size", "--overflow", "--escape",
		"--log-level", "--socket-mode", "--no-such-option",
	};
	struct world *w = *state;
	char text[PIECE + 1], path[PIECE + 40];

	for (unsigned int from = 1; from < 256;) {
		from = piece(text, from);
		for (size_t i = 0; i < ARRAY_LEN(option); i++)
			expect_one_line(&w->daemon,
					DAEMON_OPTIONS(option[i], text));
		expect_one_line(&w->daemon, DAEMON_OPTIONS(text));
		snprintf(path, sizeof(path), "/no such folder%s/x", text);
		expect_one_line(&w->daemon,
				DAEMON_OPTIONS("--socket-path", path));
	}
}

/* A socket that nobody answers on, or a file that is no socket. */
static void leave_in_the_way(const struct daemon *d, bool socket_file)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 daemon_sock(d, 0));
	if (socket_file)
		must(bind(fd, (struct sockaddr *)&address,
			  sizeof(address)) == 0, "bind: errno %d", errno);
	else
		must(mkdir(address.sun_path, 0700) == 0, "mkdir");
	close(fd);
	must(chmod(address.sun_path, 0777) == 0, "chmod");
}

/* Started with a socket whose name has all of them, and with it in the way. */
static void r_35_log_bytes_of_paths(void **state)
{
	struct world *w = *state;
	struct daemon *d = &w->daemon;
	char text[PIECE + 1], path[80];

	for (unsigned int from = 1; from < 256;) {
		from = piece(text, from);
		daemon_prepare(d);
		d->consoles = 1;
		d->port = daemon_find_ports(1);
		snprintf(path, sizeof(path), "%s/run/%s", d->dir, text);
		memcpy(d->sock, path, sizeof(d->sock));
		leave_in_the_way(d, true);
		daemon_start_again(d);
		daemon_log_wait(d, "replacing a socket", 1);
		daemon_log_wait(d, "clients on", 1);
		daemon_stop(d, WAIT_MS);
		must(check_log(d) >= 3, "%u lines", check_log(d));
		leave_in_the_way(d, false);
		must(rmdir(daemon_sock(d, 0)) == 0, "rmdir");
		daemon_destroy(d);
	}
}

/* All that a front-end can put into a message without losing the framing. */
static void send_all_bytes(struct world *w)
{
	struct frontend *fe = &w->fe[0];

	for (uint32_t i = 0; i < 1024; i++) {
		struct fe_msg m = fe_msg(i < 256 ? i : i * 0x01010101);

		for (unsigned int at = 0; at < 256; at++)
			m.payload[at] = (uint8_t)(at + i);
		m.size = i % 3 == 0 ? 256 : i % 64;
		m.flags |= i << 8;
		/* not what would take rings and memory away */
		if (i < 256 && (i == FE_SET_MEM_TABLE ||
				i == FE_SET_FEATURES ||
				i == FE_SET_PROTOCOL_FEATURES ||
				i == FE_RESET_DEVICE || i == FE_RESET_OWNER))
			m.size = 0;
		if (i < 256 && (i == FE_RESET_DEVICE || i == FE_RESET_OWNER))
			continue;
		fe_tell(fe, m);
	}
}

/* Answers are not looked at: some requests have them, and some have acks. */
static void drop_answers(struct world *w)
{
	struct fe_msg reply;

	while (wait_fd(w->fe[0].fd, POLLIN, wait_until(200)))
		must(fe_recv(&w->fe[0], &reply), "the connection ended");
}

/* Those come first that do most harm: a line is not logged very often. */
static void say_all_control_messages(struct guest *g)
{
	for (unsigned int event = 0; event < 16; event++)
		for (unsigned int i = 0; i < 256; i++) {
			uint8_t byte = (uint8_t)(0x1b + i * 0x7d);

			guest_ctrl_send(g, i % 8 ? 0 : byte * 0x01010101U,
					(uint16_t)event, byte);
		}
}

static void r_35_log_bytes_of_peers(void **state)
{
	struct world *w = *state;
	char all[256 + sizeof(SAID)], drop[4096];

	for (unsigned int i = 0; i < 256; i++)
		all[i] = (char)i;
	memcpy(all + 256, SAID, sizeof(SAID));
	world_daemon(w, 1, DAEMON_OPTIONS("--log-level", "debug"));
	world_qemu(w, 0, GUEST_FEATURES);
	world_client(w, 0, 0);
	world_await_client(w, 0, 0);
	guest_print(&w->guest[0], all, sizeof(all));
	tclient_send(&w->client[0], all, sizeof(all));
	guest_expect_input(&w->guest[0], all, sizeof(all));
	/* an emergency write of each byte, and the rest of the config space */
	for (unsigned int i = 0; i < 256; i++)
		fe_ack(&w->fe[0], fe_msg_config(FE_SET_CONFIG, i % 12, 4, 0,
						all + i % 250));
	say_all_control_messages(&w->guest[0]);
	send_all_bytes(w);
	drop_answers(w);
	tclient_read_quiet(&w->client[0], drop, sizeof(drop), 50);
	world_next_qemu(w, 0, GUEST_FEATURES);
	world_end(w);
	must(check_log(&w->daemon) > 10, "%u lines", check_log(&w->daemon));
	must(daemon_log_count(&w->daemon, SAID) == 0, "a stranger is heard");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(r_35_log_bytes_of_options),
		WORLD_TEST(r_35_log_bytes_of_paths),
		WORLD_TEST(r_35_log_bytes_of_peers),
	};

	world_filter(argc, argv);
	return cmocka_run_group_tests_name("log bytes", tests, NULL, NULL);
}
