// SPDX-License-Identifier: MIT
/*
 * go_read() and go_write() on pipes: results as libc's, and everybody else goes on.
 */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "ktap.h"

static void make_pipe(int fd[2])
{
	CHECK_EQ(pipe(fd), 0);
}

static void send_text(int fd, const char *text)
{
	CHECK_EQ(go_write(fd, text, strlen(text)), strlen(text));
}

static void what_is_written_is_read(void)
{
	char buf[8] = "";
	int fd[2];

	make_pipe(fd);
	send_text(fd[1], "hello");
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 5);
	CHECK(!strcmp(buf, "hello"));
}

static void a_reader_waits_for_the_writer(void)
{
	char buf[8] = "";
	int fd[2];

	make_pipe(fd);
	go(send_text, fd[1], "later");
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 5);
	CHECK(!strcmp(buf, "later"));
}

static void a_short_read_leaves_the_rest(void)
{
	char buf[8] = "";
	int fd[2];

	make_pipe(fd);
	send_text(fd[1], "hello");
	CHECK_EQ(go_read(fd[0], buf, 2), 2);
	CHECK_EQ(go_read(fd[0], buf + 2, sizeof(buf) - 2), 3);
	CHECK(!strcmp(buf, "hello"));
}

static void nothing_is_read_when_nothing_is_asked_for(void)
{
	int fd[2];

	make_pipe(fd);
	CHECK_EQ(go_read(fd[0], NULL, 0), 0);
	CHECK_EQ(go_write(fd[1], NULL, 0), 0);
}

static void close_end(int fd)
{
	CHECK_EQ(go_close(fd), 0);
}

static void the_end_of_file_is_0(void)
{
	char buf[8];
	int fd[2];

	make_pipe(fd);
	go(close_end, fd[1]);
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 0);
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 0);
}

static void errors_are_negative(void)
{
	char buf[8];
	int fd[2];

	make_pipe(fd);
	CHECK_EQ(go_read(-1, buf, sizeof(buf)), -EBADF);
	CHECK_EQ(go_read(fd[1], buf, sizeof(buf)), -EBADF);
	CHECK_EQ(go_write(fd[0], buf, sizeof(buf)), -EBADF);
	CHECK_EQ(go_write(fd[1], (void *)8, 4), -EFAULT);
	CHECK_EQ(go_close(fd[0]), 0);
	CHECK_EQ(go_close(fd[0]), -EBADF);
}

/* SIGPIPE comes as with write(): it is not held back. */
static void a_broken_pipe_is_epipe(void)
{
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	make_pipe(fd);
	close(fd[0]);
	CHECK_EQ(go_write(fd[1], "x", 1), -EPIPE);
}

/* More than a pipe holds: the writer waits again and again. */
static void fill(int fd, size_t n)
{
	static char block[200000];
	ssize_t ret;

	while (n) {
		ret = go_write(fd, block, n < sizeof(block) ? n : sizeof(block));
		CHECK(ret > 0);
		n -= (size_t)ret;
	}
	CHECK_EQ(go_close(fd), 0);
}

static void a_full_pipe_makes_the_writer_wait(void)
{
	const size_t n = 5 << 20;
	static char buf[30000];
	size_t got = 0;
	ssize_t ret;
	int fd[2];

	make_pipe(fd);
	go(fill, fd[1], n);
	while ((ret = go_read(fd[0], buf, sizeof(buf))) > 0)
		got += (size_t)ret;
	CHECK_EQ(ret, 0);
	CHECK_EQ(got, n);
}

static void bounce(int in, int out, int times)
{
	char c;

	while (times--) {
		CHECK_EQ(go_read(in, &c, 1), 1);
		CHECK_EQ(go_write(out, &c, 1), 1);
	}
}

static void two_goroutines_take_turns(void)
{
	int there[2], back[2], i;
	char c;

	make_pipe(there);
	make_pipe(back);
	go(bounce, there[0], back[1], 2000);
	for (i = 0; i < 2000; i++) {
		c = (char)i;
		CHECK_EQ(go_write(there[1], &c, 1), 1);
		CHECK_EQ(go_read(back[0], &c, 1), 1);
		CHECK_EQ(c, (char)i);
	}
}

/* With one P: the reader must not keep it. */
static void others_run_while_one_reads(void)
{
	char buf[8];
	int fd[2], i;

	go_maxprocs(1);
	for (i = 0; i < 100; i++) {
		make_pipe(fd);
		go(send_text, fd[1], "x");
		CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 1);
		close(fd[0]);
		close(fd[1]);
	}
}

static void forward(int in, int out)
{
	char c;

	CHECK_EQ(go_read(in, &c, 1), 1);
	CHECK_EQ(go_write(out, &c, 1), 1);
}

/* All wait at once, then a byte runs through all of them, and none after the last. */
static void a_thousand_pipes_at_once(void)
{
	enum { N = 1000, FEW = 400 };
	static int fd[N + 1][2];
	int round, n = N, i;
	char c;

	for (i = 0; i <= n; i++) {
		if (pipe(fd[i]) == 0)
			continue;
		/* Descriptors are short: as many pipes as there may be. */
		CHECK_EQ(errno, EMFILE);
		CHECK(i > FEW);
		n = i - 8;
		while (i-- > n + 1) {
			close(fd[i][0]);
			close(fd[i][1]);
		}
		break;
	}
	for (round = 0; round < 3; round++) {
		for (i = 0; i < n; i++)
			go(forward, fd[i][0], fd[i + 1][1]);
		c = (char)round;
		CHECK_EQ(go_write(fd[0][1], &c, 1), 1);
		CHECK_EQ(go_read(fd[n][0], &c, 1), 1);
		CHECK_EQ(c, round);
	}
}

static atomic_long bytes_read;

static void read_one(int fd, go_waitgroup *wg)
{
	char c;

	bytes_read += go_read(fd, &c, 1);
	go_waitgroup_done(wg);
}

static void many_goroutines_read_one_pipe(void)
{
	enum { N = 500 };
	go_waitgroup wg = {};
	static char bytes[N];
	int fd[2], i;

	make_pipe(fd);
	go_waitgroup_add(&wg, N);
	for (i = 0; i < N; i++)
		go(read_one, fd[0], &wg);
	CHECK_EQ(go_write(fd[1], bytes, N), N);
	go_waitgroup_wait(&wg);
	CHECK_EQ(bytes_read, N);
}

static atomic_int about_to_read;

static void count_and_read_one(int fd, go_waitgroup *wg)
{
	about_to_read++;
	read_one(fd, wg);
}

/*
 * More completions than a ring has room for: with one P, and the goroutine that holds
 * it in a plain write(), none of them is reaped as they come.
 */
static void more_completions_than_a_ring_holds(void)
{
	enum { N = 6000 };
	go_waitgroup wg = {};
	static char bytes[N];
	int fd[2], i;

	go_maxprocs(1);
	make_pipe(fd);
	go_waitgroup_add(&wg, N);
	for (i = 0; i < N; i++)
		go(count_and_read_one, fd[0], &wg);
	while (about_to_read < N)
		go_yield();
	CHECK_EQ(write(fd[1], bytes, N), N);
	go_waitgroup_wait(&wg);
	CHECK_EQ(bytes_read, N);
}

static char left_behind[64];

static int leave_a_reader(void *arg)
{
	const int *fd = arg;

	go(go_read, fd[0], left_behind, sizeof(left_behind));
	go_sleep(GO_MILLISECOND);
	return 7;
}

/* What was in flight at the end of a run reads nothing afterwards. */
static void nothing_is_read_after_the_run(void)
{
	char buf[8];
	int fd[2], i;

	for (i = 0; i < 20; i++) {
		make_pipe(fd);
		CHECK_EQ(go_run(leave_a_reader, fd), 7);
		CHECK_EQ(write(fd[1], "abc", 3), 3);
		CHECK_EQ(read(fd[0], buf, sizeof(buf)), 3);
		CHECK_EQ(left_behind[0], 0);
		close(fd[0]);
		close(fd[1]);
	}
}

static void block_for_ever(int fd)
{
	char c;

	go_blocking_begin();
	if (read(fd, &c, 1) >= 0)
		go_panic("the pipe that nobody writes to");
}

static int leave_a_blocked_thread(void *arg)
{
	int *fd = arg;

	/* One P, so the same thread first submits the one and then blocks in the other. */
	go_maxprocs(1);
	go(go_read, fd[0], left_behind, sizeof(left_behind));
	go(block_for_ever, fd[2]);
	go_sleep(20 * GO_MILLISECOND);
	return 7;
}

/* The thread that submitted it is in a call that does not return. */
static void a_run_ends_beside_a_blocked_thread(void)
{
	char buf[8];
	int fd[4];

	make_pipe(fd);
	make_pipe(fd + 2);
	CHECK_EQ(go_run(leave_a_blocked_thread, fd), 7);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), 3);
	CHECK_EQ(go_run(leave_a_reader, fd), 7);
}

/* A thread that is no goroutine may use the functions as well. */
static void a_plain_thread_reads(void)
{
	char buf[8];
	int fd[2];

	make_pipe(fd);
	CHECK_EQ(go_write(fd[1], "abc", 3), 3);
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 3);
	CHECK_EQ(go_close(fd[0]), 0);
	CHECK_EQ(go_close(fd[0]), -EBADF);
}

static const struct ktap_case cases[] = {
	KTAP_GO(what_is_written_is_read),
	KTAP_GO(a_reader_waits_for_the_writer),
	KTAP_GO(a_short_read_leaves_the_rest),
	KTAP_GO(nothing_is_read_when_nothing_is_asked_for),
	KTAP_GO(the_end_of_file_is_0),
	KTAP_GO(errors_are_negative),
	KTAP_GO(a_broken_pipe_is_epipe),
	KTAP_GO(a_full_pipe_makes_the_writer_wait),
	KTAP_GO(two_goroutines_take_turns),
	KTAP_GO(others_run_while_one_reads),
	KTAP_GO(a_thousand_pipes_at_once),
	KTAP_GO(many_goroutines_read_one_pipe),
	KTAP_GO(more_completions_than_a_ring_holds),
	KTAP_PLAIN(nothing_is_read_after_the_run),
	KTAP_PLAIN(a_run_ends_beside_a_blocked_thread),
	KTAP_PLAIN(a_plain_thread_reads),
};

KTAP_MAIN(cases)
