// SPDX-License-Identifier: MIT
/*
 * Idle processors wait for work and for I/O in one place, and use no CPU time there.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ktap.h"

static int64_t cpu_time(void)
{
	struct rusage u;

	CHECK_EQ(getrusage(RUSAGE_SELF, &u), 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * GO_SECOND +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * GO_MICROSECOND;
}

static long switches(void)
{
	struct rusage u;

	CHECK_EQ(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_nvcsw + u.ru_nivcsw;
}

static void read_byte(int fd, go_chan *done)
{
	char c;

	go_send(done, go_read(fd, &c, 1));
}

/* What each of @n wake-ups through I/O costs, with nothing in between to burn time on. */
static int64_t cost_of_wake_ups(int n)
{
	go_chan *done = go_chan_make(sizeof(ssize_t), 0);
	int64_t before = cpu_time();
	ssize_t result;
	int fd[2], i;

	CHECK_EQ(pipe(fd), 0);
	for (i = 0; i < n; i++) {
		go(read_byte, fd[0], done);
		CHECK_EQ(go_write(fd[1], "x", 1), 1);
		go_recv(done, &result);
		CHECK_EQ(result, 1);
	}
	return (cpu_time() - before) / n;
}

/*
 * All wait for I/O that does not come, for 300 ms.  Whoever looked again and again
 * would use all of the time, and the CPUs; a few wake-ups are allowed.
 */
static void waiting_for_io_costs_nothing(void)
{
	int64_t wake_up = cost_of_wake_ups(200), before, used;
	go_chan *done = go_chan_make(sizeof(ssize_t), 0);
	ssize_t result;
	int fd[2], i;

	go_maxprocs(4);
	CHECK_EQ(pipe(fd), 0);
	for (i = 0; i < 20; i++)
		go(read_byte, fd[0], done);
	go_sleep(50 * GO_MILLISECOND);
	before = cpu_time();
	go_sleep(300 * GO_MILLISECOND);
	used = cpu_time() - before;
	if (used > 200 * wake_up + 10 * GO_MILLISECOND)
		ktap_fail(__FILE__, __LINE__, "%lld us of CPU time, where a wake-up costs %lld",
			  (long long)used / 1000, (long long)wake_up / 1000);
	CHECK_EQ(go_write(fd[1], "12345678901234567890", 20), 20);
	for (i = 0; i < 20; i++) {
		go_recv(done, &result);
		CHECK_EQ(result, 1);
	}
}

/* A thread that is no goroutine writes when the whole process has come to rest. */
static void *write_when_idle(void *arg)
{
	const int *fd = arg;
	long last = -1, now = switches();

	while (now != last) {
		poll(NULL, 0, 20);
		last = now + 1;		/* the poll() above */
		now = switches();
	}
	CHECK_EQ(write(fd[1], "x", 1), 1);
	return NULL;
}

/* Nobody runs any more, and the byte still gets through, each time. */
static void io_wakes_a_process_at_rest(void)
{
	pthread_t thread;
	int fd[2], i;
	char c;

	go_maxprocs(4);
	CHECK_EQ(pipe(fd), 0);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(pthread_create(&thread, NULL, write_when_idle, fd), 0);
		CHECK_EQ(go_read(fd[0], &c, 1), 1);
		CHECK_EQ(pthread_join(thread, NULL), 0);
	}
}

static void nap(go_chan *done)
{
	go_sleep(30 * GO_MILLISECOND);
	go_send(done, (ssize_t)-1);
}

/* A timer ends the wait as well, and I/O is still waited for afterwards. */
static void io_and_timers_are_waited_for_together(void)
{
	go_chan *done = go_chan_make(sizeof(ssize_t), 0);
	ssize_t result;
	int fd[2];

	go_maxprocs(2);
	CHECK_EQ(pipe(fd), 0);
	go(read_byte, fd[0], done);
	go(nap, done);
	go_recv(done, &result);
	CHECK_EQ(result, -1);
	CHECK_EQ(go_write(fd[1], "x", 1), 1);
	go_recv(done, &result);
	CHECK_EQ(result, 1);
}

static atomic_bool stop;

static void compute(void)
{
	while (!stop)
		;
}

/* One P computes all the time, the other one looks after I/O. */
static void io_goes_on_beside_a_busy_processor(void)
{
	go_chan *done = go_chan_make(sizeof(ssize_t), 0);
	ssize_t result;
	int fd[2], i;

	go_maxprocs(2);
	CHECK_EQ(pipe(fd), 0);
	go(compute);
	for (i = 0; i < 50; i++) {
		go(read_byte, fd[0], done);
		CHECK_EQ(go_write(fd[1], "x", 1), 1);
		go_recv(done, &result);
		CHECK_EQ(result, 1);
	}
	stop = true;
}

static const struct ktap_case cases[] = {
	KTAP_GO(waiting_for_io_costs_nothing),
	KTAP_GO(io_wakes_a_process_at_rest),
	KTAP_GO(io_and_timers_are_waited_for_together),
	KTAP_GO(io_goes_on_beside_a_busy_processor),
};

KTAP_MAIN(cases)
