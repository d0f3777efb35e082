// SPDX-License-Identifier: MIT
/*
 * The scheduler: work spreads over the P's, many goroutines, nobody starves.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "ktap.h"

static atomic_int arrived;

/* Ends only if all @n run at the same time: none of them lets another one in. */
static void meet(int n, go_waitgroup *wg)
{
	atomic_fetch_add(&arrived, 1);
	while (atomic_load(&arrived) % n)
		__builtin_ia32_pause();
	go_waitgroup_done(wg);
}

/* All are started from one P, so all but one must be stolen. */
static void work_is_stolen(void)
{
	go_waitgroup wg = {};
	int n, i;

	for (n = 2; n <= 4; n++) {
		go_maxprocs(n);
		atomic_store(&arrived, 0);
		go_waitgroup_add(&wg, n);
		for (i = 0; i < n; i++)
			go(meet, n, &wg);
		go_waitgroup_wait(&wg);
	}
}

/* P's that had gone idle come back when there is work. */
static void idle_procs_come_back(void)
{
	go_waitgroup wg = {};
	int round, i;

	go_maxprocs(2);
	for (round = 0; round < 20; round++) {
		atomic_store(&arrived, 0);
		go_waitgroup_add(&wg, 2);
		for (i = 0; i < 2; i++)
			go(meet, 2, &wg);
		go_waitgroup_wait(&wg);
		go_sleep(GO_MILLISECOND);
	}
}

static void count_run(unsigned char *times, go_waitgroup *wg)
{
	++*times;
	go_waitgroup_done(wg);
}

/* More than a run queue holds: each runs exactly once. */
static void run_queue_overflows(void)
{
	static unsigned char times[5000];
	go_waitgroup wg = {};
	int i;

	go_waitgroup_add(&wg, 5000);
	for (i = 0; i < 5000; i++)
		go(count_run, &times[i], &wg);
	go_waitgroup_wait(&wg);
	for (i = 0; i < 5000; i++)
		CHECK_EQ(times[i], 1);
}

static void wait_and_count(go_chan *end, go_waitgroup *wg)
{
	atomic_fetch_add(&arrived, 1);
	CHECK(!go_recv(end, NULL));
	go_waitgroup_done(wg);
}

static void ten_thousand_parked(void)
{
	go_chan *end = go_chan_make(0, 0);
	go_waitgroup wg = {};
	int round, i;

	for (round = 0; round < 2; round++) {
		atomic_store(&arrived, 0);
		go_waitgroup_add(&wg, 10000);
		for (i = 0; i < 10000; i++)
			go(wait_and_count, end, &wg);
		while (atomic_load(&arrived) < 10000)
			go_yield();
		CHECK(go_numgoroutine() >= 10001);
		go_chan_close(end);
		go_waitgroup_wait(&wg);
		end = go_chan_make(0, 0);
	}
}

static atomic_bool stop;

static void answer(go_chan *in, go_chan *out)
{
	int v;

	go_range(v, in)
		go_send(out, v);
}

static void set_stop(void)
{
	atomic_store(&stop, true);
}

/*
 * Two that wake each other all the time, each always next in line, do not keep a third
 * one from running that was in the queue before.
 */
static void next_slot_does_not_starve(void)
{
	go_chan *there = go_chan_make(sizeof(int), 0), *back = go_chan_make(sizeof(int), 0);

	go_maxprocs(1);
	go(set_stop);
	go(answer, there, back);
	while (!atomic_load(&stop)) {
		go_send(there, 1);
		CHECK(go_recv(back, NULL));
	}
}

static void yield_until_stop(go_waitgroup *wg)
{
	while (!atomic_load(&stop))
		go_yield();
	go_waitgroup_done(wg);
}

/* P's come and go while goroutines run. */
static void maxprocs_changes_under_load(void)
{
	go_waitgroup wg = {};
	int i, n;

	go_waitgroup_add(&wg, 20);
	for (i = 0; i < 20; i++)
		go(yield_until_stop, &wg);
	for (i = 0; i < 100; i++) {
		n = i % 4 + 1;
		go_maxprocs(n);
		CHECK_EQ(go_maxprocs(0), n);
		go_yield();
	}
	atomic_store(&stop, true);
	go_waitgroup_wait(&wg);
}

static void start_and_end(go_waitgroup *wg)
{
	go_waitgroup_done(wg);
}

/* Stacks and goroutines are used again: this many at once would not fit. */
static void short_lived_goroutines(void)
{
	go_waitgroup wg = {};
	int round, i;

	for (round = 0; round < 200; round++) {
		go_waitgroup_add(&wg, 500);
		for (i = 0; i < 500; i++)
			go(start_and_end, &wg);
		go_waitgroup_wait(&wg);
	}
}

static void write_byte(int fd)
{
	CHECK_EQ(write(fd, "x", 1), 1);
}

static void read_byte(int fd)
{
	char c = 0;

	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'x');
}

/* On one P: what the read waits for is written by a goroutine that runs meanwhile. */
static void declared_block_lets_others_run(void)
{
	int fd[2], i;

	go_maxprocs(1);
	CHECK_EQ(pipe(fd), 0);
	for (i = 0; i < 100; i++) {
		go(write_byte, fd[1]);
		go_blocking_begin();
		read_byte(fd[0]);
		go_blocking_end();
	}
}

static void undeclared_block_lets_others_run(void)
{
	int fd[2], i;

	if (!ktap_module_schedules())
		ktap_skip("the host backend does not see a block");
	go_maxprocs(1);
	CHECK_EQ(pipe(fd), 0);
	for (i = 0; i < 100; i++) {
		go(write_byte, fd[1]);
		read_byte(fd[0]);
	}
}

static void loop_without_calls_is_preempted(void)
{
	int i;

	if (!ktap_module_schedules())
		ktap_skip("the host backend does not preempt");
	go_maxprocs(1);
	for (i = 0; i < 5; i++) {
		atomic_store(&stop, false);
		go(set_stop);
		while (!atomic_load(&stop))
			__builtin_ia32_pause();
	}
}

static const struct ktap_case cases[] = {
	KTAP_GO(work_is_stolen),
	KTAP_GO(idle_procs_come_back),
	KTAP_GO(run_queue_overflows),
	KTAP_GO(ten_thousand_parked),
	KTAP_GO(next_slot_does_not_starve),
	KTAP_GO(maxprocs_changes_under_load),
	KTAP_GO(short_lived_goroutines),
	KTAP_GO(declared_block_lets_others_run),
	KTAP_GO(undeclared_block_lets_others_run),
	KTAP_GO(loop_without_calls_is_preempted),
};

KTAP_MAIN(cases)
