// SPDX-License-Identifier: MIT
/*
 * TCP on the loopback: listen, accept, dial, connect, echo.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ktap.h"

static struct sockaddr_in address_of(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	CHECK_EQ(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	CHECK_EQ(addr.sin_family, AF_INET);
	return addr;
}

static int listen_here(int *port)
{
	int fd = go_tcp_listen("127.0.0.1", 0);

	CHECK(fd >= 0);
	*port = ntohs(address_of(fd).sin_port);
	CHECK(*port > 0);
	return fd;
}

static void echo(int fd)
{
	char buf[256];
	ssize_t n;

	while ((n = go_read(fd, buf, sizeof(buf))) > 0)
		CHECK_EQ(go_write(fd, buf, (size_t)n), n);
	CHECK_EQ(n, 0);
	CHECK_EQ(go_close(fd), 0);
}

static void serve(int listener, int connections)
{
	int fd;

	while (connections--) {
		fd = go_accept(listener, NULL, NULL);
		CHECK(fd >= 0);
		go(echo, fd);
	}
}

static void read_exactly(int fd, char *buf, size_t n)
{
	ssize_t ret;

	while (n) {
		ret = go_read(fd, buf, n);
		CHECK(ret > 0);
		buf += ret;
		n -= (size_t)ret;
	}
}

static void talk(int port, int number, go_waitgroup *wg)
{
	int fd = go_tcp_dial("127.0.0.1", port, 0), i;
	char out[32], in[32];

	CHECK(fd >= 0);
	for (i = 0; i < 10; i++) {
		size_t n = (size_t)snprintf(out, sizeof(out), "%d says %d", number, i);

		CHECK_EQ(go_write(fd, out, n), n);
		read_exactly(fd, in, n);
		CHECK(!memcmp(in, out, n));
	}
	CHECK_EQ(go_close(fd), 0);
	go_waitgroup_done(wg);
}

static void echo_of_many_connections(void)
{
	enum { N = 150 };
	go_waitgroup wg = {};
	int port, listener = listen_here(&port), i;

	go(serve, listener, N);
	go_waitgroup_add(&wg, N);
	for (i = 0; i < N; i++)
		go(talk, port, i, &wg);
	go_waitgroup_wait(&wg);
}

static void accept_tells_who_it_is(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int port, listener = listen_here(&port), client, fd;

	client = go_tcp_dial("127.0.0.1", port, 0);
	CHECK(client >= 0);
	fd = go_accept(listener, (struct sockaddr *)&addr, &len);
	CHECK(fd >= 0);
	CHECK_EQ(len, sizeof(addr));
	CHECK_EQ(addr.sin_port, address_of(client).sin_port);
}

static void dial_later(int port, go_chan *done)
{
	int fd = go_tcp_dial("127.0.0.1", port, 0);

	CHECK(fd >= 0);
	go_send(done, fd);
}

static void accept_waits_for_a_connection(void)
{
	int port, listener = listen_here(&port), client;
	go_chan *done = go_chan_make(sizeof(int), 1);

	go(dial_later, port, done);
	CHECK(go_accept(listener, NULL, NULL) >= 0);
	go_recv(done, &client);
}

static void connect_by_address(void)
{
	int port, listener = listen_here(&port);
	struct sockaddr_in addr = address_of(listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK_EQ(go_connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	CHECK(go_accept(listener, NULL, NULL) >= 0);
	CHECK_EQ(go_connect(fd, (struct sockaddr *)&addr, sizeof(addr)), -EISCONN);
}

static void errors_are_negative(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd[2];

	CHECK_EQ(pipe(fd), 0);
	CHECK_EQ(go_accept(-1, NULL, NULL), -EBADF);
	CHECK_EQ(go_accept(fd[0], NULL, NULL), -ENOTSOCK);
	CHECK_EQ(go_connect(-1, (struct sockaddr *)&addr, sizeof(addr)), -EBADF);
	CHECK_EQ(go_tcp_listen("127.0.0.1", -1), -EINVAL);
	CHECK_EQ(go_tcp_listen("127.0.0.1", 65536), -EINVAL);
	CHECK_EQ(go_tcp_dial("127.0.0.1", -1, 0), -EINVAL);
}

static void a_port_in_use_is_refused(void)
{
	int port, listener = listen_here(&port);

	CHECK_EQ(go_tcp_listen("127.0.0.1", port), -EADDRINUSE);
	CHECK_EQ(go_close(listener), 0);
}

static void dial_without_a_listener_is_refused(void)
{
	int port, listener = listen_here(&port);

	CHECK_EQ(go_close(listener), 0);
	CHECK_EQ(go_tcp_dial("127.0.0.1", port, 0), -ECONNREFUSED);
	CHECK_EQ(go_tcp_dial("127.0.0.1", port, go_now() + GO_HOUR), -ECONNREFUSED);
}

static void listen_on_all_addresses(void)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);
	int listener = go_tcp_listen(NULL, 0);

	CHECK(listener >= 0);
	CHECK_EQ(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	CHECK(go_tcp_dial("127.0.0.1", ntohs(addr.sin6_port), 0) >= 0);
	CHECK(go_accept(listener, NULL, NULL) >= 0);
}

static void a_deadline_in_time_does_no_harm(void)
{
	int port, listener = listen_here(&port), fd;
	char c = 'x';

	fd = go_tcp_dial("127.0.0.1", port, go_now() + GO_HOUR);
	CHECK(fd >= 0);
	go(serve, listener, 1);
	CHECK_EQ(go_write(fd, &c, 1), 1);
	CHECK_EQ(go_read(fd, &c, 1), 1);
}

/* A listener that accepts nothing more: the kernel drops what comes to it. */
static int listen_full(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), port, i;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	CHECK_EQ(listen(fd, 0), 0);
	addr = address_of(fd);
	port = ntohs(addr.sin_port);
	/* A backlog of 0 has room for one that is established; the next one waits. */
	for (i = 0; i < 2; i++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		CHECK(client >= 0);
		connect(client, (struct sockaddr *)&addr, sizeof(addr));
	}
	return port;
}

static void dial_ends_at_its_deadline(void)
{
	int port = listen_full();
	int64_t deadline = go_now() + 50 * GO_MILLISECOND;

	CHECK_EQ(go_tcp_dial("127.0.0.1", port, deadline), -ETIMEDOUT);
	CHECK(go_now() >= deadline);
}

static void a_deadline_in_the_past_is_at_once(void)
{
	int port, listener = listen_here(&port);

	CHECK_EQ(go_tcp_dial("127.0.0.1", port, go_now() - 1), -ETIMEDOUT);
	CHECK_EQ(go_tcp_dial("127.0.0.1", port, -1), -ETIMEDOUT);
	CHECK_EQ(go_close(listener), 0);
}

static void a_name_nobody_has_is_enoent(void)
{
	/* ".invalid" never resolves (RFC 6761); without a resolver the error is another. */
	int ret = go_tcp_dial("no-such-host.invalid", 80, 0);

	CHECK(ret == -ENOENT || ret == -EAGAIN);
}

static void reset_by_the_peer_is_an_error(void)
{
	const struct linger now = { .l_onoff = 1 };
	int port, listener = listen_here(&port), client, fd;
	char c;

	client = go_tcp_dial("127.0.0.1", port, 0);
	fd = go_accept(listener, NULL, NULL);
	CHECK(client >= 0 && fd >= 0);
	CHECK_EQ(setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	CHECK_EQ(go_close(client), 0);
	CHECK_EQ(go_read(fd, &c, 1), -ECONNRESET);
}

static const struct ktap_case cases[] = {
	KTAP_GO(echo_of_many_connections),
	KTAP_GO(accept_tells_who_it_is),
	KTAP_GO(accept_waits_for_a_connection),
	KTAP_GO(connect_by_address),
	KTAP_GO(errors_are_negative),
	KTAP_GO(a_port_in_use_is_refused),
	KTAP_GO(dial_without_a_listener_is_refused),
	KTAP_GO(listen_on_all_addresses),
	KTAP_GO(a_deadline_in_time_does_no_harm),
	KTAP_GO(dial_ends_at_its_deadline),
	KTAP_GO(a_deadline_in_the_past_is_at_once),
	KTAP_GO(a_name_nobody_has_is_enoent),
	KTAP_GO(reset_by_the_peer_is_an_error),
};

KTAP_MAIN(cases)
