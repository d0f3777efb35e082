// SPDX-License-Identifier: MIT
/*
 * A TCP server that sends back what it gets: a goroutine for each connection.
 *
 *   echo_server [PORT]
 *
 * Without a port it takes one that is free and says which.  It runs until it is killed.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gosched.h>

/* All of it, however many writes it takes. */
static ssize_t write_all(int fd, const char *buf, size_t n)
{
	size_t done = 0;
	ssize_t ret;

	while (done < n) {
		ret = go_write(fd, buf + done, n - done);
		if (ret < 0)
			return ret;
		done += (size_t)ret;
	}
	return (ssize_t)done;
}

/* A peer that resets the connection only ends its own goroutine. */
static void serve(int fd)
{
	char buf[4096];
	ssize_t n;

	do {
		n = go_read(fd, buf, sizeof(buf));
		if (n > 0)
			n = write_all(fd, buf, (size_t)n);
	} while (n > 0);
	go_close(fd);
}

static int port_of(int fd)
{
	struct sockaddr_in6 addr;	/* the port stands in the same place in IPv4 */
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return -1;
	return ntohs(addr.sin6_port);
}

static int run(void *arg)
{
	const char *port = arg;
	int listener = go_tcp_listen("127.0.0.1", port ? atoi(port) : 0), fd;

	if (listener < 0) {
		fprintf(stderr, "echo_server: %s\n", strerror(-listener));
		return 1;
	}
	printf("listening on port %d\n", port_of(listener));
	fflush(stdout);
	for (;;) {
		fd = go_accept(listener, NULL, NULL);
		if (fd < 0) {
			fprintf(stderr, "echo_server: accept: %s\n", strerror(-fd));
			return 1;
		}
		go(serve, fd);
	}
}

int main(int argc, char **argv)
{
	/* A write to a connection that is gone is an error of that write, no more. */
	signal(SIGPIPE, SIG_IGN);
	return go_run(run, argc > 1 ? argv[1] : NULL);
}
