/* SPDX-License-Identifier: MIT */
/*
 * I/O: the goroutine waits, its processor does not.
 *
 *   char buf[512];
 *   ssize_t n = go_read(fd, buf, sizeof(buf));
 *
 *   if (n < 0)
 *           fprintf(stderr, "read: %s\n", strerror((int)-n));
 *
 * The functions take and return what their namesakes in libc do, except that a failed
 * one returns a negative errno, and they work on every kind of file.  Behind them is
 * io_uring, or, where it cannot be had, the plain system call.
 *
 * As with write(), a go_write() to a pipe or socket that nobody reads any more raises
 * SIGPIPE, which ends the program unless it is ignored: signal(SIGPIPE, SIG_IGN).
 */
#ifndef GO_IO_H
#define GO_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* At the file's position, where the file has one. */
ssize_t go_read(int fd, void *buf, size_t n);
ssize_t go_write(int fd, const void *buf, size_t n);

int go_accept(int fd, struct sockaddr *addr, socklen_t *len);
int go_connect(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * Goroutines that wait in one of the functions above for @fd come back with -ECANCELED,
 * unless io_uring cannot be had: a plain system call goes on waiting.
 */
int go_close(int fd);

/*
 * A listening TCP socket on @host (NULL or "": all addresses) and @port (0: any that
 * is free; getsockname() tells which).  -ENOENT: there is no such host.
 */
int go_tcp_listen(const char *host, int port);

/*
 * A TCP connection to @host (NULL or "": this machine) and @port, with TCP_NODELAY.
 * Every address of the host is tried, one after the other, and the error is that of the
 * last.  -ETIMEDOUT once go_now() has passed @deadline (0: none); looking up the name
 * is not cut short by it.  -ENOENT: there is no such host.
 */
int go_tcp_dial(const char *host, int port, int64_t deadline);

#ifdef __cplusplus
}
#endif

#endif /* GO_IO_H */
