/* SPDX-License-Identifier: MIT */
/*
 * Inside of I/O: what tcp.c needs of io.c.
 */
#ifndef GO_IO_IO_H
#define GO_IO_IO_H

#include <stdint.h>
#include <sys/socket.h>

/* go_connect() with a limit: -ETIMEDOUT once go_now() has passed @deadline, 0 for none. */
int go_io_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline);

#endif /* GO_IO_IO_H */
