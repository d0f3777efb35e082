// SPDX-License-Identifier: MIT
/*
 * go_read() and its like: one operation on the ring each, or, where io_uring cannot be
 * had, the plain system call.
 *
 * The plain calls are also what threads get that are no goroutines.  Nothing wakes a
 * plain call when its descriptor is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <gosched.h>

#include "../sched/sched.h"
#include "fdtab.h"
#include "io.h"
#include "ring.h"

/* The most that one read() or write() moves; the ring counts in 32 bits. */
#define GO_IO_MAX	0x7ffff000U

/* -errno for what a system call has returned. */
#define RESULT(call)	({ ssize_t r_ = (call); r_ < 0 ? -(ssize_t)errno : r_; })

/* The call, as a block that the backend knows of. */
#define PLAIN(call) ({ \
	ssize_t result_; \
	go_blocking_begin(); \
	result_ = RESULT(call); \
	go_blocking_end(); \
	result_; \
})

static bool by_ring(void)
{
	return go_self() && go_ring_usable();
}

/*
 * Do @sqe on @fd by the ring.  False: no ring is to be had, nothing has been done.
 * @position: it uses the file position.  @deadline: or NULL.
 */
static bool ring_do(int fd, const struct io_uring_sqe *sqe, bool position,
		    struct __kernel_timespec *deadline, int *res)
{
	struct go_fdop f;
	bool done = true;

	*res = -ECANCELED;
	if (go_fdtab_begin(&f, fd, position)) {
		done = go_ring_submit(&f.op, sqe, deadline);
		if (done) {
			/* (B): submitted, now closing is looked at.  (A) is in fdtab.c. */
			atomic_thread_fence(memory_order_seq_cst);
			if (atomic_load(&f.closing))
				go_ring_cancel(&f.op);
			*res = go_ring_wait(&f.op);
		}
	}
	go_fdtab_end(&f);

	if (atomic_load(&f.closing)) {
		/* A worker of the kernel was interrupted in the middle of it. */
		if (*res == -EINTR)
			*res = -ECANCELED;
	} else if (*res == -ECANCELED && deadline) {
		*res = -ETIMEDOUT;
	}
	return done;
}

ssize_t go_read(int fd, void *buf, size_t n)
{
	struct io_uring_sqe sqe;
	int res;

	if (n > GO_IO_MAX)
		n = GO_IO_MAX;
	if (by_ring()) {
		io_uring_prep_read(&sqe, fd, buf, (unsigned int)n, -1);
		if (ring_do(fd, &sqe, true, NULL, &res))
			return res;
	}
	return PLAIN(read(fd, buf, n));
}

ssize_t go_write(int fd, const void *buf, size_t n)
{
	struct io_uring_sqe sqe;
	int res;

	if (n > GO_IO_MAX)
		n = GO_IO_MAX;
	if (by_ring()) {
		io_uring_prep_write(&sqe, fd, buf, (unsigned int)n, -1);
		if (ring_do(fd, &sqe, true, NULL, &res))
			return res;
	}
	return PLAIN(write(fd, buf, n));
}

int go_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct io_uring_sqe sqe;
	int res;

	if (by_ring()) {
		io_uring_prep_accept(&sqe, fd, addr, len, 0);
		if (ring_do(fd, &sqe, false, NULL, &res))
			return res;
	}
	return (int)PLAIN(accept(fd, addr, len));
}

int go_close(int fd)
{
	struct io_uring_sqe sqe;
	struct go_fdop f;
	int res;

	if (!by_ring())
		return (int)PLAIN(close(fd));
	go_fdtab_begin_close(&f, fd);
	io_uring_prep_close(&sqe, fd);
	if (go_ring_submit(&f.op, &sqe, NULL))
		res = go_ring_wait(&f.op);
	else
		res = (int)PLAIN(close(fd));
	go_fdtab_end(&f);
	return res;
}

int go_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return go_io_connect(fd, addr, len, 0);
}

/* Milliseconds until @deadline, rounded up, for poll(). */
static int poll_timeout(int64_t deadline)
{
	int64_t ns = deadline - go_now();

	if (ns <= 0)
		return 0;
	if (ns / 1000000 >= INT_MAX)
		return INT_MAX;
	return (int)((ns + 999999) / 1000000);
}

/* The end of a connect() that has been begun: 0, what became of it, or -ETIMEDOUT. */
static int plain_connect_end(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0, n;

	do {
		n = (int)RESULT(poll(&p, 1, poll_timeout(deadline)));
	} while (n == -EINTR);
	if (n <= 0)
		return n ? n : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}

/* connect() with a deadline, inside a block. */
static int plain_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline)
{
	int flags = fcntl(fd, F_GETFL), ret;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	ret = (int)RESULT(connect(fd, addr, len));
	if (ret == -EINPROGRESS)
		ret = plain_connect_end(fd, deadline);
	fcntl(fd, F_SETFL, flags);
	return ret;
}

int go_io_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline)
{
	struct __kernel_timespec ts = {
		.tv_sec = deadline / GO_SECOND,
		.tv_nsec = deadline % GO_SECOND,
	};
	struct io_uring_sqe sqe;
	int res;

	if (by_ring()) {
		io_uring_prep_connect(&sqe, fd, addr, len);
		if (ring_do(fd, &sqe, false, deadline ? &ts : NULL, &res))
			return res;
	}
	if (!deadline)
		return (int)PLAIN(connect(fd, addr, len));
	go_blocking_begin();
	res = plain_connect(fd, addr, len, deadline);
	go_blocking_end();
	return res;
}
