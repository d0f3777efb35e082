// SPDX-License-Identifier: MIT
/*
 * Sleeping: never shorter than asked, in the order of the deadlines.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "ktap.h"

static void check_sleep(int64_t ns)
{
	int64_t start = go_now();

	go_sleep(ns);
	CHECK(go_now() - start >= ns);
}

static void not_shorter_than_asked(void)
{
	static const int64_t lengths[] = {
		1, GO_MICROSECOND, 100 * GO_MICROSECOND, GO_MILLISECOND, 20 * GO_MILLISECOND,
	};
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		check_sleep(lengths[i]);
}

/* These must come back without waiting for anything. */
static void zero_and_less_return(void)
{
	int i;

	for (i = 0; i < 1000; i++) {
		go_sleep(0);
		go_sleep(-1);
		go_sleep(INT64_MIN);
	}
}

static void sleep_a_while(int64_t ns, go_waitgroup *wg)
{
	check_sleep(ns);
	go_waitgroup_done(wg);
}

static void many_sleepers(void)
{
	go_waitgroup wg = {};
	int i;

	go_waitgroup_add(&wg, 1000);
	for (i = 0; i < 1000; i++)
		go(sleep_a_while, (i * 7919 % 50) * GO_MILLISECOND, &wg);
	go_waitgroup_wait(&wg);
}

static void sleep_until(int64_t t, int me, atomic_int *asleep, go_chan *order)
{
	atomic_fetch_add(asleep, 1);
	go_sleep(t - go_now());
	go_send(order, me);
}

/*
 * On one P, those whose time comes first wake first, also when all are late.  All go to
 * sleep well before the first is due, or the attempt does not count.
 */
static void wake_in_order_of_deadlines(void)
{
	static const int places[] = { 3, 0, 4, 1, 2 };
	go_chan *order = go_chan_make(sizeof(int), 5);
	int64_t gap = 20 * GO_MILLISECOND, first;
	atomic_int asleep;
	int i, v;
	bool early;

	go_maxprocs(1);
	do {
		gap *= 2;
		first = go_now() + 2 * gap;
		atomic_store(&asleep, 0);
		for (i = 0; i < 5; i++)
			go(sleep_until, first + places[i] * gap, places[i], &asleep, order);
		while (atomic_load(&asleep) < 5)
			go_yield();
		early = go_now() < first - gap;
		for (i = 0; i < 5; i++) {
			CHECK(go_recv(order, &v));
			CHECK(!early || v == i);
		}
	} while (!early);
}

static void sleep_in_turns(int n, go_waitgroup *wg)
{
	while (n--)
		check_sleep(GO_MICROSECOND * (n % 97));
	go_waitgroup_done(wg);
}

/* Short sleeps on several P's: no wake-up is lost. */
static void no_sleeper_is_forgotten(void)
{
	go_waitgroup wg = {};
	int i;

	go_maxprocs(4);
	go_waitgroup_add(&wg, 20);
	for (i = 0; i < 20; i++)
		go(sleep_in_turns, 200, &wg);
	go_waitgroup_wait(&wg);
}

static atomic_bool stop;

static void keep_busy(go_waitgroup *wg)
{
	while (!atomic_load(&stop))
		go_yield();
	go_waitgroup_done(wg);
}

/* Sleepers get their turn although others always want to run. */
static void wakes_among_the_busy(void)
{
	go_waitgroup wg = {};
	int i;

	go_maxprocs(1);
	go_waitgroup_add(&wg, 3);
	for (i = 0; i < 3; i++)
		go(keep_busy, &wg);
	for (i = 0; i < 20; i++)
		check_sleep(GO_MILLISECOND);
	atomic_store(&stop, true);
	go_waitgroup_wait(&wg);
}

static void clock_goes_forward(void)
{
	int64_t last = go_now(), now;
	int i;

	CHECK(last > 0);
	for (i = 0; i < 1000; i++) {
		now = go_now();
		CHECK(now >= last);
		last = now;
		go_yield();
	}
	CHECK(GO_SECOND == 1000 * GO_MILLISECOND && GO_MILLISECOND == 1000 * GO_MICROSECOND);
	CHECK(GO_MICROSECOND == 1000 * GO_NANOSECOND && GO_NANOSECOND == 1);
	CHECK(GO_HOUR == 60 * GO_MINUTE && GO_MINUTE == 60 * GO_SECOND);
}

static const struct ktap_case cases[] = {
	KTAP_GO(not_shorter_than_asked),
	KTAP_GO(zero_and_less_return),
	KTAP_GO(many_sleepers),
	KTAP_GO(wake_in_order_of_deadlines),
	KTAP_GO(no_sleeper_is_forgotten),
	KTAP_GO(wakes_among_the_busy),
	KTAP_GO(clock_goes_forward),
};

KTAP_MAIN(cases)
