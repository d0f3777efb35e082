// SPDX-License-Identifier: MIT
/*
 * The worker pool of the examples; examples/go/pool_test.go is the same in Go.
 */
#include "ktap.h"
#include "../examples/pool.h"

static void submit_thousand(struct pool *pool)
{
	int job;

	for (job = 0; job < 1000; job++)
		pool_submit(pool, job);
	pool_stop(pool);
}

/* Every job comes out once, doubled. */
static void doubles(void)
{
	static int seen[2000];
	struct pool pool;
	int result, i;

	pool_start(&pool, 3, 5);
	go(submit_thousand, &pool);
	go_range(result, pool.results) {
		CHECK(result >= 0 && result < 2000);
		seen[result]++;
	}
	for (i = 0; i < 2000; i++)
		CHECK_EQ(seen[i], 1 - i % 2);
	pool_free(&pool);
}

/* The queue takes five jobs before anybody works, and stopping finishes them. */
static void stop_finishes_queue(void)
{
	struct pool pool;
	int job, want, got;

	pool_start(&pool, 0, 5);
	for (job = 1; job <= 5; job++)
		pool_submit(&pool, job);
	go_waitgroup_add(&pool.workers, 1);
	go(pool_work, &pool);
	pool_stop(&pool);
	for (want = 2; want <= 10; want += 2) {
		CHECK(go_recv(pool.results, &got));
		CHECK_EQ(got, want);
	}
	CHECK(!go_recv(pool.results, &got));
	pool_free(&pool);
}

/* A pool without jobs stops. */
static void idle(void)
{
	struct pool pool;

	pool_start(&pool, 3, 5);
	pool_stop(&pool);
	CHECK(!go_recv(pool.results, NULL));
	pool_free(&pool);
}

static const struct ktap_case cases[] = {
	KTAP_GO(doubles),
	KTAP_GO(stop_finishes_queue),
	KTAP_GO(idle),
};

KTAP_MAIN(cases)
