// SPDX-License-Identifier: MIT
/*
 * The worker pool of pool.h at work: 3 workers, a queue of 5, 9 jobs.
 */
#include <stdio.h>

#include <gosched.h>

#include "pool.h"

static void submit_all(struct pool *pool)
{
	int job;

	for (job = 1; job <= 9; job++)
		pool_submit(pool, job);
	pool_stop(pool);
}

static int run(void *arg)
{
	struct pool pool;
	int result;

	(void)arg;
	pool_start(&pool, 3, 5);
	go(submit_all, &pool);
	go_range(result, pool.results)
		printf("result: %d\n", result);
	pool_free(&pool);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}
