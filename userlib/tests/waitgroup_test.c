// SPDX-License-Identifier: MIT
/*
 * Wait groups.
 */
#include <limits.h>
#include <stdatomic.h>

#include "ktap.h"

static atomic_int finished;

static void work(go_waitgroup *wg)
{
	go_yield();
	atomic_fetch_add(&finished, 1);
	go_waitgroup_done(wg);
}

static void zero_does_not_wait(void)
{
	static go_waitgroup never_touched;
	go_waitgroup wg = {};

	go_waitgroup_wait(&never_touched);
	go_waitgroup_wait(&wg);
	go_waitgroup_add(&wg, 0);
	go_waitgroup_wait(&wg);
	go_waitgroup_add(&wg, 3);
	go_waitgroup_add(&wg, -3);
	go_waitgroup_wait(&wg);
}

static void waits_for_all(void)
{
	go_waitgroup wg = {};
	int i;

	go_waitgroup_add(&wg, 1000);
	for (i = 0; i < 1000; i++)
		go(work, &wg);
	go_waitgroup_wait(&wg);
	CHECK_EQ(atomic_load(&finished), 1000);
}

static void add_one_by_one(void)
{
	go_waitgroup wg = {};
	int i;

	for (i = 0; i < 100; i++) {
		go_waitgroup_add(&wg, 1);
		go(work, &wg);
	}
	go_waitgroup_wait(&wg);
	CHECK_EQ(atomic_load(&finished), 100);
}

static void reuse_after_wait(void)
{
	go_waitgroup wg = {};
	int round, i;

	for (round = 1; round <= 200; round++) {
		go_waitgroup_add(&wg, 5);
		for (i = 0; i < 5; i++)
			go(work, &wg);
		go_waitgroup_wait(&wg);
		CHECK_EQ(atomic_load(&finished), round * 5);
	}
}

static void wait_then_work(go_waitgroup *start, go_waitgroup *end)
{
	go_waitgroup_wait(start);
	work(end);
}

static void many_waiters(void)
{
	go_waitgroup start = {}, end = {};
	int i;

	go_waitgroup_add(&start, 1);
	go_waitgroup_add(&end, 100);
	for (i = 0; i < 100; i++)
		go(wait_then_work, &start, &end);
	for (i = 0; i < 100; i++)
		go_yield();
	go_sleep(GO_MILLISECOND);
	CHECK_EQ(atomic_load(&finished), 0);
	go_waitgroup_done(&start);
	go_waitgroup_wait(&end);
	CHECK_EQ(atomic_load(&finished), 100);
}

/* The memory may go as soon as wait has returned. */
static void free_after_wait(void)
{
	go_waitgroup *wg;
	int i;

	for (i = 0; i < 5000; i++) {
		wg = calloc(1, sizeof(*wg));
		CHECK(wg);
		go_waitgroup_add(wg, 2);
		go(work, wg);
		go(work, wg);
		go_waitgroup_wait(wg);
		memset(wg, 0xff, sizeof(*wg));
		free(wg);
	}
}

static int plain_result;

static void write_plain(go_waitgroup *wg, int value)
{
	plain_result = value;
	go_waitgroup_done(wg);
}

static void done_happens_before_wait(void)
{
	go_waitgroup wg = {};
	int i;

	for (i = 0; i < 1000; i++) {
		go_waitgroup_add(&wg, 1);
		go(write_plain, &wg, i);
		go_waitgroup_wait(&wg);
		CHECK_EQ(plain_result, i);
	}
}

static void done_too_often(void)
{
	go_waitgroup wg = {};

	go_waitgroup_add(&wg, 1);
	go_waitgroup_done(&wg);
	go_waitgroup_done(&wg);
}

static void add_below_zero(void)
{
	go_waitgroup wg = {};

	go_waitgroup_add(&wg, 2);
	go_waitgroup_add(&wg, -3);
}

static void add_past_the_top(void)
{
	go_waitgroup wg = {};

	go_waitgroup_add(&wg, INT_MAX);
	go_waitgroup_add(&wg, 1);
}

static void misuse_panics(void)
{
	ktap_expect_death(done_too_often, "panic: sync: negative WaitGroup counter");
	ktap_expect_death(add_below_zero, "panic: sync: negative WaitGroup counter");
	ktap_expect_death(add_past_the_top, "panic: sync: negative WaitGroup counter");
}

static const struct ktap_case cases[] = {
	KTAP_GO(zero_does_not_wait),
	KTAP_GO(waits_for_all),
	KTAP_GO(add_one_by_one),
	KTAP_GO(reuse_after_wait),
	KTAP_GO(many_waiters),
	KTAP_GO(free_after_wait),
	KTAP_GO(done_happens_before_wait),
	KTAP_PLAIN(misuse_panics),
};

KTAP_MAIN(cases)
