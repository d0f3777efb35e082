// SPDX-License-Identifier: MIT
/*
 * TCP by host name and port.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include <gosched.h>

#include "io.h"

/* -errno for what getaddrinfo() has returned. */
static int lookup_error(int err)
{
	switch (err) {
	case EAI_SYSTEM:
		return -errno;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	default:
		return -ENOENT;
	}
}

/* Blocks, in files and on the network, in code that knows nothing of goroutines. */
static int lookup(const char *host, int port, int flags, struct addrinfo **list)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};
	char service[16];
	int ret;

	if (port < 0 || port > 65535)
		return -EINVAL;
	if (host && !*host)
		host = NULL;
	snprintf(service, sizeof(service), "%d", port);
	go_blocking_begin();
	ret = getaddrinfo(host, service, &hints, list);
	if (ret)
		ret = lookup_error(ret);
	go_blocking_end();
	return ret;
}

static int new_socket(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);

	return fd < 0 ? -errno : fd;
}

static int listen_on(const struct addrinfo *ai)
{
	int fd = new_socket(ai), one = 1, zero = 0, err;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

int go_tcp_listen(const char *host, int port)
{
	/* An IPv6 socket for all addresses takes IPv4 as well; of a name, IPv4 is meant. */
	int family = host && *host ? AF_INET : AF_INET6;
	struct addrinfo *list, *ai;
	int fd = lookup(host, port, AI_PASSIVE, &list);

	if (fd < 0)
		return fd;
	fd = -EADDRNOTAVAIL;
	for (ai = list; ai && fd < 0; ai = ai->ai_next) {
		if (ai->ai_family == family)
			fd = listen_on(ai);
	}
	for (ai = list; ai && fd < 0; ai = ai->ai_next) {
		if (ai->ai_family != family)
			fd = listen_on(ai);
	}
	freeaddrinfo(list);
	return fd;
}

static int dial(const struct addrinfo *ai, int64_t deadline)
{
	int fd = new_socket(ai), one = 1, ret;

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	ret = go_io_connect(fd, ai->ai_addr, ai->ai_addrlen, deadline);
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

int go_tcp_dial(const char *host, int port, int64_t deadline)
{
	struct addrinfo *list, *ai;
	int fd = lookup(host, port, 0, &list);

	if (fd < 0)
		return fd;
	fd = -EADDRNOTAVAIL;
	for (ai = list; ai && fd < 0; ai = ai->ai_next) {
		if (deadline && go_now() >= deadline)
			fd = -ETIMEDOUT;
		else
			fd = dial(ai, deadline);
	}
	freeaddrinfo(list);
	return fd;
}
