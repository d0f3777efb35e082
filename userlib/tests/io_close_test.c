// SPDX-License-Identifier: MIT
/*
 * go_close() and those who wait on the descriptor.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ktap.h"
#include "../src/sched/types.h"

struct waiter {
	int fd;
	go_chan *results;
};

/* The goroutines that were started, in the order in which they began. */
#define MOST_STARTED	1024

static struct go_g *_Atomic started[MOST_STARTED];
static atomic_int begun;

static void begin(void)
{
	int i = begun++;

	CHECK(i < MOST_STARTED);
	started[i] = go_self();
}

/*
 * Move a descriptor to a number that nobody else is given when it is closed: where a
 * goroutine may come too late and find it closed, it must not find another file.
 */
static int move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD, 500);

	CHECK(up >= 500);
	close(fd);
	return up;
}

static void read_it(const struct waiter *w)
{
	char c;

	begin();
	go_send(w->results, go_read(w->fd, &c, 1));
}

static void accept_it(const struct waiter *w)
{
	begin();
	go_send(w->results, (ssize_t)go_accept(w->fd, NULL, NULL));
}

static void start(struct waiter *w, void (*fn)(const struct waiter *), int fd, int n)
{
	w->fd = fd;
	w->results = go_chan_make(sizeof(ssize_t), (size_t)n);
	while (n--)
		go(fn, w);
}

static void expect(struct waiter *w, int n, ssize_t want)
{
	ssize_t result;

	while (n--) {
		go_recv(w->results, &result);
		CHECK_EQ(result, want);
	}
}

/* Until the first @n that were started wait for their I/O. */
static void settle(int n)
{
	struct go_g *g;
	int i;

	for (i = 0; i < n; i++) {
		while (!(g = started[i]))
			go_yield();
		/* Another M may write these two: they are only looked at. */
		while (*(volatile enum go_g_state *)&g->state != GO_G_WAITING ||
		       *(volatile enum go_wait_reason *)&g->why != GO_WAIT_IO)
			go_yield();
	}
}

static void a_reader_is_woken(void)
{
	struct waiter w;
	int fd[2];

	CHECK_EQ(pipe(fd), 0);
	go_maxprocs(1);
	start(&w, read_it, fd[0], 1);
	settle(1);
	CHECK_EQ(go_close(fd[0]), 0);
	expect(&w, 1, -ECANCELED);
}

static void an_accept_is_woken(void)
{
	struct waiter w;
	int fd = go_tcp_listen("127.0.0.1", 0);

	go_maxprocs(1);
	start(&w, accept_it, fd, 1);
	settle(1);
	CHECK_EQ(go_close(fd), 0);
	expect(&w, 1, -ECANCELED);
}

static void all_readers_are_woken(void)
{
	struct waiter w;
	int fd[2];

	CHECK_EQ(pipe(fd), 0);
	go_maxprocs(1);
	start(&w, read_it, fd[0], 200);
	settle(200);
	CHECK_EQ(go_close(fd[0]), 0);
	expect(&w, 200, -ECANCELED);
}

/*
 * They wait in the rings of other P's, or are about to, or come too late: close comes
 * when it comes.  But nobody is left behind.
 */
static void readers_of_other_procs_are_woken(void)
{
	ssize_t result;
	struct waiter w;
	int fd[2], round, i;

	go_maxprocs(4);
	for (round = 0; round < 50; round++) {
		CHECK_EQ(pipe(fd), 0);
		fd[0] = move_up(fd[0]);
		start(&w, read_it, fd[0], 16);
		for (i = 0; i < round; i++)
			go_yield();
		CHECK_EQ(go_close(fd[0]), 0);
		for (i = 0; i < 16; i++) {
			go_recv(w.results, &result);
			CHECK(result == -ECANCELED || result == -EBADF);
		}
		close(fd[1]);
		go_chan_free(w.results);
	}
}

static void readers_of_others_go_on_waiting(void)
{
	struct waiter mine, other;
	int a[2], b[2];

	CHECK_EQ(pipe(a), 0);
	CHECK_EQ(pipe(b), 0);
	start(&mine, read_it, a[0], 1);
	go_maxprocs(1);
	start(&other, read_it, b[0], 1);
	settle(2);
	CHECK_EQ(go_close(a[0]), 0);
	expect(&mine, 1, -ECANCELED);
	CHECK_EQ(go_chan_len(other.results), 0);
	CHECK_EQ(go_write(b[1], "x", 1), 1);
	expect(&other, 1, 1);
}

/* Another descriptor of the same pipe is another descriptor. */
static void readers_of_a_duplicate_go_on_waiting(void)
{
	struct waiter mine, other;
	int fd[2], copy;

	CHECK_EQ(pipe(fd), 0);
	copy = dup(fd[0]);
	start(&mine, read_it, fd[0], 1);
	go_maxprocs(1);
	start(&other, read_it, copy, 1);
	settle(2);
	CHECK_EQ(go_close(fd[0]), 0);
	expect(&mine, 1, -ECANCELED);
	CHECK_EQ(go_write(fd[1], "x", 1), 1);
	expect(&other, 1, 1);
}

static void read_until_closed(int fd, go_chan *done)
{
	ssize_t n;
	char c;

	do {
		n = go_read(fd, &c, 1);
	} while (n == 1);
	go_send(done, n);
}

static void write_until_broken(int fd, go_chan *done)
{
	ssize_t n;

	do {
		n = go_write(fd, "x", 1);
	} while (n == 1);
	go_send(done, n);
}

/* Close comes at any moment: before, within and after the operations. */
static void close_while_data_flows(void)
{
	go_chan *done = go_chan_make(sizeof(ssize_t), 0);
	int pair[2], round, i;
	ssize_t result;

	signal(SIGPIPE, SIG_IGN);
	go_maxprocs(4);
	for (round = 0; round < 200; round++) {
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		pair[0] = move_up(pair[0]);
		go(read_until_closed, pair[0], done);
		go(write_until_broken, pair[1], done);
		for (i = 0; i < round % 20; i++)
			go_yield();
		shutdown(pair[0], SHUT_RDWR);
		CHECK_EQ(go_close(pair[0]), 0);
		for (i = 0; i < 2; i++) {
			go_recv(done, &result);
			CHECK(result == 0 || result == -ECANCELED || result == -EBADF ||
			      result == -EPIPE || result == -ECONNRESET);
		}
		CHECK_EQ(go_close(pair[1]), 0);
	}
}

static const struct ktap_case cases[] = {
	KTAP_GO(a_reader_is_woken),
	KTAP_GO(an_accept_is_woken),
	KTAP_GO(all_readers_are_woken),
	KTAP_GO(readers_of_other_procs_are_woken),
	KTAP_GO(readers_of_others_go_on_waiting),
	KTAP_GO(readers_of_a_duplicate_go_on_waiting),
	KTAP_GO(close_while_data_flows),
};

KTAP_MAIN(cases)
