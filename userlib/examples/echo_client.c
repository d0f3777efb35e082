// SPDX-License-Identifier: MIT
/*
 * The other side of echo_server: many connections at once, each sends lines and checks
 * that they come back.
 *
 *   echo_client HOST PORT [CONNECTIONS [LINES]]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gosched.h>

struct options {
	const char *host;
	int port, connections, lines;
};

/* As many bytes as were sent; they may come back in pieces. */
static ssize_t read_all(int fd, char *buf, size_t n)
{
	size_t done = 0;
	ssize_t ret;

	while (done < n) {
		ret = go_read(fd, buf + done, n - done);
		if (ret <= 0)
			return ret;
		done += (size_t)ret;
	}
	return (ssize_t)done;
}

static bool echoed(int fd, const char *line)
{
	size_t n = strlen(line);
	char buf[64];

	return go_write(fd, line, n) == (ssize_t)n &&
	       read_all(fd, buf, n) == (ssize_t)n && !memcmp(buf, line, n);
}

/* Sends the number of lines that came back. */
static void talk(const struct options *o, int number, go_chan *results)
{
	int fd = go_tcp_dial(o->host, o->port, go_now() + 60 * GO_SECOND), good = 0, i;
	char line[64];

	if (fd < 0) {
		fprintf(stderr, "echo_client: connection %d: %s\n", number, strerror(-fd));
		go_send(results, 0);
		return;
	}
	for (i = 0; i < o->lines; i++) {
		snprintf(line, sizeof(line), "connection %d, line %d\n", number, i);
		good += echoed(fd, line);
	}
	go_close(fd);
	go_send(results, good);
}

static int run(void *arg)
{
	const struct options *o = arg;
	go_chan *results = go_chan_make(sizeof(int), 0);
	int good = 0, n, i;

	for (i = 0; i < o->connections; i++)
		go(talk, o, i, results);
	for (i = 0; i < o->connections; i++) {
		go_recv(results, &n);
		good += n;
	}
	go_chan_free(results);
	printf("%d connections, %d of %d lines came back\n", o->connections, good,
	       o->connections * o->lines);
	return good != o->connections * o->lines;
}

int main(int argc, char **argv)
{
	struct options o = { .connections = 10, .lines = 10 };

	if (argc < 3) {
		fprintf(stderr, "usage: %s HOST PORT [CONNECTIONS [LINES]]\n", argv[0]);
		return 1;
	}
	o.host = argv[1];
	o.port = atoi(argv[2]);
	if (argc > 3)
		o.connections = atoi(argv[3]);
	if (argc > 4)
		o.lines = atoi(argv[4]);
	signal(SIGPIPE, SIG_IGN);
	return go_run(run, &o);
}
