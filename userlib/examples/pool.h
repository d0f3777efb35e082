/* SPDX-License-Identifier: MIT */
/*
 * A worker pool: jobs go in through a queue, each worker takes the next one as soon as
 * it is free, and the doubled numbers come out.  Closing the queue stops it: the
 * workers finish what is queued, and when the last has done, the results end.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

#include <gosched.h>

struct pool {
	go_chan *jobs;
	go_chan *results;
	go_waitgroup workers;
};

static void pool_work(struct pool *pool)
{
	int job;

	go_range(job, pool->jobs)
		go_send(pool->results, job * 2);
	go_waitgroup_done(&pool->workers);
}

static void pool_start(struct pool *pool, int workers, size_t queue)
{
	int i;

	pool->jobs = go_chan_make(sizeof(int), queue);
	pool->results = go_chan_make(sizeof(int), queue);
	pool->workers = (go_waitgroup){};
	go_waitgroup_add(&pool->workers, workers);
	for (i = 0; i < workers; i++)
		go(pool_work, pool);
}

/* Waits while the queue is full. */
static void pool_submit(struct pool *pool, int job)
{
	go_send(pool->jobs, job);
}

/* Somebody must go on taking the results meanwhile. */
static void pool_stop(struct pool *pool)
{
	go_chan_close(pool->jobs);
	go_waitgroup_wait(&pool->workers);
	go_chan_close(pool->results);
}

static void pool_free(struct pool *pool)
{
	go_chan_free(pool->jobs);
	go_chan_free(pool->results);
}

#endif /* POOL_H */
